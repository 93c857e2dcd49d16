/**
 * Long-term memory of a talk: each turn is one record; what is recalled is what resembles the question.
 *
 * Names, defaults and the form of a record are those of LangChain's class of the same name, and its shape is that of
 * LangChain's `BaseMemory`, so it can stand wherever a chain takes a memory; nothing of LangChain is imported. It differs
 * where that class is known to fail:
 *
 * - What was recalled is never stored again: `memoryKey` is left out of inputs and outputs.
 * - `inputKey`, `outputKey` and `excludeInputKeys` hold for saving as well as for loading.
 * - An empty question recalls nothing, and an empty turn stores nothing, instead of throwing.
 * - With several inputs and no `inputKey` the error names the inputs.
 * - `forget()` deletes what is to be forgotten, `clear()` everything.
 * - Turns that are saved at once are written and encoded together, in the order of the calls.
 */
import { type Backend, requireMethods } from '../backends/backend.js'
import type { Where } from '../collection-types.js'
import { invalid } from '../errors.js'
import { boolean, finite, integer, isObject, optionsOf, show } from '../options.js'
import type { Metadata, NewRecord } from '../records.js'
import { formatTurn, readQuestion } from './context.js'
import { KEY_OPTIONS, type KeyOptions, type Keys, keysOf } from './keys.js'
import {
  type Line,
  type MemoryCall,
  type MemoryLines,
  priorityOf,
  signalOfCall,
  type Values,
} from './memory.js'
import { type Plan, QueuedMemory } from './queued-memory.js'

/** A recalled record in the shape of LangChain's documents. */
export interface MemoryDocument {
  readonly id: string
  readonly pageContent: string
  readonly metadata: Record<string, unknown>
  /** How well it answers the question: of a collection from 0 to 1, of a `TimeWeightedVectorStoreRetriever` any number. */
  readonly score?: number
}

const METHODS = ['add', 'search', 'delete', 'clear'] as const

export interface VectorStoreRetrieverMemoryOptions extends KeyOptions {
  /** A `Collection` or one of its namespaces, or a `TimeWeightedVectorStoreRetriever`. */
  readonly collection: Pick<Backend, (typeof METHODS)[number]>
  /**
   * How many records are recalled.
   * @default 4
   */
  readonly k?: number | undefined
  /**
   * The score below which nothing is recalled: of a collection from 0 to 1, of a `TimeWeightedVectorStoreRetriever` any number.
   * @default none
   */
  readonly minScore?: number | undefined
  /**
   * The key under which `loadMemoryVariables` answers.
   * @default 'memory'
   */
  readonly memoryKey?: string | undefined
  /**
   * Whether documents are recalled instead of one string.
   * @default false
   */
  readonly returnDocs?: boolean | undefined
  /**
   * Metadata of each stored turn, or a function that makes it from the turn.
   * @default none
   */
  readonly metadata?: Values | ((inputs: Values, outputs: Values) => Values | undefined) | undefined
}

const OPTIONS = [
  'collection',
  'k',
  'minScore',
  'memoryKey',
  'returnDocs',
  'metadata',
  ...KEY_OPTIONS,
] as const

interface DocumentLine extends Line {
  readonly document: MemoryDocument
}

export class VectorStoreRetrieverMemory extends QueuedMemory<NewRecord> {
  readonly memoryKey: string
  readonly returnDocs: boolean
  readonly k: number
  readonly minScore: number | undefined
  readonly #keys: Keys
  readonly #backend: VectorStoreRetrieverMemoryOptions['collection']
  readonly #metadata: VectorStoreRetrieverMemoryOptions['metadata']

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options: VectorStoreRetrieverMemoryOptions) {
    super()
    const given = optionsOf(options, 'VectorStoreRetrieverMemory', OPTIONS)
    const {
      collection,
      k = 4,
      minScore,
      memoryKey = 'memory',
      returnDocs = false,
      metadata,
    } = given
    requireMethods(collection, METHODS)
    this.k = integer('k', k, 1)
    this.minScore = minScore === undefined ? undefined : finite('minScore', minScore)
    this.returnDocs = boolean('returnDocs', returnDocs)
    this.#keys = keysOf(given, { memoryKey })
    if (metadata !== undefined && typeof metadata !== 'function' && !isObject(metadata)) {
      throw invalid(`metadata is ${show(metadata)}: give an object or a function that returns one`)
    }
    this.memoryKey = memoryKey
    this.#backend = collection
    this.#metadata = metadata
  }

  /** The keys of what `loadMemoryVariables` resolves to. */
  override get memoryKeys(): string[] {
    return [this.memoryKey]
  }

  /** What resembles the question, most similar first. An empty question recalls nothing. */
  override async memoryLines(inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const question = readQuestion(inputs, this.#keys) ?? ''
    const { k, minScore } = this
    const options = minScore === undefined ? { k, signal } : { k, minScore, signal }
    const hits = question.trim() === '' ? [] : await this.#backend.search(question, options)
    const lines = hits.map(({ id, text = '', metadata = {}, score }, rank): DocumentLine => {
      const document = {
        id,
        pageContent: text,
        metadata: metadata as Metadata,
        ...(score !== undefined && { score }),
      }
      return { text, priority: priorityOf(rank), document }
    })
    return { [this.memoryKey]: lines }
  }

  /** Lines joined by line breaks, or documents. */
  override formatLines(lines: MemoryLines): Values {
    const own = lines[this.memoryKey] ?? []
    const value = this.returnDocs
      ? own.map(line => (line as DocumentLine).document)
      : own.map(line => line.text).join('\n')
    return { [this.memoryKey]: value }
  }

  /**
   * Deletes turns by the ids of their records (`returnDocs` shows them), or those that pass a filter; resolves with how many
   * there were.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_INVALID_FILTER
   */
  async forget(which: string | readonly string[] | Where, call?: MemoryCall): Promise<number> {
    const signal = signalOfCall(call, 'forget')
    const ids = typeof which === 'string' ? [which] : which
    if (!Array.isArray(ids) && !isObject(ids)) {
      throw invalid(`what is to be forgotten is ${show(which)}: give ids, or { where: a filter }`)
    }
    return this.between(() => this.#backend.delete(ids, { signal }), signal)
  }

  /** A turn as one record, `input: …` and `output: …` on a line each. */
  protected override readTurn(inputs: Values, outputs: Values): NewRecord | undefined {
    const text = formatTurn(inputs, outputs, this.#keys)
    if (text === undefined) return undefined
    const metadata =
      typeof this.#metadata === 'function' ? this.#metadata(inputs, outputs) : this.#metadata
    return metadata === undefined ? { text } : { text, metadata }
  }

  protected override async plan(records: readonly NewRecord[]): Promise<Plan> {
    const backend = this.#backend
    let ids: readonly string[] = []
    return {
      async write(signal) {
        ids = await backend.add(records, { signal })
      },
      async undo() {
        if (ids.length > 0) await backend.delete(ids)
      },
    }
  }

  protected override async clearAll(signal: AbortSignal | undefined): Promise<void> {
    await this.#backend.clear({ signal })
  }
}
