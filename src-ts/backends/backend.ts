/**
 * What memories and documents need of the place where their records are. A hippocamp {@link Collection} is one as it is, and
 * so is each of its namespaces.
 *
 * Architecture invariant: memory components and documents know this interface and nothing else of a store, so that each of
 * them works on every backend.
 */
import type {
  Added,
  AroundOptions,
  CallOptions,
  Changes,
  ClearOptions,
  CountOptions,
  DistinctOptions,
  ListOptions,
  Page,
  ReadOptions,
  Where,
} from '../collection-types.js'
import { invalid } from '../errors.js'
import { isObject, show } from '../options.js'
import type { Hit, NewRecord, StoredRecord } from '../records.js'
import type { SearchOptions } from '../search-types.js'

/**
 * Records in namespaces, which can be searched; a collection is one whatever the type of its metadata. What a write resolves
 * with says that it is durable and visible.
 */
export interface Backend {
  /** The path of the namespace whose records these are. */
  readonly path: readonly string[]
  /** How many records a call may hand over or ask for, if not any number. */
  readonly limits?: { readonly batchRecords: number }
  /** Another namespace, by its whole path. Records of one are never seen in another. */
  namespace(path: readonly string[]): Backend
  /** Stores records, all or none, and resolves with their ids; an id that is there is refused. */
  add(records: readonly NewRecord<object>[], options?: CallOptions): Promise<string[]>
  /** The same, but an id that is there is replaced; it keeps its place in the order of first insertion. */
  upsert(records: readonly NewRecord<object>[], options?: CallOptions): Promise<string[]>
  /**
   * Stores records unless there is one like them, all or none; resolves with what became of each. Of two that come at the same
   * time and say the same one is stored.
   */
  addDistinct(records: readonly NewRecord<object>[], options?: DistinctOptions): Promise<Added[]>
  /** Changes metadata, of all that are meant or of none; resolves with how many there were. */
  update(which: readonly string[] | Where, changes: Changes, options?: CallOptions): Promise<number>
  /** Deletes records; resolves with how many there were. */
  delete(which: readonly string[] | Where, options?: CallOptions): Promise<number>
  /** Deletes every record of the namespace, or also of those below it; resolves with how many there were. */
  clear(options?: ClearOptions): Promise<number>
  /** The records with these ids, in their order. */
  get(ids: readonly string[], options?: ReadOptions): Promise<(StoredRecord<object> | undefined)[]>
  /** Records in the order of their first insertion, or sorted, page by page. */
  list(options?: ListOptions): Promise<Page<object>>
  /** A turn between those before and after it in its session, in their order. */
  around(id: string, options?: AroundOptions): Promise<StoredRecord<object>[]>
  /** How many records there are. */
  count(options?: CountOptions): Promise<number>
  /** The records that answer a text, best first. */
  search(text: string, options?: SearchOptions): Promise<Hit<object>[]>
}

/**
 * Refuses what was given as `collection` if it has not all of these methods.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function requireMethods<C>(
  collection: C,
  methods: readonly (keyof Backend)[],
): asserts collection is NonNullable<C> {
  const given = isObject(collection) ? (collection as Partial<Backend>) : {}
  if (methods.every(name => typeof given[name] === 'function')) return
  throw invalid(
    `collection is ${show(collection)}: give a collection, from store.collection(), or an object with the methods ${methods.join(', ')}`,
  )
}
