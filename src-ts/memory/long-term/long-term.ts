/**
 * Long-term memory: what was said and what is so, over all talks, recalled when a question asks for it.
 *
 * Turns of talks are stored as they come. Old talks settle by {@link LongTermMemory.consolidate}: what was said twice is
 * remembered once, and each talk has its summary. A fact that is not so any more stays, with the time until which it was.
 */
import { randomUUID } from 'node:crypto'
import { type Backend, requireMethods } from '../../backends/backend.js'
import type { Where } from '../../collection-types.js'
import { HippocampError, invalid } from '../../errors.js'
import { integer, isObject, label, oneOf, optionsOf, show, text, within } from '../../options.js'
import { readQuestion, readTurn } from '../context.js'
import { type Keys, keysOf } from '../keys.js'
import { askOf } from '../language-model.js'
import {
  type Line,
  type MemoryCall,
  type MemoryLines,
  priorityOf,
  signalOfCall,
  type Values,
} from '../memory.js'
import { type Prefixes, prefixesOf } from '../message-lines.js'
import { type Plan, QueuedMemory } from '../queued-memory.js'
import { type Count, counterOf } from '../token-count.js'
import {
  CONSOLIDATE_OPTIONS,
  type Consolidated,
  type ConsolidateOptions,
  consolidate,
} from './consolidate.js'
import { Echo } from './echo.js'
import { forget, unsettle } from './forget.js'
import { formatMemories } from './format.js'
import { lineOf, memoryOf, metadataOf, type RememberedMemory } from './memory.js'
import { memoryRecord, type NewMemory, timeOf } from './new-memory.js'
import { type LongTermMemoryOptions, OPTIONS } from './options.js'
import {
  RECALL_OPTIONS,
  type Recall,
  type RecalledMemory,
  type RecallOptions,
  recall,
} from './recall.js'
import { allOf, ofSessions, slicesOf } from './recallable.js'
import { type OnDuplicate, planOf, type Remembered, type ToRemember } from './remember.js'

const METHODS = [
  'namespace',
  'add',
  'addDistinct',
  'update',
  'delete',
  'clear',
  'get',
  'list',
  'search',
  'around',
  'upsert',
] as const
/** Where summaries are, below the memories: no name that a user would have. */
const SUMMARIES = '(summaries)'
const ON_DUPLICATE = ['skip', 'merge', 'supersede', 'keep'] as const

export interface RememberOptions extends MemoryCall {
  /**
   * What becomes of a memory that says the same as one that is there.
   * @default that of the memory for facts, 'keep' for turns
   */
  readonly onDuplicate?: OnDuplicate | undefined
}

export interface SummariesOptions extends MemoryCall {
  /** Only of this talk. */
  readonly session?: string | undefined
  /** @default 10 */
  readonly limit?: number | undefined
}

const SUMMARIES_OPTIONS = ['session', 'limit', 'signal'] as const

/** What becomes of a turn of which nothing is left. */
const ECHO: Remembered = { status: 'echo' }

/** Memories to be written together, and what became of them. */
interface Batch {
  readonly memories: readonly ToRemember[]
  done(all: readonly Remembered[]): void
}

interface MemoryLine extends Line {
  readonly memory: RecalledMemory
}

export class LongTermMemory extends QueuedMemory<Batch> {
  readonly memoryKey: string
  readonly #given: LongTermMemoryOptions
  readonly #backend: Backend
  readonly #summaries: Backend
  readonly #keys: Keys
  readonly #prefixes: Prefixes
  readonly #count: Count | undefined
  readonly #now: () => Date
  readonly #echo = new Echo()
  readonly #session: string
  #checked = false
  /** The settling that goes on. */
  #settling: Promise<unknown> = Promise.resolve()

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options: LongTermMemoryOptions) {
    super()
    const given = optionsOf(options, 'LongTermMemory', OPTIONS)
    const { collection, encoder, countTokens, memoryKey = 'memory', now } = given
    requireMethods(collection, METHODS)
    if (now !== undefined && typeof now !== 'function') {
      throw invalid(`now is ${show(now)}: give a function that returns a Date`)
    }
    if (given.session !== undefined) text('session', given.session)
    if (given.k !== undefined) integer('k', given.k, 1)
    if (given.onDuplicate !== undefined) oneOf('onDuplicate', given.onDuplicate, ON_DUPLICATE)
    if (given.similarity !== undefined && within('similarity', given.similarity, 0, 1) === 0)
      throw invalid('similarity is 0: give a cosine above 0')
    if (given.quarantineBelow !== undefined) within('quarantineBelow', given.quarantineBelow, 0, 1)
    if (given.importance !== undefined) within('importance', given.importance, 0, 1)
    if (given.llm !== undefined) askOf(given.llm)
    checkTimeZone(given.timeZone)
    this.#count =
      encoder === undefined && countTokens === undefined
        ? undefined
        : counterOf('LongTermMemory', countTokens, encoder)
    if (given.budgetTokens !== undefined) integer('budgetTokens', given.budgetTokens, 0)
    this.#given = { ...given, collection }
    this.#backend = collection
    this.#summaries = collection.namespace([...collection.path, SUMMARIES])
    this.memoryKey = memoryKey
    this.#keys = keysOf(given, { memoryKey })
    const { humanPrefix, aiPrefix } = given
    this.#prefixes = prefixesOf({ humanPrefix, aiPrefix })
    this.#now = now ?? (() => new Date())
    this.#session = given.session ?? randomUUID()
  }

  /** The keys of what `loadMemoryVariables` resolves to. */
  override get memoryKeys(): string[] {
    return [this.memoryKey]
  }

  /**
   * Remembers turns or facts, in their order, all or none. Turns of one talk follow each other in the order of the calls.
   *
   * Lines that were recalled before are left out: they are known.
   * @returns what became of each
   * @throws {HippocampError} ERR_INVALID_ARGUMENT naming the memory; ERR_RECORD_EXISTS; whatever a write can fail with
   */
  async remember(
    memories: string | NewMemory | readonly (string | NewMemory)[],
    options?: RememberOptions,
  ): Promise<Remembered[]> {
    const given = optionsOf(options, 'remember', ['onDuplicate', 'signal'])
    const signal = signalOfCall({ signal: given.signal }, 'remember')
    const all = Array.isArray(memories) ? memories : [memories]
    const { onDuplicate } = given
    if (onDuplicate !== undefined) oneOf('onDuplicate', onDuplicate, ON_DUPLICATE)
    const own = all.map((memory, i) => this.#toRemember(memory, `memory ${i}`, onDuplicate))
    let written: readonly Remembered[] = []
    if (own.length > 0) await this.save({ memories: own, done: all => (written = all) }, signal)
    return [...written]
  }

  /**
   * What comes to mind with a question. Reads only, unless `touch` is given.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_INVALID_FILTER
   */
  async recall(question: string, options?: RecallOptions): Promise<Recall> {
    const given = optionsOf(options, 'recall', RECALL_OPTIONS)
    const found = await this.#recall(question, given)
    this.#echo.note(found.memories)
    if (given.touch === true && found.memories.length > 0) {
      const ids = found.memories.map(({ id }) => id)
      const metadata = { recalledAt: this.#now().toISOString() }
      await this.#backend.update(ids, { metadata }, { signal: given.signal })
    }
    return found
  }

  #recall(question: string, given: RecallOptions): Promise<Recall> {
    const { k = 10, budgetTokens, recency, importance, timeZone } = this.#given
    const wanted = budgetTokens === undefined ? given : { budgetTokens, ...given }
    return recall(question, wanted, {
      backend: this.#backend,
      summaries: this.#summaries,
      count: this.#count,
      now: this.#now(),
      k,
      recency,
      importance,
      timeZone,
    })
  }

  /** The memories with these ids, in their order. */
  async get(ids: readonly string[], call?: MemoryCall): Promise<(RememberedMemory | undefined)[]> {
    const signal = signalOfCall(call, 'get')
    const records = await this.#backend.get(ids, { signal })
    const missing = ids.filter((_, i) => records[i] === undefined)
    const summaries = missing.length > 0 ? await this.#summaries.get(missing, { signal }) : []
    const rest = summaries[Symbol.iterator]()
    return records.map(record => {
      const found = record ?? rest.next().value
      return found && memoryOf(found)
    })
  }

  /**
   * Forgets memories by id, of a talk, or that pass a filter, and the summaries and facts that their talk has gone into: what
   * is left of it settles anew. Resolves with how many memories there were, without those that were made of them.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_INVALID_FILTER
   */
  async forget(
    which: string | readonly string[] | { readonly session: string } | Where,
    call?: MemoryCall,
  ): Promise<number> {
    const signal = signalOfCall(call, 'forget')
    return this.between(async () => {
      const ids = await this.#idsOf(which, signal)
      return forget(ids, this.#backend, this.#summaries, signal)
    }, signal)
  }

  /** Recalls memories with every question from now on; resolves with how many there were. */
  async pin(ids: string | readonly string[], call?: MemoryCall): Promise<number> {
    return this.#mark('pin', ids, { pinned: true }, call)
  }

  /** Recalls them only when they answer. */
  async unpin(ids: string | readonly string[], call?: MemoryCall): Promise<number> {
    return this.#mark('unpin', ids, { pinned: undefined }, call)
  }

  /**
   * Keeps memories, but does not recall them, nor what their talk has gone into: the rest of it settles anew. Resolves with how
   * many there were.
   */
  async quarantine(ids: string | readonly string[], call?: MemoryCall): Promise<number> {
    const signal = signalOfCall(call, 'quarantine')
    const all = idsOf(ids)
    return this.between(async () => {
      const there = (await this.#backend.get(all, { signal })).filter(
        record => record !== undefined,
      )
      await unsettle(there, this.#backend, this.#summaries)
      return this.#backend.update(all, { metadata: { quarantined: true } })
    }, signal)
  }

  /** Recalls them again. */
  async release(ids: string | readonly string[], call?: MemoryCall): Promise<number> {
    return this.#mark('release', ids, { quarantined: undefined }, call)
  }

  /**
   * Remembers what is so instead of an older memory, which stays as what was so until then.
   * @param old the id of the older memory
   * @returns the id of the new one
   * @throws {HippocampError} ERR_INVALID_ARGUMENT also when there is no such memory, or it was superseded before
   */
  async supersede(old: string, memory: string | NewMemory, call?: MemoryCall): Promise<string> {
    const signal = signalOfCall(call, 'supersede')
    const id = label('the id of the older memory', old)
    return this.between(async () => {
      const [there] = await this.get([id], { signal })
      if (!there) throw invalid(`there is no memory "${id}": remember the new one`)
      if (there.supersededBy !== undefined) {
        throw invalid(`memory "${id}" was superseded by "${there.supersededBy}": supersede that`)
      }
      const given = isObject(memory) ? memory : { text: memory }
      const from = given.validFrom ?? given.time
      const since = from === undefined ? this.#now().toISOString() : timeOf('validFrom', from)
      const record = memoryRecord(
        { kind: there.kind === 'turn' ? 'turn' : 'fact', ...given, validFrom: since },
        'the memory',
        this.#defaults(),
      )
      if (record.metadata.quarantined) {
        throw invalid(
          `the memory is trusted too little to supersede "${id}": remember it, or give it more trust`,
        )
      }
      await this.#backend.add([record], { signal })
      const metadata = { supersededBy: record.id, validTo: since }
      try {
        await this.#backend.update([id], { metadata })
      } catch (error) {
        await this.#backend.delete([record.id]).catch(() => {})
        throw error
      }
      return record.id
    }, signal)
  }

  /**
   * Lets old talks settle: what was said twice is remembered once, and each talk gets its summary, or facts if there is a
   * language model. Turns stay, with the id of what they have gone into. It can be ended at any time and goes on where it was;
   * a second time there is nothing to do.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT; what the language model fails with
   */
  async consolidate(options?: ConsolidateOptions): Promise<Consolidated> {
    const given = optionsOf(options, 'consolidate', CONSOLIDATE_OPTIONS)
    const { llm } = this.#given
    const settle = () =>
      consolidate(given, {
        backend: this.#backend,
        summaries: this.#summaries,
        ask: llm === undefined ? undefined : askOf(llm),
        now: this.#now(),
        remember: async memories => {
          const { plan, all } = planOf(memories, this.#writing())
          await plan.write(undefined)
          return all
        },
        alone: task => this.between(task, undefined),
      })
    // One after the other: two would ask the language model about the same talks.
    const settled = this.#settling.then(settle, settle)
    this.#settling = settled.catch(() => {})
    return settled
  }

  /**
   * The summaries of talks that have settled, the latest first.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT
   */
  async summaries(options?: SummariesOptions): Promise<RememberedMemory[]> {
    const { session, limit = 10, signal } = optionsOf(options, 'summaries', SUMMARIES_OPTIONS)
    integer('limit', limit, 1)
    const page = await this.#summaries.list({
      ...(session !== undefined && { where: { talk: text('session', session) } }),
      sort: { field: 'time', order: 'desc' },
      limit,
      signal: signalOfCall({ signal }, 'summaries'),
    })
    return page.records.map(memoryOf)
  }

  /** What comes to mind with the question among the inputs. */
  override async memoryLines(inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const question = readQuestion(inputs, this.#keys) ?? ''
    const { memories } = await this.#recall(question, { signal })
    const lines = memories.map(
      (memory, rank): MemoryLine => ({
        text: lineOf(memory),
        priority: priorityOf(rank),
        memory,
      }),
    )
    return { [this.memoryKey]: lines }
  }

  /** In the order of time, under the days on which they were said. */
  override formatLines(lines: MemoryLines): Values {
    const memories = (lines[this.memoryKey] ?? []).map(line => (line as MemoryLine).memory)
    this.#echo.note(memories)
    return { [this.memoryKey]: formatMemories(memories, this.#given.timeZone) }
  }

  protected override readTurn(inputs: Values, outputs: Values): Batch | undefined {
    const turn = readTurn(inputs, outputs, this.#keys)
    if (turn === undefined) return undefined
    const said = [
      [this.#prefixes.human, turn.input],
      [this.#prefixes.ai, turn.output],
    ] as const
    const memories = said.flatMap(([role, text]) => {
      if (text === undefined || text.trim() === '') return []
      const memory = this.#toRemember(
        { kind: 'turn', session: this.#session, role, text },
        'the turn',
      )
      return [memory]
    })
    return memories.length === 0 ? undefined : { memories, done: () => {} }
  }

  protected override async plan(batches: readonly Batch[]): Promise<Plan> {
    const memories = batches.flatMap(batch => batch.memories)
    const left = await Promise.all(memories.map(memory => this.#withoutEcho(memory)))
    const { plan, all } = planOf(
      left.filter(memory => memory !== undefined),
      this.#writing(),
    )
    return {
      write: async signal => {
        await plan.write(signal)
        await this.#checkTurns(all)
        const written = all[Symbol.iterator]()
        const outcomes = left.map(memory => (memory && written.next().value) ?? ECHO)
        let from = 0
        for (const { memories, done } of batches) {
          done(outcomes.slice(from, from + memories.length))
          from += memories.length
        }
      },
      undo: () => plan.undo(),
    }
  }

  protected override async clearAll(signal: AbortSignal | undefined): Promise<void> {
    this.#echo.clear()
    await this.#summaries.clear({ signal })
    await this.#backend.clear({ signal })
  }

  /** Whether the collection is one of turns, which shows when there is a record. */
  async #checkTurns(written: readonly Remembered[]): Promise<void> {
    const [id] = this.#checked ? [] : written.flatMap(({ id }) => id ?? [])
    if (id === undefined) return
    try {
      await this.#backend.around(id, { before: 0, after: 0 })
    } catch (cause) {
      const what = 'the collection of a LongTermMemory is one of turns'
      const remedy = 'make it with store.collection(name, { turns: true })'
      throw new HippocampError('ERR_INVALID_ARGUMENT', `${what}: ${remedy}`, { cause })
    }
    this.#checked = true
  }

  #writing() {
    const { similarity = 0.95 } = this.#given
    return { backend: this.#backend, similarity, now: this.#now }
  }

  #defaults() {
    const { session, quarantineBelow = 0.3 } = this.#given
    return { session, quarantineBelow, now: this.#now() }
  }

  /** A memory, checked. */
  #toRemember(memory: unknown, name: string, onDuplicate?: OnDuplicate): ToRemember {
    const record = memoryRecord(memory, name, this.#defaults())
    const { kind, quarantined, validFrom, validTo, time } = record.metadata
    const usual = kind === 'turn' ? 'keep' : (this.#given.onDuplicate ?? 'merge')
    // What is not believed changes nothing that is.
    const what = quarantined ? 'keep' : (onDuplicate ?? usual)
    if (what === 'supersede') {
      const metadata = { ...record.metadata, validFrom: validFrom ?? time }
      return { record: { ...record, metadata }, onDuplicate: what }
    }
    // Of a time of its own it is something else.
    const differs = what === 'merge' && (validFrom !== undefined || validTo !== undefined)
    return { record, onDuplicate: differs ? 'keep' : what }
  }

  /** A turn without the memories in it that were recalled and still are so; undefined if nothing is left of it. */
  async #withoutEcho(memory: ToRemember): Promise<ToRemember | undefined> {
    const { record } = memory
    const { kind, speaker } = record.metadata
    const { text, ids } = this.#echo.without(record.text, speaker)
    if (kind !== 'turn' || ids.length === 0) return memory
    for (const some of slicesOf(new Set(ids))) {
      const there = (await this.#backend.get(some)).filter(record => record !== undefined)
      const isOpen = (record: (typeof there)[number]) => {
        const { supersededBy, quarantined } = metadataOf(record)
        return supersededBy === undefined && quarantined === undefined
      }
      if (there.length < some.length || !there.every(isOpen)) return memory
    }
    return text === undefined ? undefined : { ...memory, record: { ...record, text } }
  }

  async #mark(
    what: string,
    ids: string | readonly string[],
    metadata: Values,
    call: MemoryCall | undefined,
  ): Promise<number> {
    const signal = signalOfCall(call, what)
    const all = idsOf(ids)
    return this.between(() => this.#backend.update(all, { metadata }, { signal }), signal)
  }

  async #idsOf(which: unknown, signal: AbortSignal | undefined): Promise<string[]> {
    if (typeof which === 'string') return [which]
    if (Array.isArray(which)) return which
    const { session, where } = (isObject(which) ? which : {}) as { session?: string } & Where
    if ((session === undefined) === (where === undefined)) {
      throw invalid(
        `what is to be forgotten is ${show(which)}: give ids, { session } or { where: a filter }`,
      )
    }
    const filter = where ?? ofSessions([text('session', session)])
    return (await allOf(this.#backend, filter, signal)).map(({ id }) => id)
  }
}

function idsOf(ids: unknown): readonly string[] {
  const all = typeof ids === 'string' ? [ids] : ids
  if (!Array.isArray(all)) throw invalid(`the ids are ${show(ids)}: give an array of strings`)
  return all
}

function checkTimeZone(timeZone: unknown): void {
  if (timeZone === undefined) return
  try {
    new Intl.DateTimeFormat('en', { timeZone: text('timeZone', timeZone) })
  } catch {
    throw invalid(`timeZone is ${show(timeZone)}: give an IANA name such as "Asia/Shanghai"`)
  }
}
