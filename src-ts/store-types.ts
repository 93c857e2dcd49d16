/**
 * What the calls of a store take and give.
 */
import type { IndexKind, Metric, Precision } from './collection-types.js'
import type { Encoder } from './encoder.js'

/** How to open a store. */
export interface OpenOptions {
  /**
   * The encoder of the collections that are not given one of their own; a model id or folder is loaded first, as by
   * {@link loadEncoder}. Without an encoder, records need vectors.
   */
  readonly encoder?: Encoder | string | undefined
  /**
   * What an acknowledged write survives: `durable` a loss of power, `relaxed` an end of the process (the last writes may be
   * lost with the power, nothing is damaged), `memory` too, but a loss of power may damage the file.
   * @default 'durable'
   */
  readonly durability?: Durability | undefined
  /**
   * Refuse every write.
   * @default false
   */
  readonly readOnly?: boolean | undefined
  /**
   * Make the file if there is none.
   * @default true
   */
  readonly create?: boolean | undefined
  /**
   * How long to wait while another process writes, in milliseconds.
   * @default 5000
   */
  readonly busyTimeout?: number | undefined
  /**
   * Bytes that the indexes of all namespaces may take in memory together. Beyond that the indexes of those that were not
   * searched for longest are dropped; they are loaded again when they are searched. One that is larger than this alone is
   * loaded all the same.
   * @default half of the memory that the process may use
   */
  readonly indexMemory?: number | undefined
  /** Upper bounds that are to be others than the default ones. */
  readonly limits?: Limits | undefined
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** What an acknowledged write survives. */
export type Durability = 'durable' | 'relaxed' | 'memory'

/** Upper bounds of what is accepted. They keep one careless call from taking the process's memory. */
export interface Limits {
  /**
   * Values in a vector.
   * @default 16384
   */
  readonly dimension?: number | undefined
  /**
   * Hits of one search.
   * @default 10000
   */
  readonly k?: number | undefined
  /**
   * Records or ids in one call.
   * @default 100000
   */
  readonly batchRecords?: number | undefined
  /**
   * Bytes of ids, texts, metadata and vectors in one call.
   * @default 268435456 (256 MiB)
   */
  readonly batchBytes?: number | undefined
  /**
   * Bytes of UTF-8 in one text.
   * @default 1048576 (1 MiB)
   */
  readonly textBytes?: number | undefined
  /**
   * Bytes of one record's metadata as JSON.
   * @default 65536 (64 KiB)
   */
  readonly metadataBytes?: number | undefined
  /**
   * Levels of objects and arrays in metadata; at most 100.
   * @default 32
   */
  readonly metadataDepth?: number | undefined
  /**
   * Bytes of UTF-8 in an id, a collection's name or a part of a namespace.
   * @default 512
   */
  readonly idBytes?: number | undefined
  /**
   * Conditions in a filter.
   * @default 1000
   */
  readonly filterNodes?: number | undefined
  /**
   * Bytes of a file that is imported.
   * @default 4294967296 (4 GiB)
   */
  readonly importBytes?: number | undefined
}

/** What a collection is to be like. What is left out is as it was stored, or, for a new one, as the store's encoder says. */
export interface CollectionOptions {
  /**
   * Values in a vector.
   * @default the encoder's, or that of the first record's vector
   */
  readonly dimension?: number | undefined
  /**
   * Whether records have vectors; fixed when the collection is made. One without is searched by words, and needs no encoder.
   * @default true
   */
  readonly vectors?: boolean | undefined
  /**
   * How vectors are compared; fixed when the collection is made.
   * @default 'cosine'
   */
  readonly metric?: Metric | undefined
  /**
   * How large namespaces are searched; fixed when the collection is made.
   * @default 'native'
   */
  readonly index?: IndexKind | undefined
  /**
   * How the index keeps vectors in memory; fixed when the collection is made. The file keeps them as f32 in any case.
   * Scores are exact to this precision.
   * @default 'f16' for cosine and at least 128 dimensions, otherwise 'f32'
   */
  readonly precision?: Precision | undefined
  /**
   * The recall that searches are to have unless they say otherwise, above 0 and up to 1; fixed when the collection is made.
   * @default 0.99
   */
  readonly targetRecall?: number | undefined
  /**
   * The language of the words of its texts; fixed when the collection is made. Texts in scripts without spaces (Chinese,
   * Japanese, Korean, Thai …) are told by their characters, so that `zh`, `ja`, `ko`, `th` and `vi` only say that the words
   * of others among them are taken as English. `none` takes all words as they are written.
   * @default 'en'
   */
  readonly language?: Language | undefined
  /**
   * That records are turns of conversations, and where their metadata say so; fixed when the collection is made. The vector
   * of a turn is also made of the turn before it and of who speaks, its words are joined by the speaker's name and the date,
   * and it is ranked by its neighbours too; docs/ranking.md says how. Turns of a session follow each other in the order of
   * their first insertion: add them one after the other, or together.
   * @default records are not turns
   */
  readonly turns?: boolean | Turns | undefined
  /**
   * Encodes the texts of this collection.
   * @default the store's encoder
   */
  readonly encoder?: Encoder | undefined
}

/** The metadata paths of turns. */
export interface Turns {
  /**
   * Of the session, a string or a number.
   * @default 'session'
   */
  readonly session?: string | undefined
  /**
   * Of who speaks.
   * @default 'speaker'
   */
  readonly speaker?: string | undefined
  /**
   * Of the time: a date, or milliseconds since 1970.
   * @default 'time'
   */
  readonly time?: string | undefined
}

/** A language by its code of ISO 639-1. */
export type Language =
  | 'ar'
  | 'ca'
  | 'cs'
  | 'da'
  | 'de'
  | 'el'
  | 'en'
  | 'es'
  | 'et'
  | 'eu'
  | 'fa'
  | 'fi'
  | 'fr'
  | 'ga'
  | 'hi'
  | 'hu'
  | 'hy'
  | 'id'
  | 'it'
  | 'ja'
  | 'ko'
  | 'lt'
  | 'nl'
  | 'no'
  | 'pl'
  | 'pt'
  | 'ro'
  | 'ru'
  | 'sv'
  | 'th'
  | 'tr'
  | 'uk'
  | 'vi'
  | 'zh'
  | 'none'

/** A collection in a listing. */
export interface CollectionInfo {
  readonly name: string
  /** Values in its vectors; 0 if its records have none. */
  readonly dimension: number
  readonly metric: Metric
  /** Fingerprint of its encoder; absent without one. */
  readonly encoder?: string
  /** Records in all its namespaces. */
  readonly records: number
}

/** A store in numbers. */
export interface StoreStats {
  /** The file. */
  readonly path: string
  /** Bytes on disk, the write-ahead log included. */
  readonly bytes: number
  /** Number of the last committed change. */
  readonly lsn: number
  /** How many collections there are. */
  readonly collections: number
  /** How many namespaces have their indexes in memory. */
  readonly partitions: number
  /** Bytes of these indexes; see {@link OpenOptions.indexMemory}. */
  readonly indexBytes: number
}
