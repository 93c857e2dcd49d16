/**
 * Records in RAM: what a memory keeps its state in when it was given no collection. They are never searched. Metadata are kept
 * as JSON, so that they come back as they do from a store, and what a store refuses is refused.
 */
import { randomUUID } from 'node:crypto'
import type { Backend } from '../backends/backend.js'
import type { CallOptions, ListOptions, Page, ReadOptions, Where } from '../collection-types.js'
import { HippocampError, invalid } from '../errors.js'
import { objectToJson } from '../json.js'
import type { NewRecord, StoredRecord } from '../records.js'

/** The part of a backend that keeps records without searching them. */
export type Records = Pick<Backend, 'add' | 'upsert' | 'delete' | 'clear' | 'get' | 'list'>

type Kept = Omit<StoredRecord, 'metadata'> & { readonly metadata: string }

const PAGE = 100
/** Levels of metadata at most: a store's default. */
const DEPTH = 32

export class RamRecords implements Records {
  /** In the order of first insertion. */
  readonly #records = new Map<string, Kept>()

  async add(records: readonly NewRecord[], options?: CallOptions): Promise<string[]> {
    const met = new Set<string>()
    for (const { id } of records) {
      if (id === undefined) continue
      if (met.has(id) || this.#records.has(id)) {
        throw new HippocampError('ERR_RECORD_EXISTS', `"${id}" is there already: use upsert`)
      }
      met.add(id)
    }
    return this.upsert(records, options)
  }

  async upsert(records: readonly NewRecord[], options?: CallOptions): Promise<string[]> {
    options?.signal?.throwIfAborted()
    const now = new Date()
    const kept = records.map((record, row) => this.#kept(record, row, now))
    for (const record of kept) this.#records.set(record.id, record)
    return kept.map(({ id }) => id)
  }

  async delete(which: readonly string[] | Where, options?: CallOptions): Promise<number> {
    options?.signal?.throwIfAborted()
    if (!Array.isArray(which)) throw invalid('records in RAM are deleted by their ids: give ids')
    return which.filter(id => this.#records.delete(id)).length
  }

  async clear(options?: CallOptions): Promise<number> {
    options?.signal?.throwIfAborted()
    const count = this.#records.size
    this.#records.clear()
    return count
  }

  async get(ids: readonly string[], options?: ReadOptions): Promise<(StoredRecord | undefined)[]> {
    options?.signal?.throwIfAborted()
    return ids.map(id => this.#read(id))
  }

  /** In the order of first insertion, or against it; filters and fields to sort by are not known here. */
  async list(options: ListOptions = {}): Promise<Page> {
    options.signal?.throwIfAborted()
    const { limit = PAGE, cursor, sort } = options
    const ids = [...this.#records.keys()]
    if (typeof sort === 'object' && sort.order === 'desc') ids.reverse()
    const start = cursor === undefined ? 0 : ids.indexOf(cursor) + 1
    const page = ids.slice(start, start + limit)
    const records = page.map(id => this.#read(id) as StoredRecord)
    const last = page.at(-1)
    return start + limit < ids.length && last !== undefined
      ? { records, cursor: last }
      : { records }
  }

  #kept({ id = randomUUID(), text, metadata = {} }: NewRecord, row: number, now: Date): Kept {
    const what = () => `the metadata of record ${row}`
    const json = objectToJson(metadata, { what, code: 'ERR_INVALID_METADATA', depth: DEPTH })
    const createdAt = this.#records.get(id)?.createdAt ?? now
    const record = { id, metadata: json, createdAt, updatedAt: now }
    return text === undefined ? record : { ...record, text }
  }

  #read(id: string): StoredRecord | undefined {
    const record = this.#records.get(id)
    return record && { ...record, metadata: JSON.parse(record.metadata) }
  }
}
