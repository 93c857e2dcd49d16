/**
 * Retrieval by what documents say and by how long ago they were used last, as a LangChain retriever.
 */
import type { Document, DocumentInterface } from '@langchain/core/documents'
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers'
import {
  TimeWeightedVectorStoreRetriever,
  type TimeWeightedVectorStoreRetrieverOptions,
} from '#core/memory/time-weighted-retriever'
import { documentOf, recordsOf } from './documents.js'

export interface HippocampTimeWeightedRetrieverInput
  extends BaseRetrieverInput,
    TimeWeightedVectorStoreRetrieverOptions {}

/**
 * LangChain's `TimeWeightedVectorStoreRetriever` over a collection: exactly `k` documents, and when each was used last is kept
 * with it.
 */
export class HippocampTimeWeightedRetriever extends BaseRetriever {
  override lc_namespace = ['hippocamp', 'retrievers']
  readonly #retriever: TimeWeightedVectorStoreRetriever

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(input: HippocampTimeWeightedRetrieverInput) {
    const { callbacks, tags, metadata, verbose, ...own } = input ?? {}
    super(input)
    this.#retriever = new TimeWeightedVectorStoreRetriever(own)
  }

  static override lc_name(): string {
    return 'HippocampTimeWeightedRetriever'
  }

  /** Stores documents, all or none, as used now; resolves with their ids. */
  async addDocuments(documents: DocumentInterface[]): Promise<string[]> {
    return this.#retriever.add(await recordsOf(documents, undefined))
  }

  override async _getRelevantDocuments(question: string): Promise<Document[]> {
    return (await this.#retriever.search(question)).map(documentOf)
  }
}
