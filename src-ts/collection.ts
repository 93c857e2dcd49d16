/**
 * Collections: records with vectors, in namespaces.
 */
import type {
  Added,
  AroundOptions,
  CallOptions,
  Changes,
  CheckOptions,
  CheckReport,
  ClearOptions,
  CollectionStats,
  CountOptions,
  DistinctOptions,
  ImportOptions,
  ListOptions,
  Metric,
  NamespaceInfo,
  Page,
  ReadOptions,
  Where,
} from './collection-types.js'
import { invalid } from './errors.js'
import type { WhyNot } from './explanation.js'
import { objectToJson } from './json.js'
import type { CancelToken, IdColumn, NativeCollection } from './native.js'
import { type Operations, unlessAborted } from './operations.js'
import {
  boolean,
  fieldOf,
  filePath,
  integer,
  isObject,
  label,
  oneOf,
  optionsOf,
  show,
  signalOf,
  text,
  vectorOf,
  within,
} from './options.js'
import {
  type Hit,
  type IdHit,
  type Metadata,
  type NewRecord,
  pushQueries,
  pushRecords,
  readHits,
  readHitsSync,
  readIdHits,
  readIdHitsSync,
  readRecords,
  type StoredRecord,
  splitByQuery,
  type VectorInput,
} from './records.js'
import { filterOf, recallOf, searchOptions } from './search-options.js'
import type { SearchOptions } from './search-types.js'
import { inSlices, nextTurn } from './slices.js'

const IMPORT_MODES = ['upsert', 'add'] as const
const LIST_OPTIONS = ['where', 'limit', 'cursor', 'sort', 'vector', 'recursive', 'signal'] as const
const ORDERS = ['asc', 'desc'] as const
const DISTINCT_OPTIONS = [
  'similarity',
  'sameWords',
  'where',
  'similar',
  'changes',
  'signal',
] as const
const SIMILAR = ['skip', 'keep'] as const
/** Turns before or after another: more than a session has. */
const MOST_AROUND = 1_000_000

/** Limits of a store that its collections keep to; see {@link Limits}. */
export type CollectionLimits = Readonly<Record<'k' | 'batchRecords' | 'metadataDepth', number>>

/** What a collection needs of its store. */
export interface CollectionContext {
  readonly operations: Operations
  readonly limits: CollectionLimits
}

/** Records in a page, unless the limits are lower. */
const PAGE = 100

let make: <M extends object>(
  native: NativeCollection,
  context: CollectionContext,
  name: string,
  path: readonly string[],
) => Collection<M>

/**
 * One namespace of a collection; made by {@link Store.collection}. Making it reads and writes nothing: the collection comes
 * into being with its first record, and until then it is empty.
 *
 * A write is acknowledged when it is durable and visible to every later call; it is done wholly or not at all. Every method
 * rejects with a {@link HippocampError} (ERR_CLOSED once the store is closed, ERR_INVALID_ARGUMENT, ERR_LIMIT_EXCEEDED,
 * ERR_STORE_BUSY, ERR_IO and those named below) or, when aborted, with the signal's reason.
 */
export class Collection<M extends object = Metadata> {
  static {
    make = (native, context, name, path) => new Collection(native, context, name, path)
  }

  readonly #native: NativeCollection
  readonly #context: CollectionContext
  /** The collection's name. */
  readonly name: string
  /** The path of the namespace; empty for the collection's own. */
  readonly path: readonly string[]

  private constructor(
    native: NativeCollection,
    context: CollectionContext,
    name: string,
    path: readonly string[],
  ) {
    this.#native = native
    this.#context = context
    this.name = name
    this.path = path
  }

  /** The limits of its store. */
  get limits(): CollectionLimits {
    return this.#context.limits
  }

  /**
   * Another namespace of the same collection. Records of one are never seen in another.
   * @param path at most 32 strings of 1 to 512 bytes; they may contain anything but NUL
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_LIMIT_EXCEEDED, ERR_CLOSED
   */
  namespace(path: readonly string[]): Collection<M> {
    if (!Array.isArray(path))
      throw invalid(`the namespace is ${show(path)}: give an array of strings`)
    const parts = path.map((part, i) => label(`part ${i} of the namespace`, part))
    const native = this.#context.operations.runSync(() => this.#native.namespace(parts))
    return make(native, this.#context, this.name, Object.freeze(parts))
  }

  /**
   * Stores new records; resolves with their ids, in order. At most 100,000 records or 256 MiB in a call. Do not change the
   * records before the promise settles.
   * @throws {HippocampError} ERR_RECORD_EXISTS if an id is there already, ERR_ENCODER_REQUIRED for texts without an
   * encoder, ERR_DIMENSION_MISMATCH, ERR_INVALID_VECTOR, ERR_INVALID_METADATA, ERR_COLLECTION_MISMATCH, ERR_READ_ONLY,
   * ERR_DISK_FULL
   */
  async add(records: readonly NewRecord<M>[], options?: CallOptions): Promise<string[]>
  async add(
    records: NewRecord<M> | readonly NewRecord<M>[],
    options?: CallOptions,
  ): Promise<string[]>
  async add(
    records: NewRecord<M> | readonly NewRecord<M>[],
    options?: CallOptions,
  ): Promise<string[]> {
    return this.#write('add', records, options)
  }

  /**
   * Stores records, replacing those whose ids are there already; of two with the same id in one call the last wins.
   * Otherwise as {@link add}.
   */
  async upsert(records: readonly NewRecord<M>[], options?: CallOptions): Promise<string[]>
  async upsert(
    records: NewRecord<M> | readonly NewRecord<M>[],
    options?: CallOptions,
  ): Promise<string[]>
  async upsert(
    records: NewRecord<M> | readonly NewRecord<M>[],
    options?: CallOptions,
  ): Promise<string[]> {
    return this.#write('upsert', records, options)
  }

  /**
   * Stores records unless there is one like them, among those that are there or those before them. That is decided when
   * nobody else can write, so that of two that come at the same time and say the same one is stored. At most 1,000 in a call,
   * all or none; in collections whose metric is cosine.
   * @returns what became of each
   * @throws {HippocampError} as {@link add}; ERR_INVALID_FILTER
   */
  async addDistinct(records: readonly NewRecord<M>[], options?: DistinctOptions): Promise<Added[]>
  async addDistinct(
    records: NewRecord<M> | readonly NewRecord<M>[],
    options?: DistinctOptions,
  ): Promise<Added[]>
  async addDistinct(
    records: NewRecord<M> | readonly NewRecord<M>[],
    options?: DistinctOptions,
  ): Promise<Added[]> {
    const batchOf = this.#recordBatch(records)
    const given = optionsOf(options, 'addDistinct', DISTINCT_OPTIONS)
    const { similarity, sameWords, similar, changes } = given
    const native = {
      similarity: similarity === undefined ? 0.95 : within('similarity', similarity, 0, 1),
      sameWords: sameWords !== undefined && boolean('sameWords', sameWords),
      keep: similar !== undefined && oneOf('similar', similar, SIMILAR) === 'keep',
      ...filterOf(given.where),
      ...(changes !== undefined && changesOf(changes, this.#context.limits.metadataDepth)),
    }
    return this.#run(given, async (token, signal) => {
      const added = await this.#native.writeDistinct(await batchOf(signal), native, token)
      return added.map(({ id, similar }) => (similar ? { id, similar } : { id }))
    })
  }

  /**
   * Stores the vectors of an index that usearch 2 has saved, as records whose ids are its keys in decimal; resolves with how
   * many there were. The whole file is checked before the first of them is written. A collection that does not exist yet takes
   * dimension and metric from it. The file's bytes are held in memory until then.
   *
   * The records are written in batches, between which other writes get their turn: unlike other calls, one that is aborted or
   * fails after the first batch leaves what it has written, and the same import again completes it.
   * @throws {HippocampError} ERR_INDEX_FILE_INVALID, ERR_COLLECTION_MISMATCH for another metric, ERR_DIMENSION_MISMATCH,
   * ERR_INVALID_VECTOR, ERR_RECORD_EXISTS with mode `add`, ERR_READ_ONLY, ERR_DISK_FULL
   */
  async importUsearch(file: string | URL, options?: ImportOptions): Promise<number> {
    const given = optionsOf(options, 'importUsearch', ['mode', 'signal'])
    const path = filePath('the file', file)
    const mode = given.mode === undefined ? 'upsert' : oneOf('mode', given.mode, IMPORT_MODES)
    return this.#run(given, token => this.#native.importUsearch(path, mode === 'upsert', token))
  }

  /** The record with an id, or undefined; for an array of ids, the records in its order. */
  async get(id: string, options?: ReadOptions): Promise<StoredRecord<M> | undefined>
  async get(ids: readonly string[], options?: ReadOptions): Promise<(StoredRecord<M> | undefined)[]>
  async get(
    ids: string | readonly string[],
    options?: ReadOptions,
  ): Promise<StoredRecord<M> | undefined | (StoredRecord<M> | undefined)[]> {
    const given = optionsOf(options, 'get', ['vector', 'signal'])
    const vector = given.vector !== undefined && boolean('vector', given.vector)
    const records = await this.#read(given, async (token, signal) => {
      const batch = await this.#idBatch(ids, signal)
      return readRecords<M>(await this.#native.get(batch, vector, token))
    })
    return typeof ids === 'string' ? records[0] : records
  }

  /**
   * A turn between those before and after it in its session, in their order; only itself if it is of none. Empty if there is
   * no such record.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT in a collection without {@link CollectionOptions.turns}
   */
  async around(id: string, options?: AroundOptions): Promise<StoredRecord<M>[]> {
    const name = label('the id', id)
    const given = optionsOf(options, 'around', ['before', 'after', 'where', 'signal'])
    const count = (what: 'before' | 'after') =>
      Math.min(given[what] === undefined ? 1 : integer(what, given[what], 0), MOST_AROUND)
    const [before, after] = [count('before'), count('after')]
    const { filter } = filterOf(given.where)
    const turns = await this.#read(given, async token =>
      readRecords<M>(await this.#native.around(name, before, after, filter, token)),
    )
    return turns as StoredRecord<M>[]
  }

  /**
   * Deletes records by id, or those that pass a filter at that moment; resolves with how many there were.
   * @throws {HippocampError} ERR_INVALID_FILTER, ERR_READ_ONLY, ERR_DISK_FULL
   */
  async delete(which: string | readonly string[] | Where, options?: CallOptions): Promise<number> {
    const filter = whereOf('delete', which)
    return this.#run(optionsOf(options, 'delete', ['signal']), async (token, signal) =>
      this.#native.delete(filter ?? (await this.#idBatch(which as string, signal)), token),
    )
  }

  /**
   * Changes the metadata of records, by id, or of those that pass a filter at that moment; texts and vectors stay. All are
   * changed or none; resolves with how many there were.
   * @throws {HippocampError} ERR_INVALID_FILTER, ERR_INVALID_METADATA, ERR_LIMIT_EXCEEDED, ERR_READ_ONLY, ERR_DISK_FULL
   */
  async update(
    which: string | readonly string[] | Where,
    changes: Changes,
    options?: CallOptions,
  ): Promise<number> {
    const filter = whereOf('update', which)
    const { set, unset } = changesOf(changes, this.#context.limits.metadataDepth)
    return this.#run(optionsOf(options, 'update', ['signal']), async (token, signal) => {
      const ids = filter ?? (await this.#idBatch(which as string, signal))
      return this.#native.update(ids, set, unset, token)
    })
  }

  /**
   * Deletes every record of this namespace; resolves with how many there were.
   * @throws {HippocampError} ERR_READ_ONLY, ERR_DISK_FULL
   */
  async clear(options?: ClearOptions): Promise<number> {
    const given = optionsOf(options, 'clear', ['recursive', 'signal'])
    const recursive = recursiveOf(given)
    return this.#run(given, token => this.#native.clear(recursive, token))
  }

  /**
   * Records in the order of their first insertion, or sorted by a field, page by page.
   * @throws {HippocampError} ERR_INVALID_FILTER
   */
  async list(options?: ListOptions): Promise<Page<M>> {
    const given = optionsOf(options, 'list', LIST_OPTIONS)
    const { limits } = this.#context
    const native = {
      limit:
        given.limit === undefined
          ? Math.min(PAGE, limits.batchRecords)
          : integer('limit', given.limit, 1),
      vectors: given.vector !== undefined && boolean('vector', given.vector),
      recursive: recursiveOf(given),
      ...filterOf(given.where),
      ...(given.cursor !== undefined && { cursor: text('cursor', given.cursor) }),
      ...sortOf(given.sort),
    }
    return this.#read(given, async token => {
      const { records, cursor } = await this.#native.list(native, token)
      const page = { records: (await readRecords<M>(records)) as StoredRecord<M>[] }
      return typeof cursor === 'string' ? { ...page, cursor } : page
    })
  }

  /**
   * How many records there are in this namespace.
   * @throws {HippocampError} ERR_INVALID_FILTER
   */
  async count(options?: CountOptions): Promise<number> {
    const given = optionsOf(options, 'count', ['where', 'recursive', 'signal'])
    const { filter } = filterOf(given.where)
    const recursive = recursiveOf(given)
    return this.#read(given, token => this.#native.count(filter, recursive, token))
  }

  /**
   * The records that answer a text, best first: by their meaning, by its words, or by default by both.
   * @throws {HippocampError} ERR_ENCODER_REQUIRED, ERR_COLLECTION_MISMATCH, ERR_INVALID_FILTER
   */
  async search(words: string, options: IdsOnly): Promise<IdHit[]>
  async search(words: string, options?: SearchOptions): Promise<Hit<M>[]>
  async search(words: string, options?: SearchOptions): Promise<Hit<M>[] | IdHit[]> {
    text('the query', words)
    const { given, native, idsOnly } = this.#searchOptions('search', options)
    return this.#read<Hit<M>[] | IdHit[]>(given, async token =>
      idsOnly
        ? readIdHits(await this.#native.searchIds(words, native, token))
        : readHits<M>(await this.#native.search(words, native, token)),
    )
  }

  /**
   * The records whose vectors are nearest to this one, best first.
   * @throws {HippocampError} ERR_DIMENSION_MISMATCH, ERR_INVALID_VECTOR, ERR_INVALID_FILTER
   */
  async searchByVector(vector: VectorInput, options: IdsOnly): Promise<IdHit[]>
  async searchByVector(vector: VectorInput, options?: SearchOptions): Promise<Hit<M>[]>
  async searchByVector(vector: VectorInput, options?: SearchOptions): Promise<Hit<M>[] | IdHit[]> {
    const query = vectorOf(() => 'the query', vector)
    const { given, native, idsOnly } = this.#searchOptions('searchByVector', options)
    return this.#read<Hit<M>[] | IdHit[]>(given, async token =>
      idsOnly
        ? readIdHits(await this.#native.searchIdsByVector(query, native, token))
        : readHits<M>(await this.#native.searchByVector(query, native, token)),
    )
  }

  /**
   * As {@link searchByVector}, on the calling thread: nothing else happens meanwhile. For scripts, and where the search
   * takes less than waking another thread: some tens of microseconds in an index that is loaded. A `signal` must not have
   * fired before.
   */
  searchByVectorSync(vector: VectorInput, options: IdsOnly): IdHit[]
  searchByVectorSync(vector: VectorInput, options?: SearchOptions): Hit<M>[]
  searchByVectorSync(vector: VectorInput, options?: SearchOptions): Hit<M>[] | IdHit[] {
    const query = vectorOf(() => 'the query', vector)
    const { given, native, idsOnly } = this.#searchOptions('searchByVectorSync', options)
    signalOf(given.signal)?.throwIfAborted()
    return this.#context.operations.runSync<Hit<M>[] | IdHit[]>(() =>
      idsOnly
        ? readIdHitsSync(this.#native.searchIdsByVectorSync(query, native))
        : readHitsSync<M>(this.#native.searchByVectorSync(query, native)),
    )
  }

  /**
   * The nearest records for each of several texts or vectors, in their order, as {@link search} and
   * {@link searchByVector} find them: in one call, at one moment, and faster than one by one. What a `targetRecall` leaves
   * open may be other records. At most 100,000 queries or 256 MiB in a call.
   * @throws {HippocampError} ERR_ENCODER_REQUIRED, ERR_COLLECTION_MISMATCH, ERR_DIMENSION_MISMATCH, ERR_INVALID_VECTOR,
   * ERR_INVALID_FILTER
   */
  async searchMany(queries: readonly (string | VectorInput)[], options: IdsOnly): Promise<IdHit[][]>
  async searchMany(
    queries: readonly (string | VectorInput)[],
    options?: SearchOptions,
  ): Promise<Hit<M>[][]>
  async searchMany(
    queries: readonly (string | VectorInput)[],
    options?: SearchOptions,
  ): Promise<Hit<M>[][] | IdHit[][]> {
    if (!Array.isArray(queries))
      throw invalid(`the queries are ${show(queries)}: give an array of texts or vectors`)
    const all = queries.slice()
    const { given, native, idsOnly } = this.#searchOptions('searchMany', options)
    return this.#read<Hit<M>[][] | IdHit[][]>(given, async (token, signal) => {
      const batch = this.#native.queryBatch(all.length)
      await pushQueries(batch, all, signal)
      if (idsOnly) {
        const columns = await this.#native.searchManyIds(batch, native, token)
        return splitByQuery(await readIdHits(columns), columns)
      }
      const columns = await this.#native.searchMany(batch, native, token)
      return splitByQuery(await readHits<M>(columns), columns)
    })
  }

  /**
   * What a search with the same options thinks of the record with an id in this namespace: which place it would have, and what
   * keeps it from being a hit. Compares every record.
   * @param query a text or a vector
   * @throws {HippocampError} as {@link search} and {@link searchByVector}
   */
  async whyNot(query: string | VectorInput, id: string, options?: SearchOptions): Promise<WhyNot> {
    const name = label('the id', id)
    const { given, native } = this.#searchOptions('whyNot', options)
    const vector = typeof query === 'string' ? undefined : vectorOf(() => 'the query', query)
    return this.#read(given, async token => {
      const json = vector
        ? await this.#native.whyNotByVector(vector, name, native, token)
        : await this.#native.whyNot(query as string, name, native, token)
      return JSON.parse(json) as WhyNot
    })
  }

  /** Every namespace of the whole collection that holds records. */
  async namespaces(options?: CallOptions): Promise<NamespaceInfo[]> {
    return this.#read(optionsOf(options, 'namespaces', ['signal']), token =>
      this.#native.namespaces(token),
    )
  }

  /**
   * Whether searches find what they are to find: draws vectors like those in this namespace, other ones each time, searches
   * for their neighbours as asked and exactly, and compares. As costly as that many exact searches.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_LIMIT_EXCEEDED
   */
  async check(options?: CheckOptions): Promise<CheckReport> {
    const given = optionsOf(options, 'check', ['queries', 'k', 'targetRecall', 'signal'])
    const queries = given.queries === undefined ? 100 : integer('queries', given.queries, 1)
    const k = given.k === undefined ? 10 : integer('k', given.k, 1)
    const { recall } = recallOf(given)
    return this.#read(given, async token => {
      const found = await this.#native.check(queries, k, recall, token)
      return { ...found, queries, k }
    })
  }

  /** This namespace in numbers. */
  async stats(options?: CallOptions): Promise<CollectionStats> {
    const given = optionsOf(options, 'stats', ['signal'])
    return this.#read(given, async token => {
      const { dimension, metric, encoder, index, ...numbers } = await this.#native.stats(token)
      return {
        name: this.name,
        namespace: this.path,
        ...(typeof dimension === 'number' && { dimension }),
        ...(typeof metric === 'string' && { metric: metric as Metric }),
        ...(typeof encoder === 'string' && { encoder }),
        ...numbers,
        ...(index && { index }),
      }
    })
  }

  async #write(
    what: 'add' | 'upsert',
    records: NewRecord<M> | readonly NewRecord<M>[],
    options: CallOptions | undefined,
  ): Promise<string[]> {
    const batchOf = this.#recordBatch(records)
    return this.#run(optionsOf(options, what, ['signal']), async (token, signal) => {
      const column = await this.#native.write(await batchOf(signal), what === 'upsert', token)
      return readIds(column)
    })
  }

  /** Records on their way into the addon. A copy: the array may change while the slices of a large batch are taken. */
  #recordBatch(records: NewRecord<M> | readonly NewRecord<M>[]) {
    const all: readonly unknown[] = Array.isArray(records) ? records.slice() : [records]
    return async (signal: AbortSignal | undefined) => {
      const batch = this.#native.recordBatch(all.length)
      await pushRecords(batch, all, this.#context.limits.metadataDepth, signal)
      return batch
    }
  }

  #searchOptions(what: string, options: SearchOptions | undefined) {
    return searchOptions(what, options, this.#context.limits.k)
  }

  async #idBatch(ids: string | readonly string[], signal: AbortSignal | undefined) {
    if (typeof ids !== 'string' && !Array.isArray(ids))
      throw invalid(`the id is ${show(ids)}: give a string or an array of strings`)
    const all = typeof ids === 'string' ? [ids] : ids.slice()
    const batch = this.#native.idBatch(all.length)
    const take = (from: number, to: number) =>
      batch.push(all.slice(from, to).map((id, i) => label(`id ${from + i}`, id)))
    await inSlices(all.length, () => 1, take, signal)
    return batch
  }

  /** A call that changes nothing. */
  #read<T>(
    options: CallOptions,
    start: (token: CancelToken | undefined, signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    const signal = signalOf(options.signal)
    const read = unlessAborted(signal, token => start(token, signal))
    return this.#context.operations.run(signal, read)
  }

  #run<T>(
    options: CallOptions,
    start: (token: CancelToken | undefined, signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    const signal = signalOf(options.signal)
    return this.#context.operations.run(signal, token => start(token, signal))
  }
}

async function readIds({ ids, rest }: IdColumn): Promise<string[]> {
  while (rest) {
    await nextTurn()
    const more = rest.more()
    if (more.length === 0) break
    ids.push(...more)
  }
  return ids
}

/** The filter that says which records are meant, if it is not their ids. */
function whereOf(what: string, which: unknown): string | undefined {
  if (!isObject(which)) return undefined
  const { where } = optionsOf(which as Where, what, ['where'])
  if (where === undefined) throw invalid(`where is undefined in ${what}: give a filter, or ids`)
  return filterOf(where).filter
}

/** Values to be set, as JSON, and keys to be removed. */
function changesOf(changes: Changes, depth: number): { set: string; unset: string[] } {
  const { metadata } = optionsOf(changes, 'update', ['metadata'])
  if (!isObject(metadata))
    throw invalid(`the metadata of the change is ${show(metadata)}: give an object`)
  const unset = Object.keys(metadata).filter(key => metadata[key] === undefined)
  const rules = { what: () => 'the change', code: 'ERR_INVALID_METADATA', depth } as const
  return { set: objectToJson(metadata, rules), unset }
}

function sortOf(sort: ListOptions['sort']): { sort?: string; descending: boolean } {
  if (sort === undefined) return { descending: false }
  if (typeof sort === 'string') return { sort: fieldOf('sort', sort), descending: false }
  const { field, order } = optionsOf(sort, 'sort', ['field', 'order'])
  const descending = order !== undefined && oneOf('sort.order', order, ORDERS) === 'desc'
  return field === undefined ? { descending } : { sort: fieldOf('sort.field', field), descending }
}

function recursiveOf({ recursive }: { readonly recursive?: boolean | undefined }): boolean {
  return recursive !== undefined && boolean('recursive', recursive)
}

/** Makes a collection for {@link Store.collection}. */
export function collectionOf<M extends object>(
  native: NativeCollection,
  context: CollectionContext,
  name: string,
): Collection<M> {
  return make<M>(native, context, name, Object.freeze([]))
}

type IdsOnly = SearchOptions & { readonly idsOnly: true }
