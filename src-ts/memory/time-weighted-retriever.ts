/**
 * Finds records by what they say and by how long ago they were used last:
 *
 *   score = (1 - decayRate) ^ hours since the last use + relevance + the sum of otherScoreKeys
 *
 * as in LangChain's class of the same name (after Park et al. 2023, Generative Agents). When a record was used last is kept
 * in its metadata, as `lastAccessedAt`, so it outlives the process; and exactly k records are found where there are k.
 */
import { type Backend, requireMethods } from '../backends/backend.js'
import type { CallOptions, Where } from '../collection-types.js'
import { invalid } from '../errors.js'
import { fieldOf, finite, integer, isObject, optionsOf, show, text, within } from '../options.js'
import type { Hit, NewRecord, StoredRecord } from '../records.js'
import type { SearchOptions } from '../search-types.js'
import { type MemoryCall, signalOfCall } from './memory.js'
import type { MemoryDocument } from './vector-store-retriever.js'

/** A document to be added, in the shape of LangChain's. */
export interface TimeWeightedDocument {
  readonly pageContent: string
  readonly metadata?: Record<string, unknown> | undefined
  readonly id?: string | undefined
}

const METHODS = ['add', 'search', 'update', 'list', 'delete', 'clear'] as const

export interface TimeWeightedVectorStoreRetrieverOptions {
  /** A `Collection` or one of its namespaces. Records that were added in another way count as used when they were written. */
  readonly collection: Pick<Backend, (typeof METHODS)[number]>
  /**
   * The part of its weight that a record loses in every hour in which it is not used: 0 to 1.
   * @default 0.01
   */
  readonly decayRate?: number | undefined
  /**
   * How many records are found.
   * @default 4
   */
  readonly k?: number | undefined
  /**
   * Metadata keys whose numbers are added to the score, such as `importance`. A record without a number there gets 0.
   * @default []
   */
  readonly otherScoreKeys?: readonly string[] | undefined
  /**
   * How many of the most relevant records are looked at. Those that were used last are looked at in any case.
   * @default 100
   */
  readonly searchKwargs?: number | undefined
  /**
   * The relevance of records that are looked at though they are not among the most relevant.
   * @default 0
   */
  readonly defaultSalience?: number | undefined
  /**
   * The time, for tests and for talks of the past.
   * @default () => new Date()
   */
  readonly now?: (() => Date) | undefined
}

const OPTIONS = [
  'collection',
  'decayRate',
  'k',
  'otherScoreKeys',
  'searchKwargs',
  'defaultSalience',
  'now',
] as const
const HOUR = 3_600_000
const USED = 'lastAccessedAt'

/** Can also be the `collection` of a `VectorStoreRetrieverMemory`, which then remembers turns in this way. */
export class TimeWeightedVectorStoreRetriever {
  readonly decayRate: number
  readonly k: number
  readonly otherScoreKeys: readonly string[]
  readonly searchKwargs: number
  readonly defaultSalience: number
  readonly #backend: TimeWeightedVectorStoreRetrieverOptions['collection']
  readonly #now: () => Date

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options: TimeWeightedVectorStoreRetrieverOptions) {
    const given = optionsOf(options, 'TimeWeightedVectorStoreRetriever', OPTIONS)
    const { collection, otherScoreKeys = [], now = () => new Date() } = given
    requireMethods(collection, METHODS)
    if (!Array.isArray(otherScoreKeys)) {
      throw invalid(`otherScoreKeys is ${show(otherScoreKeys)}: give an array of strings`)
    }
    if (typeof now !== 'function') {
      throw invalid(`now is ${show(now)}: give a function that returns a Date`)
    }
    this.decayRate = within('decayRate', given.decayRate ?? 0.01, 0, 1)
    this.k = integer('k', given.k ?? 4, 1)
    this.otherScoreKeys = otherScoreKeys.map(key => fieldOf('a key of otherScoreKeys', key))
    this.searchKwargs = integer('searchKwargs', given.searchKwargs ?? 100, 1)
    this.defaultSalience = finite('defaultSalience', given.defaultSalience ?? 0)
    this.#backend = collection
    this.#now = now
  }

  /**
   * Adds documents, all or none; resolves with their ids. They count as used now, unless their metadata has a
   * `lastAccessedAt`.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_RECORD_EXISTS
   */
  async addDocuments(
    documents: readonly TimeWeightedDocument[],
    call?: MemoryCall,
  ): Promise<string[]> {
    const signal = signalOfCall(call, 'addDocuments')
    if (!Array.isArray(documents)) {
      throw invalid(`the documents are ${show(documents)}: give an array of documents`)
    }
    const records = documents.map((document: TimeWeightedDocument, i): NewRecord => {
      if (!isObject(document)) {
        throw invalid(`document ${i} is ${show(document)}: give an object { pageContent }`)
      }
      const { id, pageContent, metadata } = document
      return { id, text: text(`the pageContent of document ${i}`, pageContent), metadata }
    })
    return this.add(records, { signal })
  }

  /** Adds records as {@link addDocuments} adds documents. */
  async add(records: readonly NewRecord[], options?: CallOptions): Promise<string[]> {
    if (records.length === 0) return []
    const used = { [USED]: this.#time().toISOString() }
    const stamped = records.map(record => {
      const { metadata = {} } = record
      // What is no object is refused by the backend, with the number of the record.
      return isObject(metadata) ? { ...record, metadata: { ...used, ...metadata } } : record
    })
    return this.#backend.add(stamped, options)
  }

  /** The k best documents, best first; they count as used now. An empty question finds those that were used last. */
  async getRelevantDocuments(question: string, call?: MemoryCall): Promise<MemoryDocument[]> {
    const signal = signalOfCall(call, 'getRelevantDocuments')
    const hits = await this.search(question, { signal })
    return hits.map(({ id, text = '', metadata, score }) => {
      return { id, pageContent: text, metadata, score }
    })
  }

  /** The same, by LangChain's newer name. */
  async invoke(question: string, call?: MemoryCall): Promise<MemoryDocument[]> {
    return this.getRelevantDocuments(question, call)
  }

  /**
   * The best records with their scores, which may be above 1; they count as used now.
   * @param options `k`, `minScore`, `where` and `signal`
   */
  async search(question: string, options?: SearchOptions): Promise<Hit[]> {
    const given = optionsOf(options, 'search', ['k', 'minScore', 'where', 'signal'])
    const { k = this.k, signal } = given
    const minScore = finite('minScore', given.minScore ?? Number.MIN_SAFE_INTEGER)
    const filter = given.where === undefined ? {} : { where: given.where }
    const now = this.#time()
    const candidates = new Map<string, Hit>()
    for (const found of await this.#unsearched(integer('k', k, 1), { ...filter, signal })) {
      candidates.set(found.id, { ...found, score: this.defaultSalience })
    }
    if (text('the query', question).trim() !== '') {
      const most = Math.max(k, this.searchKwargs)
      const hits = await this.#backend.search(question, { k: most, signal, ...filter })
      for (const hit of hits) candidates.set(hit.id, hit as Hit)
    }
    const best = [...candidates.values()]
      .map(hit => ({ ...hit, score: this.#score(hit, now) }))
      .filter(({ score }) => score >= minScore)
      .sort((a, b) => b.score - a.score)
      .slice(0, k)
    const change = { metadata: { [USED]: now.toISOString() } }
    const ids = best.map(({ id }) => id)
    if (ids.length > 0) await this.#backend.update(ids, change, { signal })
    return best.map(hit => ({ ...hit, metadata: { ...hit.metadata, ...change.metadata } }))
  }

  /** Deletes records by their ids, or those that pass a filter; resolves with how many there were. */
  async delete(which: readonly string[] | Where, options?: CallOptions): Promise<number> {
    return this.#backend.delete(which, options)
  }

  /** Deletes every record; resolves with how many there were. */
  async clear(options?: CallOptions): Promise<number> {
    return this.#backend.clear(options)
  }

  /** What can be among the best without being relevant: used last, or with the highest other scores. */
  async #unsearched(
    limit: number,
    options: Pick<SearchOptions, 'where' | 'signal'>,
  ): Promise<StoredRecord[]> {
    const pages = [USED, ...this.otherScoreKeys].map(field =>
      this.#backend.list({ sort: { field, order: 'desc' }, limit, ...options }),
    )
    return (await Promise.all(pages)).flatMap(({ records }) => records as StoredRecord[])
  }

  #score({ metadata, score, updatedAt }: Hit, now: Date): number {
    const used = new Date(typeof metadata[USED] === 'string' ? metadata[USED] : updatedAt)
    const time = Number.isFinite(used.getTime()) ? used.getTime() : updatedAt.getTime()
    const hours = Math.max(0, (now.getTime() - time) / HOUR)
    const others = this.otherScoreKeys.map(key => valueAt(metadata, key))
    return others.reduce((sum, other) => sum + other, (1 - this.decayRate) ** hours + score)
  }

  #time(): Date {
    const now = this.#now()
    if (now instanceof Date && Number.isFinite(now.getTime())) return now
    throw invalid(`now returned ${show(now)}: give a function that returns a Date`)
  }
}

/** The number at a dotted path; 0 if there is none. */
function valueAt(metadata: Record<string, unknown>, path: string): number {
  let value: unknown = metadata
  for (const key of path.split('.')) {
    value =
      isObject(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : 0
  }
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
