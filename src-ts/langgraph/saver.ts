/**
 * Checkpoints of graphs in a collection.
 *
 * Each thread and checkpoint namespace has a namespace of the collection; in it are checkpoints, the values of channels by
 * their versions, so that what has not changed is not kept again, and the writes of tasks on top of checkpoints. All are values
 * of any size (large-values.ts), serialised as the graph's serialiser does it.
 */
import { isUtf8 } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import type { RunnableConfig } from '@langchain/core/runnables'
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  copyCheckpoint,
  maxChannelVersion,
  type PendingWrite,
  type SerializerProtocol,
  TASKS,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint'
import { requireMethods } from '#core/backends/backend'
import { pages } from '#core/backends/pages'
import type { Collection } from '#core/collection'
import type { Filter } from '#core/collection-types'
import { invalid } from '#core/errors'
import { ABOUT, type KeptValue, LargeValues } from '#core/large-values'
import { label, optionsOf, text } from '#core/options'
import type { StoredRecord } from '#core/records'
import { byPathTaskAndIndex } from './write-order.js'

export interface HippocampSaverInput {
  /**
   * A collection or one of its namespaces, best of a collection made with `vectors: false`: checkpoints are found by their ids.
   */
  readonly collection: Collection
  /**
   * How checkpoints become bytes.
   * @default LangGraph's own
   */
  readonly serde?: SerializerProtocol | undefined
}

/** Where a checkpoint is. */
interface Place {
  readonly thread: string
  /** The checkpoint namespace: empty for the graph itself, else that of a graph within it. */
  readonly within: string
}

/** What is known of a checkpoint without reading it. */
interface AboutCheckpoint {
  readonly kind: 'checkpoint'
  readonly id: string
  readonly parent?: string | undefined
  /** How the serialiser calls what it has made of the checkpoint and of its metadata. */
  readonly types: readonly [string, string]
  /** How much of the value is the checkpoint; the rest is its metadata. */
  readonly length: number
}

/** What is known of a channel's value without reading it. */
interface AboutChannel {
  readonly kind: 'channel'
  readonly type: string
}

/** What is known of a write without reading it. */
interface AboutWrite {
  readonly kind: 'write'
  readonly checkpoint: string
  readonly task: string
  readonly index: number
  readonly path: string
  readonly channel: string
  readonly type: string
}

const KIND = `${ABOUT}.kind`
const ID = `${ABOUT}.id`
const CHECKPOINT = `${ABOUT}.checkpoint`
/** The namespace in which all threads are, apart from what else is in the collection. */
const THREADS = 'threads'
/** Put before the checkpoint namespace, which may be empty, where the parts of a namespace may not. */
const WITHIN = 'ns:'
/** Checkpoints that are looked through at once for those that pass a filter. */
const LOOKED_THROUGH = 50
/** Checkpoints that are listed at once. */
const MOST_AT_ONCE = 1000

/**
 * A checkpoint saver over a collection: durable when a call resolves, and safe with several processes. What is in the store
 * beside it, memories and documents, stays where it is.
 *
 * Every method rejects with what the collection's rejects with.
 */
export class HippocampSaver extends BaseCheckpointSaver {
  readonly #collection: Collection

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT */
  constructor(input: HippocampSaverInput) {
    const { collection, serde } = optionsOf(input, 'HippocampSaver', ['collection', 'serde'])
    super(serde)
    requireMethods(collection, ['namespace', 'upsert', 'get', 'list', 'delete', 'clear'])
    this.#collection = collection
  }

  /**
   * The version after one: a fraction makes it another in each branch of a thread, since values are kept by their versions, and
   * branches that begin at the same checkpoint would count alike.
   */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.random()
  }

  /** A checkpoint, or a thread's latest if the config names none; undefined if there is none. */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    if (config.configurable?.thread_id === undefined) return undefined
    const place = placeOf(config)
    const id = checkpointIdOf(config)
    const records = this.#at(place)
    const [record] = id
      ? await records.get([checkpointKey(id)])
      : (await records.list({ where: { [KIND]: 'checkpoint' }, sort: LATEST_FIRST, limit: 1 }))
          .records
    return record && this.#tuple(record, place)
  }

  /**
   * Checkpoints, latest first: of the thread and checkpoint namespace that the config names, of all if it names none.
   * @param options `before`: only those that are older than the one this config names; `filter`: only those whose metadata
   * have these values; `limit`
   */
  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { before, filter = {}, limit = Number.POSITIVE_INFINITY } = options
    const { thread_id: thread, checkpoint_ns: within } = config.configurable ?? {}
    const id = checkpointIdOf(config)
    const border = before && checkpointIdOf(before)
    const where: Filter = {
      [KIND]: 'checkpoint',
      ...((id || border) && { [ID]: { ...(id && { $eq: id }), ...(border && { $lt: border }) } }),
    }
    const path = [
      THREADS,
      ...(thread === undefined ? [] : [label('thread_id', thread)]),
      ...(thread === undefined || within === undefined
        ? []
        : [WITHIN + text('checkpoint_ns', within)]),
    ]
    const below = this.#collection.namespace([...this.#collection.path, ...path])
    if (limit <= 0) return
    const isFiltered = Object.keys(filter).length > 0
    const size = isFiltered ? LOOKED_THROUGH : Math.min(limit, MOST_AT_ONCE)
    let found = 0
    const listing = { where, sort: LATEST_FIRST, recursive: true }
    for await (const page of pages(below, listing, { size })) {
      for (const record of page) {
        const place = this.#placeOf(record)
        if (place === undefined || (within !== undefined && place.within !== within)) continue
        const tuple = await this.#tuple(record, place, filter)
        if (tuple === undefined) continue
        yield tuple
        if (++found >= limit) return
      }
    }
  }

  /**
   * Keeps a checkpoint, in place of one with the same id; resolves with the config that names it.
   * @param newVersions the channels whose values have changed since the checkpoint before: only these are kept
   */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const place = placeOf(config)
    const id = label('the checkpoint’s id', checkpoint.id)
    const { channel_values: values, ...rest } = copyCheckpoint(checkpoint)
    const changed = Object.entries(newVersions).filter(([channel]) => values[channel] !== undefined)
    const [one, other, ...channels] = await Promise.all([
      this.serde.dumpsTyped(rest),
      this.serde.dumpsTyped(metadata),
      ...changed.map(([channel]) => this.serde.dumpsTyped(values[channel])),
    ])
    const [value, length] = joined(written(one), written(other))
    const about: AboutCheckpoint = {
      kind: 'checkpoint',
      id,
      parent: checkpointIdOf(config),
      types: [one[0], other[0]],
      length,
    }
    await this.#values(place).set([
      ...channels.map((typed, i) => {
        const [channel, version] = changed[i] as [string, string | number]
        const known: AboutChannel = { kind: 'channel', type: typed[0] }
        return { key: channelKey(channel, version), value: written(typed), about: { ...known } }
      }),
      { key: checkpointKey(id), value, about: { ...about } },
    ])
    return configOf(place, id)
  }

  /**
   * Keeps what a task has written on top of a checkpoint. What it has written before stays, except for errors, interrupts and
   * the like, of which the latest counts.
   */
  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = '',
  ): Promise<void> {
    const place = placeOf(config)
    const checkpoint = checkpointIdOf(config)
    if (checkpoint === undefined)
      throw invalid('the config has no checkpoint_id: give the config that put() has resolved with')
    const values = await Promise.all(
      writes.map(async ([channel, written_], i) => {
        const typed = await this.serde.dumpsTyped(written_)
        const index = WRITES_IDX_MAP[channel] ?? i
        const about: AboutWrite = {
          kind: 'write',
          checkpoint,
          task: taskId,
          index,
          path: taskPath,
          channel,
          type: typed[0],
        }
        const key = `w:${JSON.stringify([checkpoint, taskId, index])}`
        return { key, value: written(typed), about: { ...about } }
      }),
    )
    const regular = values.filter(({ about }) => about.index >= 0).map(({ key }) => key)
    const there = regular.length > 0 ? await this.#at(place).get(regular) : []
    const known = new Set(there.map(record => record?.id))
    await this.#values(place).set(values.filter(({ key }) => !known.has(key)))
  }

  /** Deletes all checkpoints and writes of a thread, all or none. */
  override async deleteThread(threadId: string): Promise<void> {
    const path = [...this.#collection.path, THREADS, label('thread_id', threadId)]
    await this.#collection.namespace(path).clear({ recursive: true })
  }

  #at({ thread, within }: Place): Collection {
    return this.#collection.namespace([...this.#collection.path, THREADS, thread, WITHIN + within])
  }

  #values(place: Place): LargeValues {
    return new LargeValues(this.#at(place))
  }

  /** Where a listed record is; undefined for one that something else has put there. */
  #placeOf({ namespace = [] }: StoredRecord): Place | undefined {
    const [thread, within, ...others] = namespace.slice(this.#collection.path.length + 1)
    if (thread === undefined || !within?.startsWith(WITHIN) || others.length > 0) return undefined
    return { thread, within: within.slice(WITHIN.length) }
  }

  /** The whole of a checkpoint, if its metadata have the values of a filter. */
  async #tuple(
    record: StoredRecord,
    place: Place,
    filter: Record<string, unknown> = {},
  ): Promise<CheckpointTuple | undefined> {
    const kept = await this.#values(place).read(record)
    if (kept === undefined) return undefined
    const { id, parent, types, length } = kept.about as unknown as AboutCheckpoint
    const metadata = await this.serde.loadsTyped(types[1], kept.value.slice(length))
    if (!hasAll(metadata, filter)) return undefined
    const checkpoint = await this.serde.loadsTyped(types[0], kept.value.slice(0, length))
    checkpoint.channel_values = await this.#channels(place, checkpoint.channel_versions)
    if (checkpoint.v < 4 && parent !== undefined) await this.#migrate(checkpoint, place, parent)
    return {
      config: configOf(place, id),
      checkpoint,
      metadata,
      pendingWrites: await this.#writes(place, id),
      ...(parent !== undefined && { parentConfig: configOf(place, parent) }),
    }
  }

  /** The values of channels, of those that have one at this version. */
  async #channels(
    place: Place,
    versions: ChannelVersions = {},
  ): Promise<Checkpoint['channel_values']> {
    const wanted = Object.entries(versions)
    const keys = wanted.map(([channel, version]) => channelKey(channel, version))
    const kept = await this.#values(place).get(keys)
    const loaded = kept.map(async (found, i): Promise<[string, unknown][]> => {
      if (found === undefined) return []
      const { type } = found.about as unknown as AboutChannel
      return [[wanted[i]?.[0] as string, await this.serde.loadsTyped(type, found.value)]]
    })
    return Object.fromEntries((await Promise.all(loaded)).flat())
  }

  /** The writes on top of a checkpoint, in LangGraph's order. */
  async #writes(place: Place, checkpoint: string): Promise<CheckpointPendingWrite[]> {
    const records = this.#at(place)
    const where = { [KIND]: 'write', [CHECKPOINT]: checkpoint }
    const kept: KeptValue[] = []
    for await (const page of pages(records, { where })) {
      const values = await Promise.all(page.map(record => this.#values(place).read(record)))
      kept.push(...values.filter(value => value !== undefined))
    }
    const writes = kept.map(({ value, about }) => ({ value, ...(about as unknown as AboutWrite) }))
    writes.sort(byPathTaskAndIndex)
    return Promise.all(
      writes.map(async ({ task, channel, type, value }): Promise<CheckpointPendingWrite> => {
        return [task, channel, await this.serde.loadsTyped(type, value)]
      }),
    )
  }

  /** Older checkpoints have what was sent to tasks in the writes of their parents. */
  async #migrate(checkpoint: Checkpoint, place: Place, parent: string): Promise<void> {
    const sent = (await this.#writes(place, parent)).filter(([, channel]) => channel === TASKS)
    checkpoint.channel_values ??= {}
    checkpoint.channel_values[TASKS] = sent.map(([, , value]) => value)
    checkpoint.channel_versions ??= {}
    const versions = Object.values(checkpoint.channel_versions)
    checkpoint.channel_versions[TASKS] =
      versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined)
  }
}

const LATEST_FIRST = { field: ID, order: 'desc' } as const

function checkpointKey(id: string): string {
  return `c:${id}`
}

function channelKey(channel: string, version: string | number): string {
  return `v:${JSON.stringify([channel, version])}`
}

function placeOf(config: RunnableConfig): Place {
  const { thread_id: thread, checkpoint_ns: within = '' } = config.configurable ?? {}
  if (thread === undefined)
    throw invalid(
      'the config has no thread_id: call the graph with { configurable: { thread_id: "…" } }, which says whose checkpoints these are',
    )
  return { thread: label('thread_id', thread), within: text('checkpoint_ns', within) }
}

function checkpointIdOf(config: RunnableConfig): string | undefined {
  const { checkpoint_id: id, thread_ts: older } = config.configurable ?? {}
  const given = id || older
  return given ? text('checkpoint_id', given) : undefined
}

function configOf({ thread, within }: Place, id: string): RunnableConfig {
  return { configurable: { thread_id: thread, checkpoint_ns: within, checkpoint_id: id } }
}

/** What the serialiser has made; JSON is text, which is kept as it is. */
function written([type, bytes]: [string, Uint8Array]): string | Uint8Array {
  return type === 'json' && isUtf8(bytes) ? Buffer.from(bytes).toString() : bytes
}

/** Two values as one, and how long the first is. */
function joined(a: string | Uint8Array, b: string | Uint8Array): [string | Uint8Array, number] {
  if (typeof a === 'string' && typeof b === 'string') return [a + b, a.length]
  const [first, second] = [a, b].map(value => Buffer.from(value as Uint8Array))
  return [Buffer.concat([first, second] as Buffer[]), first?.length ?? 0]
}

/** Whether metadata have all these values. */
function hasAll(
  metadata: CheckpointMetadata | undefined,
  filter: Record<string, unknown>,
): boolean {
  const known = (metadata ?? {}) as unknown as Record<string, unknown>
  return Object.entries(filter).every(([key, value]) => isDeepStrictEqual(known[key], value))
}
