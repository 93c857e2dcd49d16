/**
 * What is known of each entity: one record each, found by its name however it is written. The name is the record's text; what is
 * known is metadata, which need not be encoded with every turn.
 */
import { createHash } from 'node:crypto'
import { listed } from '../backends/pages.js'
import type { Metadata, NewRecord, StoredRecord } from '../records.js'
import type { Records } from './ram-records.js'

/** What is known of an entity. */
export interface EntityNote {
  /** The name as it was written last. */
  readonly name: string
  readonly summary: string
}

/** Bytes of an id that a store takes at most. */
const LONGEST = 512
/** Characters of what is known: what a record's metadata can hold, however it is written. The newest are kept. */
export const MOST = 10_000
/** Records that are looked through for a part of a name, the newest. */
const LOOKED_THROUGH = 2_000
/** Characters of a name which is too long that stand before its hash. */
const HEAD = 100

export class EntityRecords {
  readonly #records: Records

  constructor(records: Records) {
    this.#records = records
  }

  /** What is known of each name, by id; nothing for those of which nothing is known. */
  async read(
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Map<string, EntityNote>> {
    const ids = [...new Set(names.map(idOf))].filter(id => id !== '')
    const records = ids.length > 0 ? await this.#records.get(ids, { signal }) : []
    return new Map(records.filter(record => record !== undefined).map(r => [r.id, noteOf(r)]))
  }

  /** What is known of all whose name passes, the newest first. */
  async find(
    passes: (name: string) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<EntityNote[]> {
    const newest = { sort: { order: 'desc' }, signal } as const
    const records = await listed(this.#records, newest, { most: LOOKED_THROUGH })
    return records.filter(({ text = '' }) => passes(text)).map(noteOf)
  }

  async write(notes: readonly EntityNote[], signal?: AbortSignal): Promise<void> {
    if (notes.length > 0) await this.#records.upsert(notes.map(recordOf), { signal })
  }

  /** Puts notes back that were replaced, unless they have changed again, and deletes those that were new. */
  async restore(
    before: ReadonlyMap<string, EntityNote>,
    after: readonly EntityNote[],
  ): Promise<void> {
    const names = after.map(({ name }) => name)
    const now = await this.read(names, undefined)
    const own = after.filter(({ name, summary }) => now.get(idOf(name))?.summary === summary)
    const ids = own.map(({ name }) => idOf(name))
    const gone = ids.filter(id => !before.has(id))
    if (gone.length > 0) await this.#records.delete(gone)
    await this.write(ids.flatMap(id => before.get(id) ?? []))
  }

  async clear(signal: AbortSignal | undefined): Promise<void> {
    await this.#records.clear({ signal })
  }
}

/** The same for all ways of writing a name: width, case, spaces. */
export function plain(name: string): string {
  const spaced = name.toWellFormed().normalize('NFKC').toLowerCase()
  // A store takes no NUL, and nobody sees the other control characters.
  return spaced.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

/** The id of the record about a name. Empty for what is no name. */
export function idOf(name: string): string {
  const id = plain(name)
  if (Buffer.byteLength(id) <= LONGEST) return id
  const hash = createHash('sha256').update(id).digest('hex')
  return `${Array.from(id).slice(0, HEAD).join('')}#${hash}`
}

function recordOf({ name, summary }: EntityNote): NewRecord {
  return { id: idOf(name), text: name, metadata: { summary } }
}

function noteOf({ text = '', metadata }: StoredRecord<object>): EntityNote {
  const { summary } = metadata as Metadata
  return { name: text, summary: typeof summary === 'string' ? summary : '' }
}
