/** Records in RAM: what a memory keeps its state in when it was given no collection. They are never searched. */

import { randomUUID } from 'node:crypto'
import type { Backend } from '../backends/backend.js'
import type { CallOptions, ListOptions, Page, ReadOptions, Where } from '../collection-types.js'
import { HippocampError, invalid } from '../errors.js'
import type { NewRecord, StoredRecord } from '../records.js'

/** The part of a backend that keeps records without searching them. */
export type Records = Pick<Backend, 'add' | 'upsert' | 'delete' | 'clear' | 'get' | 'list'>

const PAGE = 100

export class RamRecords implements Records {
  /** In the order of first insertion. */
  readonly #records = new Map<string, StoredRecord>()

  async add(records: readonly NewRecord[], options?: CallOptions): Promise<string[]> {
    options?.signal?.throwIfAborted()
    const there = records.find(({ id }) => id !== undefined && this.#records.has(id))
    if (there) throw new HippocampError('ERR_RECORD_EXISTS', `"${there.id}" is there: use upsert`)
    return this.upsert(records, options)
  }

  async upsert(records: readonly NewRecord[], options?: CallOptions): Promise<string[]> {
    options?.signal?.throwIfAborted()
    return records.map(({ id = randomUUID(), text, metadata = {} }) => {
      const now = new Date()
      const createdAt = this.#records.get(id)?.createdAt ?? now
      const record = { id, metadata: structuredClone(metadata), createdAt, updatedAt: now }
      this.#records.set(id, text === undefined ? record : { ...record, text })
      return id
    })
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
    return ids.map(id => this.#records.get(id))
  }

  /** In the order of first insertion, or against it; filters and fields to sort by are not known here. */
  async list(options: ListOptions = {}): Promise<Page> {
    options.signal?.throwIfAborted()
    const { limit = PAGE, cursor, sort } = options
    const ids = [...this.#records.keys()]
    if (typeof sort === 'object' && sort.order === 'desc') ids.reverse()
    const start = cursor === undefined ? 0 : ids.indexOf(cursor) + 1
    const page = ids.slice(start, start + limit)
    const records = page.map(id => this.#records.get(id) as StoredRecord)
    const last = page.at(-1)
    return start + limit < ids.length && last !== undefined
      ? { records, cursor: last }
      : { records }
  }
}
