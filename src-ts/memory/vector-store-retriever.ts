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
 * - `clear()` deletes the records.
 */
import { invalid } from '../errors.js'
import { boolean, integer, isObject, optionsOf, show, text } from '../options.js'
import type { MemoryBackend, MemoryHit } from './backend.js'
import { formatTurn, type Keys, readQuestion, type Values } from './context.js'

/** A recalled record in the shape of LangChain's documents. */
export interface MemoryDocument {
  readonly id: string
  readonly pageContent: string
  readonly metadata: Record<string, unknown>
}

export interface VectorStoreRetrieverMemoryOptions {
  /** A hippocamp `Collection`, or anything with its `add`, `search` and `clear`. */
  readonly collection: MemoryBackend
  /**
   * How many records are recalled.
   * @default 4
   */
  readonly k?: number
  /**
   * The key under which `loadMemoryVariables` answers.
   * @default 'memory'
   */
  readonly memoryKey?: string
  /**
   * The input that is the question, and the only input that is stored.
   * @default the one input that is left when `excludeInputKeys` are left out; all that are left are stored
   */
  readonly inputKey?: string
  /**
   * The only output that is stored.
   * @default all outputs are stored
   */
  readonly outputKey?: string
  /**
   * Whether documents are recalled instead of one string.
   * @default false
   */
  readonly returnDocs?: boolean
  /**
   * Inputs that are neither the question nor stored.
   * @default []
   */
  readonly excludeInputKeys?: readonly string[]
  /**
   * Metadata of each stored turn, or a function that makes it from the turn.
   * @default none
   */
  readonly metadata?: Values | ((inputs: Values, outputs: Values) => Values | undefined)
}

/** Options of one call. */
export interface MemoryCall {
  readonly signal?: AbortSignal
}

const DEFAULT_K = 4

export class VectorStoreRetrieverMemory {
  readonly memoryKey: string
  readonly inputKey: string | undefined
  readonly outputKey: string | undefined
  readonly returnDocs: boolean
  readonly excludeInputKeys: readonly string[]
  readonly k: number
  readonly #backend: MemoryBackend
  readonly #metadata: VectorStoreRetrieverMemoryOptions['metadata']

  /** Errors: ERR_INVALID_ARGUMENT naming the option. */
  constructor(options: VectorStoreRetrieverMemoryOptions) {
    checkOptions(options)
    this.memoryKey = options.memoryKey ?? 'memory'
    this.inputKey = options.inputKey
    this.outputKey = options.outputKey
    this.returnDocs = options.returnDocs ?? false
    this.excludeInputKeys = [...(options.excludeInputKeys ?? [])]
    this.k = options.k ?? DEFAULT_K
    this.#backend = options.collection
    this.#metadata = options.metadata
    checkKeys(this)
  }

  /** The keys of what `loadMemoryVariables` resolves to. */
  get memoryKeys(): string[] {
    return [this.memoryKey]
  }

  /**
   * Recalls what resembles the question, most similar first: lines joined by line breaks, or documents.
   *
   * Errors: ERR_INVALID_ARGUMENT when it is unclear which input is the question; whatever a search can fail with.
   */
  async loadMemoryVariables(
    inputs: Values,
    call: MemoryCall = {},
  ): Promise<Record<string, string | MemoryDocument[]>> {
    const question = readQuestion(inputs, this)
    const hits =
      question.trim() === '' ? [] : await this.#backend.search(question, { k: this.k, ...call })
    const documents = hits.map(toDocument)
    const memory = this.returnDocs
      ? documents
      : documents.map(document => document.pageContent).join('\n')
    return { [this.memoryKey]: memory }
  }

  /**
   * Stores a turn as one record, `input: …` and `output: …` on a line each. When it resolves, the record is durable.
   *
   * Errors: ERR_INVALID_ARGUMENT when a value has no text; whatever an insertion can fail with.
   */
  async saveContext(inputs: Values, outputs: Values, call: MemoryCall = {}): Promise<void> {
    const text = formatTurn(inputs, outputs, this)
    if (text === undefined) return
    const metadata =
      typeof this.#metadata === 'function' ? this.#metadata(inputs, outputs) : this.#metadata
    await this.#backend.add([metadata === undefined ? { text } : { text, metadata }], call)
  }

  /** Deletes every record of the collection or namespace. */
  async clear(call: MemoryCall = {}): Promise<void> {
    await this.#backend.clear(call)
  }
}

function toDocument(hit: MemoryHit): MemoryDocument {
  return {
    id: hit.id,
    pageContent: hit.text ?? '',
    metadata: (hit.metadata ?? {}) as Record<string, unknown>,
  }
}

const OPTIONS = [
  'collection',
  'k',
  'memoryKey',
  'inputKey',
  'outputKey',
  'returnDocs',
  'excludeInputKeys',
  'metadata',
] as const

function checkOptions(options: VectorStoreRetrieverMemoryOptions): void {
  const { collection, k, returnDocs, excludeInputKeys, metadata, ...keys } = optionsOf(
    options,
    'VectorStoreRetrieverMemory',
    OPTIONS,
  )
  const methods = ['add', 'search', 'clear'] as const
  if (!methods.every(method => typeof collection?.[method] === 'function')) {
    throw invalid(
      `collection is ${show(collection)}: give a collection, an object with the methods add, search and clear`,
    )
  }
  if (k !== undefined) integer('k', k, 1)
  if (returnDocs !== undefined) boolean('returnDocs', returnDocs)
  for (const [name, key] of Object.entries(keys)) {
    if (key !== undefined && text(name, key) === '') throw invalid(`${name} is "": give a key`)
  }
  if (excludeInputKeys !== undefined && !Array.isArray(excludeInputKeys)) {
    throw invalid(`excludeInputKeys is ${show(excludeInputKeys)}: give an array of strings`)
  }
  for (const key of excludeInputKeys ?? []) text('a key of excludeInputKeys', key)
  if (metadata !== undefined && typeof metadata !== 'function' && !isObject(metadata)) {
    throw invalid(`metadata is ${show(metadata)}: give an object or a function that returns one`)
  }
}

/** Keys that contradict each other would store or ask nothing, silently. */
function checkKeys({ memoryKey, inputKey, outputKey, excludeInputKeys }: Keys): void {
  if (inputKey !== undefined && excludeInputKeys.includes(inputKey)) {
    throw invalid(
      `"${inputKey}" is both inputKey and in excludeInputKeys: take it out of one of them`,
    )
  }
  if (inputKey === memoryKey || outputKey === memoryKey) {
    throw invalid(
      `memoryKey "${memoryKey}" is also a key of the inputs or outputs: choose another memoryKey`,
    )
  }
}
