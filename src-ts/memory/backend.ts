/**
 * What a memory needs of the place where its records are. A hippocamp `Collection` satisfies it as it is; so does one
 * of its namespaces, which is the way to give each user or talk a memory of its own.
 *
 * Architecture invariant: memories know this interface and nothing else of a store.
 */

/** A record to be stored; the backend gives it an id and encodes its text. */
export interface MemoryRecord {
  text: string
  metadata?: Record<string, unknown>
}

/** A record that was found. */
export interface MemoryHit {
  readonly id: string
  readonly text?: string | null | undefined
  readonly metadata?: unknown
}

/** The options that each call takes. */
export interface MemoryCallOptions {
  readonly signal?: AbortSignal
}

export interface MemoryBackend {
  /** Stores records; resolves to their ids when they are durable and can be found. */
  add(records: MemoryRecord[], options?: MemoryCallOptions): Promise<string[]>
  /** The k most similar records, best first. */
  search(text: string, options?: MemoryCallOptions & { readonly k?: number }): Promise<MemoryHit[]>
  /** Deletes every record. */
  clear(options?: MemoryCallOptions): Promise<unknown>
}
