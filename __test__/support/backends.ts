/** Backends in front of a real one: they count what is asked of it, or fail when they are told to. */
import type { Backend } from 'hippocamp'

/** A call that changes something, and the records or ids that it is about. */
export interface Write {
  readonly call: 'add' | 'addDistinct' | 'upsert' | 'update' | 'delete' | 'clear'
  readonly count: number
  readonly ids: readonly string[]
}

/**
 * The same backend, and what is written through it.
 * @param before called before each write: what it throws, the write ends with
 */
export function observed(backend: Backend, before: (write: Write) => void = () => {}) {
  const writes: Write[] = []
  const note = (call: Write['call'], what: unknown) => {
    const all = Array.isArray(what) ? what : []
    const ids = all.map(one => (typeof one === 'string' ? one : String(one.id)))
    const write = { call, count: ids.length, ids }
    before(write)
    writes.push(write)
  }
  const front: Backend = {
    path: backend.path,
    namespace: path => backend.namespace(path),
    add: async (records, options) => {
      note('add', records)
      return backend.add(records, options)
    },
    addDistinct: async (records, options) => {
      note('addDistinct', records)
      return backend.addDistinct(records, options)
    },
    upsert: async (records, options) => {
      note('upsert', records)
      return backend.upsert(records, options)
    },
    update: async (which, changes, options) => {
      note('update', which)
      return backend.update(which, changes, options)
    },
    delete: async (which, options) => {
      note('delete', which)
      return backend.delete(which, options)
    },
    clear: async options => {
      note('clear', [])
      return backend.clear(options)
    },
    get: (ids, options) => backend.get(ids, options),
    around: (id, options) => backend.around(id, options),
    list: options => backend.list(options),
    count: options => backend.count(options),
    search: (text, options) => backend.search(text, options),
  }
  return { backend: front, writes }
}

/** How many records were stored, and so encoded. */
export function encoded(writes: readonly Write[]): number {
  return writes
    .filter(({ call }) => call === 'add' || call === 'upsert')
    .reduce((sum, { count }) => sum + count, 0)
}
