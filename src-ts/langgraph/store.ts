/**
 * A collection as LangGraph's store.
 */
import {
  BaseStore,
  type GetOperation,
  type Item,
  type ListNamespacesOperation,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchOperation,
} from '@langchain/langgraph-checkpoint'
import { requireMethods } from '#core/backends/backend'
import { pages } from '#core/backends/pages'
import type { Collection } from '#core/collection'
import type { Filter } from '#core/collection-types'
import { HippocampError, invalid } from '#core/errors'
import { boolean, finite, integer, label, oneOf, optionsOf, show, within } from '#core/options'
import type { NewRecord, StoredRecord } from '#core/records'
import type { SearchOptions } from '#core/search-types'
import { nextTurn } from '#core/slices'
import { fieldsOf } from './fields.js'
import { filterOf, INDEXED, itemOf, lasting, NOTE, noted, recordOf, unexpired } from './items.js'
import { type Conditions, matching } from './namespaces.js'

/** How long items are kept. */
export interface HippocampTtlOptions {
  /**
   * Minutes that an item is kept unless `put` says otherwise.
   * @default for ever
   */
  readonly defaultTtl?: number | undefined
  /**
   * Whether being read begins an item's time anew.
   * @default true
   */
  readonly refreshOnRead?: boolean | undefined
  /**
   * Minutes between deletions of what has expired, once the store is started. Expired items are never seen, deleted or not;
   * only namespaces that hold nothing else are still listed until then.
   * @default 60
   */
  readonly sweepIntervalMinutes?: number | undefined
}

export interface HippocampStoreInput {
  /** A collection or one of its namespaces, whose encoder makes items findable by their meaning. */
  readonly collection: Collection
  /**
   * The paths into a value whose texts are found by questions: `title`, `author.name`, `parts[*].text`; `$` is the whole value.
   * @default a value's `text`, or the whole of one that has none
   */
  readonly fields?: readonly string[] | undefined
  /**
   * How questions are searched for, unless a search says otherwise.
   * @default 'hybrid' in collections with vectors
   */
  readonly mode?: 'vector' | 'hybrid' | 'text' | undefined
  readonly ttl?: HippocampTtlOptions | undefined
}

/** How to search items. */
export interface HippocampStoreSearchOptions {
  /**
   * Values that items must have, by key; or operators, as in every filter of a collection. Objects go down into values, and so
   * does a key with dots.
   */
  readonly filter?: Record<string, unknown> | undefined
  /** What is searched for; without it items are listed, those whose keys were stored last for the first time first. */
  readonly query?: string | undefined
  /** @default 10 */
  readonly limit?: number | undefined
  /** @default 0 */
  readonly offset?: number | undefined
  /** By words, by meaning or by both. */
  readonly mode?: 'text' | 'vector' | 'hybrid' | 'auto' | undefined
  /** Only items with at least this score, from 0 to 1. */
  readonly similarityThreshold?: number | undefined
  /** In a hybrid search: how much the meaning counts, from 0 to 1, beside the words. */
  readonly vectorWeight?: number | undefined
  /** Whether the times of items that are found begin anew. */
  readonly refreshTtl?: boolean | undefined
}

/** A found item. */
export interface HippocampStoreItem extends Item {
  /** From 0 to 1, for a search with a query. */
  score?: number
}

const OPTIONS = ['collection', 'fields', 'mode', 'ttl'] as const
const TTL_OPTIONS = ['defaultTtl', 'refreshOnRead', 'sweepIntervalMinutes'] as const
const SEARCH_OPTIONS = [
  'filter',
  'query',
  'limit',
  'offset',
  'mode',
  'similarityThreshold',
  'vectorWeight',
  'refreshTtl',
] as const
const MODES = ['text', 'vector', 'hybrid', 'auto'] as const
const MINUTE = 60_000
/** Items that are made ready before the event loop gets its turn. */
const AT_ONCE = 64

/**
 * LangGraph's store over a collection: durable, with namespaces that are never mixed up whatever their labels are, filters,
 * searches by meaning and words, and times after which items are gone. It finds what was stored in any other way, and is found.
 *
 * Every method rejects with what the collection's rejects with.
 */
export class HippocampStore extends BaseStore {
  readonly #collection: Collection
  readonly #fields: readonly string[] | undefined
  readonly #mode: HippocampStoreSearchOptions['mode']
  readonly #ttl: HippocampTtlOptions
  #sweeper: NodeJS.Timeout | undefined

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(input: HippocampStoreInput) {
    const given = optionsOf(input, 'HippocampStore', OPTIONS)
    super()
    const { collection } = given
    requireMethods(collection, ['namespace', 'upsert', 'update', 'get', 'list', 'search', 'delete'])
    this.#collection = collection
    this.#fields = given.fields && fieldsOf('fields', given.fields)
    this.#mode = given.mode && oneOf('mode', given.mode, MODES)
    this.#ttl = ttlOf(given.ttl)
  }

  /**
   * Does operations in one go: what is read is as it was before; then all is written, what is stored in each namespace
   * together, all or none, and deletions after it. Of several writes under one key the last counts.
   */
  override async batch<Op extends readonly Operation[]>(
    operations: Op,
  ): Promise<OperationResults<Op>> {
    const puts = new Map<string, Put>()
    const results = operations.map(operation => {
      if ('namespacePrefix' in operation) return this.#search(operation)
      if ('value' in operation) {
        puts.set(JSON.stringify([operation.namespace, operation.key]), operation)
        return undefined
      }
      if ('key' in operation) return this.#get(operation)
      return this.#namespaces(operation as ListNamespacesOperation)
    })
    const found = await Promise.all(results)
    await this.#write([...puts.values()])
    return found as OperationResults<Op>
  }

  /**
   * Stores an item, in place of one with the same key.
   * @param index paths whose texts are found by questions, or `false` for none; the store's own if absent
   * @param options `ttl`: minutes that it is kept
   */
  override async put(
    namespace: string[],
    key: string,
    value: Record<string, unknown>,
    index?: false | string[],
    options?: { ttl?: number | undefined },
  ): Promise<void> {
    const { ttl } = optionsOf(options, 'put', ['ttl'])
    await this.#write([{ namespace, key, value, ...(index !== undefined && { index }), ttl }])
  }

  /** An item, or null. */
  override async get(namespace: string[], key: string): Promise<Item | null> {
    return this.#get({ namespace, key })
  }

  /** Items in a namespace and in those below it. */
  override async search(
    namespacePrefix: string[],
    options?: HippocampStoreSearchOptions,
  ): Promise<HippocampStoreItem[]> {
    const given = optionsOf(options, 'search', SEARCH_OPTIONS)
    return this.#search({ namespacePrefix, ...given })
  }

  /** Deletes an item. */
  override async delete(namespace: string[], key: string): Promise<void> {
    await this.#write([{ namespace, key, value: null }])
  }

  /** The namespaces that hold items, sorted; `*` in a prefix or suffix stands for any label. */
  override async listNamespaces(
    options: {
      prefix?: string[]
      suffix?: string[]
      maxDepth?: number
      limit?: number
      offset?: number
    } = {},
  ): Promise<string[][]> {
    const { prefix, suffix, maxDepth, limit = 100, offset = 0 } = options
    const matchConditions: Conditions = [
      ...(prefix ? [{ matchType: 'prefix' as const, path: prefix }] : []),
      ...(suffix ? [{ matchType: 'suffix' as const, path: suffix }] : []),
    ]
    return this.#namespaces({
      matchConditions,
      limit,
      offset,
      ...(maxDepth !== undefined && { maxDepth }),
    })
  }

  /** Deletes what has expired, now; resolves with how many items there were. */
  async sweepExpiredItems(): Promise<number> {
    const expired: Filter = { [`${NOTE}.expiresAt`]: { $lte: Date.now() } }
    let count = 0
    for await (const records of pages(this.#collection, { where: expired, recursive: true })) {
      const paths = new Map(
        records.map(({ namespace = [] }) => [JSON.stringify(namespace), namespace]),
      )
      const deleted = [...paths.values()].map(path =>
        this.#collection.namespace(path).delete({ where: expired }),
      )
      for (const some of await Promise.all(deleted)) count += some
    }
    return count
  }

  /** Begins to delete what has expired, from time to time. */
  override start(): void {
    if (this.#sweeper) return
    const { sweepIntervalMinutes = 60 } = this.#ttl
    // A sweep that fails is made up for by the next one; nothing expired is seen meanwhile.
    const sweep = () => void this.sweepExpiredItems().catch(() => {})
    this.#sweeper = setInterval(sweep, sweepIntervalMinutes * MINUTE)
    this.#sweeper.unref()
  }

  /** Ends that. The collection's store stays open. */
  override stop(): void {
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  get #refreshes(): boolean {
    return this.#ttl.refreshOnRead ?? true
  }

  #at(namespace: readonly string[]): Collection {
    if (!Array.isArray(namespace))
      throw invalid(`the namespace is ${show(namespace)}: give an array of strings`)
    return this.#collection.namespace([...this.#collection.path, ...namespace])
  }

  async #get({ namespace, key }: GetOperation): Promise<Item | null> {
    const record = await this.#at(namespace).get(keyOf(key))
    if (!record || (noted(record).expiresAt ?? Number.POSITIVE_INFINITY) <= Date.now()) return null
    if (this.#refreshes) await this.#refresh([[record, namespace]])
    return itemOf(record, namespace)
  }

  async #search(
    operation: Pick<SearchOperation, 'namespacePrefix'> & HippocampStoreSearchOptions,
  ): Promise<HippocampStoreItem[]> {
    const { namespacePrefix, query, filter } = operation
    const limit = integer('limit', operation.limit ?? 10, 0)
    const offset = integer('offset', operation.offset ?? 0, 0)
    const below = this.#at(namespacePrefix)
    if (limit === 0) return []
    const conditions = [...(filter ? filterOf(filter) : []), unexpired(Date.now())]
    const found: (StoredRecord & { score?: number })[] = query
      ? await below.search(query, {
          ...searchOptionsOf(operation, this.#mode),
          where: { $and: [...conditions, INDEXED] },
          k: limit,
          offset,
          recursive: true,
        })
      : await listed(below, { $and: conditions }, offset, limit)
    const items = found.map(record => {
      const namespace = [...(record.namespace ?? [])].slice(this.#collection.path.length)
      return { record, namespace }
    })
    if (boolean('refreshTtl', operation.refreshTtl ?? this.#refreshes))
      await this.#refresh(items.map(({ record, namespace }) => [record, namespace]))
    return items.map(({ record, namespace }) => {
      const item = itemOf(record, namespace)
      return record.score === undefined ? item : { ...item, score: record.score }
    })
  }

  async #namespaces(operation: ListNamespacesOperation): Promise<string[][]> {
    const all = await this.#collection.namespaces()
    const base = this.#collection.path
    const inside = all
      .map(({ path }) => path)
      .filter(path => base.every((part, i) => path[i] === part))
    return matching(
      inside.map(path => path.slice(base.length)).filter(path => path.length > 0),
      operation,
    )
  }

  /** All are checked before the first is written. */
  async #write(puts: readonly Put[]): Promise<void> {
    const places = new Map<string, { at: Collection; records: NewRecord[]; gone: string[] }>()
    for (const [i, { namespace, key, value, index, ttl }] of puts.entries()) {
      if (i > 0 && i % AT_ONCE === 0) await nextTurn()
      if (!Array.isArray(namespace) || namespace.length === 0)
        throw invalid(`the namespace is ${show(namespace)}: give an array of at least one string`)
      const name = JSON.stringify(namespace)
      const place = places.get(name) ?? { at: this.#at(namespace), records: [], gone: [] }
      places.set(name, place)
      if (value === null) {
        place.gone.push(keyOf(key))
      } else {
        const kept = minutes('ttl', ttl ?? this.#ttl.defaultTtl)
        place.records.push(recordOf(keyOf(key), value, this.#fieldsFor(index), kept))
      }
    }
    const written = [...places.values()].map(async ({ at, records, gone }) => {
      if (records.length > 0) await at.upsert(records)
      if (gone.length > 0) await at.delete(gone)
    })
    await Promise.all(written)
  }

  /** What a put says is found by questions, or what the store says. */
  #fieldsFor(index: unknown): readonly string[] | undefined {
    if (index === false) return []
    return index === undefined || index === null ? this.#fields : fieldsOf('index', index)
  }

  /**
   * Begins the times of items anew, of those that are still as they were read. A store that cannot be written is read all the
   * same.
   */
  async #refresh(items: readonly [StoredRecord, readonly string[]][]): Promise<void> {
    const refreshed = items.map(async ([record, namespace]) => {
      const note = noted(record)
      const { ttl, written } = note
      if (ttl === undefined || !written) return
      const where = { [`${NOTE}.written.id`]: written.id }
      const metadata = { [NOTE]: { ...note, ...lasting(ttl) } }
      try {
        await this.#at(namespace).update({ where }, { metadata })
      } catch (error) {
        if (!(error instanceof HippocampError && error.code === 'ERR_READ_ONLY')) throw error
      }
    })
    await Promise.all(refreshed)
  }
}

type Put = PutOperation & { readonly ttl?: number | undefined }

/** Items in the reverse order of their first insertion. */
async function listed(
  below: Collection,
  where: Filter,
  offset: number,
  limit: number,
): Promise<StoredRecord[]> {
  const records: StoredRecord[] = []
  let skip = offset
  const listing = { where, recursive: true, sort: { order: 'desc' } } as const
  for await (const page of pages(below, listing, { most: offset + limit })) {
    records.push(...page.slice(skip))
    skip = Math.max(0, skip - page.length)
  }
  return records
}

function searchOptionsOf(
  { mode, similarityThreshold, vectorWeight }: HippocampStoreSearchOptions,
  usual: HippocampStoreSearchOptions['mode'],
): SearchOptions {
  const wanted = oneOf('mode', mode ?? usual ?? 'auto', MODES)
  return {
    ...(wanted !== 'auto' && { mode: wanted === 'text' ? ('lexical' as const) : wanted }),
    ...(similarityThreshold !== undefined && {
      minScore: within('similarityThreshold', similarityThreshold, 0, 1),
    }),
    ...(vectorWeight !== undefined && {
      ranking: { fusion: 'weighted', words: 1 - within('vectorWeight', vectorWeight, 0, 1) },
    }),
  }
}

function ttlOf(ttl: HippocampTtlOptions | undefined): HippocampTtlOptions {
  const given = optionsOf(ttl, 'ttl', TTL_OPTIONS)
  minutes('ttl.defaultTtl', given.defaultTtl)
  minutes('ttl.sweepIntervalMinutes', given.sweepIntervalMinutes)
  if (given.refreshOnRead !== undefined) boolean('ttl.refreshOnRead', given.refreshOnRead)
  return given
}

function keyOf(key: unknown): string {
  if (label('the key', key) !== '') return key as string
  throw invalid('the key is "": give it at least one character')
}

function minutes(name: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined
  if (finite(name, value) <= 0) throw invalid(`${name} is ${value}: give minutes, above 0`)
  return value
}
