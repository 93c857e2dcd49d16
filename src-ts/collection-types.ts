/**
 * What the calls of a collection take and give.
 */
import type { Metadata, StoredRecord } from './records.js'

/** How vectors are compared: by the cosine of their angle, their euclidean distance or their inner product. */
export type Metric = 'cosine' | 'l2' | 'dot'

/** A value that conditions compare with. Metadata keeps a `Date` as its ISO 8601 string in UTC, and so it is compared. */
export type FilterValue = string | number | boolean | null | Date

/** What must be true of the value at a path; of several operators, all. docs/filters.md says what each means exactly. */
export interface Condition {
  /** It is equal: of the same type, numbers as numbers. */
  readonly $eq?: FilterValue
  /** It is not equal, or there is none. */
  readonly $ne?: FilterValue
  /** It is more: a number than a number, a string (such as a date) than a string. */
  readonly $gt?: string | number | Date
  /** It is more or equal. */
  readonly $gte?: string | number | Date
  /** It is less. */
  readonly $lt?: string | number | Date
  /** It is less or equal. */
  readonly $lte?: string | number | Date
  /** It is equal to one of these. */
  readonly $in?: readonly FilterValue[]
  /** It is equal to none of these, or there is none. */
  readonly $nin?: readonly FilterValue[]
  /** There is a value, even null, or there is none. */
  readonly $exists?: boolean
  /** It is a text with this part, or an array with this element. */
  readonly $contains?: FilterValue
  /**
   * It is a text in which this pattern occurs. Patterns are those of Rust's regex crate, without look-around; of a `RegExp` the
   * text is taken, and its flags `i`, `m` and `s`.
   */
  readonly $regex?: string | RegExp
  /** Of a pattern that is a string: `i` either case, `m` lines, `s` a dot is any character. */
  readonly $options?: string
  /** This is not true of it. */
  readonly $not?: Condition
}

/**
 * Which records: those whose metadata passes every condition. A condition is a value, which the path's must equal, a
 * `RegExp`, or operators. A dotted path goes into objects (`"address.city"`); where it meets an array, one of its elements is enough.
 * `$and` and `$or` take arrays of filters, `$not` a filter.
 */
export interface Filter {
  readonly [path: string]: FilterValue | RegExp | Condition | Filter | readonly Filter[]
}

/** What every call takes. */
export interface CallOptions {
  /** Gives up; the promise then rejects with the signal's reason, and nothing has been changed. */
  readonly signal?: AbortSignal | undefined
}

/** What calls take that return records. */
export interface ReadOptions extends CallOptions {
  /**
   * Whether records carry their vectors.
   * @default false
   */
  readonly vector?: boolean | undefined
}

/** How to import the index of another library. */
export interface ImportOptions extends CallOptions {
  /**
   * What happens to ids that are there: `upsert` replaces them, `add` refuses the whole file.
   * @default 'upsert'
   */
  readonly mode?: 'upsert' | 'add' | undefined
}

/** How to check. */
export interface CheckOptions extends CallOptions {
  /**
   * Searches that are compared with exact ones.
   * @default 100
   */
  readonly queries?: number | undefined
  /**
   * Neighbours that each asks for: 1 to 100.
   * @default 10
   */
  readonly k?: number | undefined
  /**
   * The recall that the searches ask for.
   * @default the collection's
   */
  readonly targetRecall?: number | undefined
}

/** What a check found. */
export interface CheckReport {
  /** Records in this namespace. */
  readonly records: number
  /** How many of them are in the index in memory: all. */
  readonly indexed: number
  /** The part of the true neighbours that the searches found; 1 in an empty namespace. */
  readonly recall: number
  /** Searches that were made. */
  readonly queries: number
  /** Neighbours that each asked for. */
  readonly k: number
}

/** How to list. */
export interface ListOptions extends ReadOptions {
  /** Only records that pass. */
  readonly where?: Filter | undefined
  /**
   * How many records at most.
   * @default 100
   */
  readonly limit?: number | undefined
  /** The `cursor` of the page before, of a listing sorted the same. */
  readonly cursor?: string | undefined
  /**
   * What they are sorted by: a metadata path, or that and the order.
   * @default the order of first insertion
   */
  readonly sort?: string | Sort | undefined
  /**
   * List the records of the namespaces below this one too, as if all were one; records then name theirs.
   * @default false
   */
  readonly recursive?: boolean | undefined
}

/** The records that pass a filter, when something is done to them. */
export interface Where {
  readonly where: Filter
}

/** What becomes of records. */
export interface Changes {
  /** These values take the places of those under the same keys; a key that is `undefined` is removed, others stay. */
  readonly metadata: { readonly [key: string]: unknown }
}

/** When records are like one that is there, and what becomes of both. */
export interface DistinctOptions extends CallOptions {
  /**
   * From which cosine of their vectors on records are alike, above 0 and up to 1. Records whose texts were encoded in parts are
   * alike when all their parts are.
   * @default 0.95
   */
  readonly similarity?: number | undefined
  /**
   * Whether they must also have the same words in the same order, whatever their case and what stands between them. Meanings
   * that are near are not the same: of "at 7" and "at 9" the cosine is 0.97.
   * @default false
   */
  readonly sameWords?: boolean | undefined
  /** Only records that pass are compared with. */
  readonly where?: Filter | undefined
  /**
   * What becomes of a record that is like another: it is not stored, or it is all the same.
   * @default 'skip'
   */
  readonly similar?: 'skip' | 'keep' | undefined
  /**
   * What becomes of the record that was there.
   * @default nothing
   */
  readonly changes?: Changes | undefined
}

/** What became of a record. */
export interface Added {
  /** Its id; that of the record that was there if it was not stored. */
  readonly id: string
  /** The record that it is like, and the cosine of their vectors; absent if there is none. */
  readonly similar?: { readonly id: string; readonly similarity: number }
}

/** How many turns, and which. */
export interface AroundOptions extends CallOptions {
  /** Only turns that pass, besides the one that was asked for. */
  readonly where?: Filter | undefined
  /** @default 1 */
  readonly before?: number | undefined
  /** @default 1 */
  readonly after?: number | undefined
}

/** What listings are sorted by. */
export interface Sort {
  /**
   * A metadata path. Values of different types are sorted by type: null, true and false, numbers, strings; of several values
   * the first in this order counts. Records without one come last.
   * @default the order of first insertion
   */
  readonly field?: string | undefined
  /** @default 'asc' */
  readonly order?: 'asc' | 'desc' | undefined
}

/** How to count. */
export interface CountOptions extends CallOptions {
  /** Only records that pass. */
  readonly where?: Filter | undefined
  /**
   * Count the records of the namespaces below this one too.
   * @default false
   */
  readonly recursive?: boolean | undefined
}

/** How to clear. */
export interface ClearOptions extends CallOptions {
  /**
   * Delete the records of the namespaces below this one too: all or none.
   * @default false
   */
  readonly recursive?: boolean | undefined
}

/** Part of a listing. */
export interface Page<M extends object = Metadata> {
  /** In the order of their first insertion, or as they were to be sorted. */
  readonly records: StoredRecord<M>[]
  /** Where to go on; absent when there is nothing more. */
  readonly cursor?: string
}

/** A namespace that holds records. */
export interface NamespaceInfo {
  /** Its path; empty for the collection's own. */
  readonly path: string[]
  /** Its records. */
  readonly records: number
}

/** A namespace of a collection in numbers. */
export interface CollectionStats {
  /** The collection's name. */
  readonly name: string
  /** The namespace's path. */
  readonly namespace: readonly string[]
  /** Values in a vector; absent before the first record. */
  readonly dimension?: number
  /** How vectors are compared; absent before the first record. */
  readonly metric?: Metric
  /** Fingerprint of the encoder; absent without one. */
  readonly encoder?: string
  /** Records in this namespace. */
  readonly records: number
  /** How many of them are in the index in memory: none before the first search. */
  readonly indexed: number
  /** Bytes of the indexes in memory. */
  readonly indexBytes: number
  /** Whether the vector index is being rebuilt in the background. Searches go on meanwhile. */
  readonly growing: boolean
  /** The vector index; absent before the first search. */
  readonly index?: IndexStats
}

/**
 * What finds candidates in a namespace with many records: `native`, codes of a few bits in lists, or `hnsw`, a graph of f32
 * vectors, which needs more memory and is longer in the making.
 */
export type IndexKind = 'native' | 'hnsw'

/** How the values of a vector are kept in memory: four bytes each, two, or one and a scale for the whole vector. */
export type Precision = 'f32' | 'f16' | 'int8'

/** A vector index in numbers. */
export interface IndexStats {
  /** Lists of codes: 0 while every record is compared, 1 while every code is scanned. */
  readonly lists: number
  /** Bits per dimension of the codes; 0 without codes. */
  readonly bits: number
  /** Vectors in the graph of an index of kind `hnsw`; 0 without a graph. */
  readonly graph: number
  /** Vectors that are in no list or graph yet, and are scanned by every search. */
  readonly tail: number
  /** For each number of neighbours and each recall, how far a search looks: measured on a sample after every rebuild. */
  readonly calibration: readonly {
    /** Neighbours asked for. */
    readonly k: number
    /** The recall asked for. */
    readonly target: number
    /** The recall on the sample. */
    readonly recall: number
    /** Lists scanned. */
    readonly probes: number
    /** Vectors compared exactly. */
    readonly candidates: number
  }[]
}
