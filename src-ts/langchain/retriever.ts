/**
 * A collection's search as a LangChain retriever.
 */
import type { Document } from '@langchain/core/documents'
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers'
import { requireMethods } from '#core/backends/backend'
import type { Collection } from '#core/collection'
import { invalid } from '#core/errors'
import { integer, refuseUnknown, show } from '#core/options'
import type { Reranker } from '#core/reranker'
import { SEARCH_OPTIONS } from '#core/search-options'
import type { SearchOptions } from '#core/search-types'
import { documentOf } from './documents.js'

/** Where and how to search: every option of {@link Collection.search}, and those of LangChain's retrievers. */
export interface HippocampRetrieverInput
  extends BaseRetrieverInput,
    Omit<SearchOptions, 'signal' | 'vector' | 'idsOnly' | 'explain'> {
  /** A collection or one of its namespaces. */
  readonly collection: Pick<Collection, 'search'>
  /**
   * How many documents at most.
   * @default 4
   */
  readonly k?: number | undefined
  /** Reads the question together with each of the best, and puts these in its order. */
  readonly reranker?: Pick<Reranker, 'rank'> | undefined
  /**
   * How many of the best it reads.
   * @default 4 * k
   */
  readonly fetchK?: number | undefined
}

/** Options of searches that a retriever takes. */
const OPTIONS = SEARCH_OPTIONS.filter(
  name => !['k', 'signal', 'vector', 'idsOnly', 'explain'].includes(name),
)

/**
 * Finds documents by meaning and words together, in one native call: what LangChain's ensemble of a vector store's retriever
 * and a BM25 retriever does in JavaScript. Filters, recency, boosts, groups, diversity and namespaces are those of
 * {@link SearchOptions}.
 */
export class HippocampRetriever extends BaseRetriever {
  override lc_namespace = ['hippocamp', 'retrievers']
  readonly #collection: Pick<Collection, 'search'>
  readonly #reranker: Pick<Reranker, 'rank'> | undefined
  readonly #options: SearchOptions
  readonly k: number
  readonly fetchK: number

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT */
  constructor(input: HippocampRetrieverInput) {
    const { callbacks, tags, metadata, verbose, ...own } = input ?? {}
    super(input)
    const { collection, reranker, k = 4, fetchK = 4 * k, ...options } = own
    refuseUnknown(options, OPTIONS, name => `unknown option "${name}" of HippocampRetriever`)
    requireMethods(collection, ['search'])
    if (reranker !== undefined && typeof reranker?.rank !== 'function')
      throw invalid(`reranker is ${show(reranker)}: give a Reranker, from loadReranker()`)
    this.#collection = collection
    this.#reranker = reranker
    this.#options = options
    this.k = integer('k', k, 1)
    this.fetchK = Math.max(k, integer('fetchK', fetchK, 1))
  }

  static override lc_name(): string {
    return 'HippocampRetriever'
  }

  override async _getRelevantDocuments(question: string): Promise<Document[]> {
    const k = this.#reranker ? this.fetchK : this.k
    const documents = (await this.#collection.search(question, { ...this.#options, k })).map(
      documentOf,
    )
    if (!this.#reranker || documents.length === 0) return documents
    const texts = documents.map(({ pageContent }) => pageContent)
    const ranked = await this.#reranker.rank(question, texts, { topK: this.k })
    return ranked.map(({ index }) => documents[index] as Document)
  }
}
