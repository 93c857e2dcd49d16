/**
 * A collection as LangChain's vector store.
 */
import { Document, type DocumentInterface } from '@langchain/core/documents'
import type { EmbeddingsInterface } from '@langchain/core/embeddings'
import {
  type MaxMarginalRelevanceSearchOptions,
  SaveableVectorStore,
} from '@langchain/core/vectorstores'
import { Collection } from '#core/collection'
import type { Filter } from '#core/collection-types'
import { invalid } from '#core/errors'
import { filePath, integer, isObject, oneOf, optionsOf, show, within } from '#core/options'
import type { Hit, NewRecord } from '#core/records'
import type { SearchOptions } from '#core/search-types'
import { open, type Store } from '#core/store'
import type { Durability } from '#core/store-types'
import { documentOf, recordsOf, scoredDocumentOf } from './documents.js'
import { areOwn, type HippocampEmbeddings } from './embeddings.js'
import { isSavedIn, savedStore, saveTo } from './saved-store.js'

/** Where a vector store keeps its documents, and how it searches them. */
export interface HippocampVectorStoreConfig {
  /** A collection or one of its namespaces. Its store is closed by whoever has opened it. */
  readonly collection?: Collection | undefined
  /**
   * Without `collection`: the file of a store that is opened, and closed by {@link HippocampVectorStore.close}.
   * @default ':memory:', gone when the process ends
   */
  readonly path?: string | URL | undefined
  /**
   * The name of the collection in that file.
   * @default 'langchain'
   */
  readonly collectionName?: string | undefined
  /**
   * The namespace in that collection.
   * @default the collection's own
   */
  readonly namespace?: readonly string[] | undefined
  /**
   * Whether that file is made if there is none.
   * @default true
   */
  readonly create?: boolean | undefined
  /**
   * What an acknowledged write of that file survives; see {@link OpenOptions.durability}.
   * @default 'durable'
   */
  readonly durability?: Durability | undefined
  /**
   * Whether texts are searched by their vectors, as other vector stores do it, or also by their words, which finds more.
   * `hybrid` and `lexical` need {@link HippocampEmbeddings}.
   * @default 'vector'
   */
  readonly mode?: 'vector' | 'hybrid' | 'lexical' | undefined
}

/**
 * Which documents: by a filter on metadata, or by a function, which is slower, since it is asked document by document, and is
 * asked about the 10,000 best at most (`limits.k` of the store; 1,000 with marginal relevance).
 */
export type HippocampFilter = Filter | ((document: Document) => boolean)

/** Which documents to delete. */
export type HippocampDeleteParams =
  | { readonly ids: readonly string[] }
  | { readonly filter: Filter }
  | { readonly deleteAll: true }

const OPENED = ['path', 'create', 'collectionName', 'namespace', 'durability'] as const
const CONFIG = ['collection', 'mode', ...OPENED] as const
const MODES = ['vector', 'hybrid', 'lexical'] as const
/** The collection's name, in files that are opened here. */
const NAME = 'langchain'

/** The collection, and the store if it was opened here. */
interface Place {
  readonly collection: Collection
  readonly store?: Store
}

/**
 * A LangChain vector store over a collection. With {@link HippocampEmbeddings} texts go to the collection as they are, which
 * encodes and searches them in one native call; with other embeddings their vectors do.
 *
 * Writes replace documents with the same id, are durable when they resolve, and are done wholly or not at all. Every method
 * rejects with what the collection's rejects with. Scores are from 0 to 1, higher is better.
 */
export class HippocampVectorStore extends SaveableVectorStore {
  declare FilterType: HippocampFilter
  readonly #open: () => Promise<Place>
  #place: Promise<Place> | undefined
  readonly #mode: 'vector' | 'hybrid' | 'lexical'

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(embeddings: EmbeddingsInterface, config: HippocampVectorStoreConfig = {}) {
    const given = optionsOf(config, 'HippocampVectorStore', CONFIG)
    super(embeddings, {})
    const own = areOwn(embeddings)
    const methods = embeddings as Partial<EmbeddingsInterface> | undefined
    if (
      !(typeof methods?.embedQuery === 'function' && typeof methods.embedDocuments === 'function')
    )
      throw invalid(
        `embeddings is ${show(embeddings)}: give HippocampEmbeddings, or other embeddings of LangChain's shape`,
      )
    this.#mode = oneOf('mode', given.mode ?? 'vector', MODES)
    if (this.#mode !== 'vector' && !own)
      throw invalid(
        `mode is "${this.#mode}" with embeddings of another kind: give HippocampEmbeddings, or leave mode out`,
      )
    this.#open = opening(given, own ? embeddings : undefined)
  }

  static override lc_name(): string {
    return 'HippocampVectorStore'
  }

  override _vectorstoreType(): string {
    return 'hippocamp'
  }

  /** The collection. */
  async collection(): Promise<Collection> {
    return (await this.#opened()).collection
  }

  /**
   * Stores documents, replacing those with the same ids; resolves with their ids.
   * @param options `ids`: one for each document, before the documents' own; new ones where there is neither
   */
  override async addDocuments(
    documents: DocumentInterface[],
    options?: { ids?: string[] | undefined },
  ): Promise<string[]> {
    const records = await recordsOf(documents, options?.ids)
    if (areOwn(this.embeddings)) return this.#upsert(records)
    const vectors = await this.embeddings.embedDocuments(records.map(({ text }) => text as string))
    return this.#upsert(withVectors(records, vectors))
  }

  /** Stores documents with vectors of their own; otherwise as {@link addDocuments}. */
  override async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options?: { ids?: string[] | undefined },
  ): Promise<string[]> {
    return this.#upsert(withVectors(await recordsOf(documents, options?.ids), vectors))
  }

  /**
   * Deletes documents by id or by a filter, or all of them.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT if it is not said which
   */
  override async delete(params?: HippocampDeleteParams): Promise<void> {
    const given = isObject(params) ? (params as Record<string, unknown>) : {}
    const { ids, filter, deleteAll } = given
    const said = [ids, filter, deleteAll].filter(which => which !== undefined)
    if (said.length !== 1 || (deleteAll !== undefined && deleteAll !== true))
      throw invalid(
        `delete got ${show(params)}: give { ids }, { filter } or { deleteAll: true }, and only one of them`,
      )
    const collection = await this.collection()
    if (deleteAll) await collection.clear()
    else if (ids !== undefined) await collection.delete(ids as string[])
    else await collection.delete({ where: filter as Filter })
  }

  override async similaritySearch(
    query: string,
    k = 4,
    filter?: this['FilterType'],
  ): Promise<Document[]> {
    return (await this.#searchText(query, { k }, filter)).map(documentOf)
  }

  override async similaritySearchWithScore(
    query: string,
    k = 4,
    filter?: this['FilterType'],
  ): Promise<[Document, number][]> {
    return (await this.#searchText(query, { k }, filter)).map(scoredDocumentOf)
  }

  override async similaritySearchVectorWithScore(
    query: number[],
    k = 4,
    filter?: this['FilterType'],
  ): Promise<[Document, number][]> {
    return (await this.#searchVector(query, { k }, filter)).map(scoredDocumentOf)
  }

  /**
   * The best documents that also differ from each other: chosen among the `fetchK` best one by one, each by
   * `lambda * score - (1 - lambda) * similarity` to the most similar one before it, in the same native call.
   * @param options `k`, `fetchK` (default 20), `lambda` (default 0.5) and `filter`
   */
  override async maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this['FilterType']>,
  ): Promise<Document[]> {
    const k = integer('k', options.k, 1)
    const fetchK = Math.max(k, integer('fetchK', options.fetchK ?? 20, 1))
    const diversity = 1 - within('lambda', options.lambda ?? 0.5, 0, 1)
    const search = { k, diversity, ranking: { pool: fetchK } }
    return (await this.#searchText(query, search, options.filter)).map(documentOf)
  }

  /** Closes the store, if it was opened here; a store of a collection that was given stays open. */
  async close(): Promise<void> {
    const { store } = this.#place ? await this.#place : {}
    await store?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * Writes all documents into a folder, replacing what was saved there before; a store that was loaded from there need not be
   * saved, and is left as it is. Nor need one with a `path` or a durable collection: it is on disk already. Close what others
   * have loaded from the folder first.
   */
  override async save(directory: string): Promise<void> {
    const folder = filePath('directory', directory)
    const { collection, store } = await this.#opened()
    if (store && (await isSavedIn(folder, (await store.stats()).path))) return
    await saveTo(folder, collection, await ownEncoder(this.embeddings), NAME)
  }

  /**
   * Opens what {@link save} has written; {@link close} closes it.
   * @throws {HippocampError} ERR_STORE_NOT_FOUND if there is nothing
   */
  static override async load(
    directory: string,
    embeddings: EmbeddingsInterface,
  ): Promise<HippocampVectorStore> {
    const path = savedStore(filePath('directory', directory))
    return HippocampVectorStore.fromExistingIndex(embeddings, { path, create: false })
  }

  /** Stores texts, and opens or makes the place where they go. */
  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    config?: HippocampVectorStoreConfig,
  ): Promise<HippocampVectorStore> {
    const metadataOf = (i: number) => (Array.isArray(metadatas) ? metadatas[i] : metadatas)
    const documents = texts.map(
      (pageContent, i) => new Document({ pageContent, metadata: metadataOf(i) }),
    )
    return HippocampVectorStore.fromDocuments(documents, embeddings, config)
  }

  /** Stores documents, and opens or makes the place where they go. */
  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    config?: HippocampVectorStoreConfig,
  ): Promise<HippocampVectorStore> {
    const made = new HippocampVectorStore(embeddings, config)
    try {
      await made.addDocuments(documents)
    } catch (error) {
      await made.close()
      throw error
    }
    return made
  }

  /** Opens the place where documents are. */
  static async fromExistingIndex(
    embeddings: EmbeddingsInterface,
    config?: HippocampVectorStoreConfig,
  ): Promise<HippocampVectorStore> {
    const made = new HippocampVectorStore(embeddings, config)
    await made.collection()
    return made
  }

  #opened(): Promise<Place> {
    this.#place ??= this.#open().catch(error => {
      this.#place = undefined
      throw error
    })
    return this.#place
  }

  async #upsert(records: NewRecord[]): Promise<string[]> {
    return (await this.collection()).upsert(records)
  }

  async #searchText(
    query: string,
    options: SearchOptions,
    filter: HippocampFilter | undefined,
  ): Promise<Hit[]> {
    if (!areOwn(this.embeddings))
      return this.#searchVector(await this.embeddings.embedQuery(query), options, filter)
    const collection = await this.collection()
    const mode = this.#mode
    return passing(collection, filter, options, given =>
      collection.search(query, { ...given, mode }),
    )
  }

  async #searchVector(
    vector: number[],
    options: SearchOptions,
    filter: HippocampFilter | undefined,
  ): Promise<Hit[]> {
    const collection = await this.collection()
    return passing(collection, filter, options, given => collection.searchByVector(vector, given))
  }
}

/** How the place is opened when it is needed first. */
function opening(
  config: HippocampVectorStoreConfig,
  embeddings: HippocampEmbeddings | undefined,
): () => Promise<Place> {
  const { collection, path = ':memory:', collectionName = NAME, namespace } = config
  const { create, durability } = config
  if (collection !== undefined) {
    if (!(collection instanceof Collection))
      throw invalid(`collection is ${show(collection)}: give a Collection, from store.collection()`)
    const other = OPENED.find(name => config[name] !== undefined)
    if (other)
      throw invalid(
        `both collection and ${other} are given: ${other} is for a store that is opened here`,
      )
    return async () => ({ collection })
  }
  return async () => {
    const encoder = await embeddings?.encoder()
    const store = await open(path, { encoder, create, durability })
    try {
      const whole = store.collection(collectionName)
      return { collection: namespace ? whole.namespace(namespace) : whole, store }
    } catch (error) {
      await store.close()
      throw error
    }
  }
}

function ownEncoder(embeddings: EmbeddingsInterface) {
  return areOwn(embeddings) ? embeddings.encoder() : undefined
}

function withVectors(records: NewRecord[], vectors: number[][]): NewRecord[] {
  if (!Array.isArray(vectors) || vectors.length !== records.length) {
    const given = Array.isArray(vectors) ? `${vectors.length}` : show(vectors)
    throw invalid(`the vectors are ${given} for ${records.length} documents: give one for each`)
  }
  return records.map((record, i) => ({ ...record, vector: vectors[i] }))
}

/** The best hits that pass; a function is asked about as many as it takes, but no more than one search can find. */
async function passing(
  collection: Collection,
  filter: HippocampFilter | undefined,
  options: SearchOptions,
  search: (options: SearchOptions) => Promise<Hit[]>,
): Promise<Hit[]> {
  if (typeof filter !== 'function') return search({ ...options, where: filter })
  const wanted = options.k ?? 4
  const most = Math.min(
    collection.limits.k,
    options.diversity === undefined ? Infinity : MOST_DIVERSE,
  )
  for (let k = 4 * wanted; ; k *= 4) {
    const limited = Math.min(k, most)
    const pool = Math.max(limited, options.ranking?.pool ?? 0)
    const hits = await search({ ...options, k: limited, ranking: { ...options.ranking, pool } })
    const passed = hits.filter(hit => filter(documentOf(hit)))
    if (passed.length >= wanted || hits.length < limited || limited === most)
      return passed.slice(0, wanted)
  }
}

/** Hits that can be chosen for their differences, at most. */
const MOST_DIVERSE = 1000
