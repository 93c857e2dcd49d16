/**
 * Values of any size under keys, in a namespace of their own: for what is kept and found by its key alone, such as
 * checkpoints and documents of other libraries.
 *
 * A value is the text of the record with its key. What is larger than a piece is cut into pieces, which are records beside
 * it; a value and its pieces are written in one call, so that they are there wholly or not at all. Each writing of a value
 * has pieces of its own, so that whoever reads meanwhile never gets pieces of two values.
 */
import { randomUUID } from 'node:crypto'
import { type Backend, requireMethods } from './backends/backend.js'
import { pages } from './backends/pages.js'
import { HippocampError } from './errors.js'
import { label } from './options.js'
import type { Metadata, NewRecord, StoredRecord } from './records.js'

const METHODS = ['upsert', 'get', 'delete', 'list'] as const

/** What values need of the namespace. Its collection should have no vectors (`vectors: false`): nothing is searched. */
export type ValueRecords = Pick<Backend, (typeof METHODS)[number]>

/** A value to be kept. */
export interface NewValue {
  readonly key: string
  readonly value: string | Uint8Array
  /** What is to be known of it without reading it. */
  readonly about?: Readonly<Record<string, unknown>> | undefined
}

/** A value as it is kept. */
export interface KeptValue {
  readonly key: string
  /** A string if a string was given. */
  readonly value: string | Uint8Array
  readonly about: Readonly<Record<string, unknown>>
}

/** Bytes of UTF-8, or characters of base64, in a record: half of what a record can have. */
const PIECE = 512 * 1024
/** In a record's metadata: what is known of the value ({@link NewValue.about}). */
export const ABOUT = 'about'
/** How the value is written, and where the rest of it is. */
const FORM = 'form'
const PIECES = 'pieces'
const VERSION = 'version'
/** Marks records that are pieces. */
const PIECE_OF = 'pieceOf'
/** Records in a page: they may be large. */
const FEW = 32

type Form = 'text' | 'base64-text' | 'base64'

export class LargeValues {
  readonly #records: ValueRecords

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT */
  constructor(records: ValueRecords | undefined) {
    requireMethods(records, METHODS)
    this.#records = records
  }

  /**
   * Keeps values, all or none, in place of those that are there.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT for a key that cannot be one, ERR_LIMIT_EXCEEDED for more than 256 MiB
   */
  async set(values: readonly NewValue[]): Promise<void> {
    if (values.length === 0) return
    const last = new Map(values.map(value => [value.key, value]))
    const keys = [...last.keys()]
    const before = await this.#records.get(keys)
    const records = [...last.values()].flatMap(recordsOf)
    await this.#records.upsert(records)
    const isLarge = records.length > keys.length
    if (isLarge || before.some(record => record && pieceIds(record).length > 0))
      await this.#sweep(keys)
  }

  /** The values under these keys, in their order. */
  async get(keys: readonly string[]): Promise<(KeptValue | undefined)[]> {
    if (keys.length === 0) return []
    const records = await this.#records.get(keys)
    return Promise.all(records.map(record => record && this.read(record)))
  }

  /** Deletes values; resolves with how many there were. */
  async delete(keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0
    const count = await this.#records.delete(keys)
    await this.#sweep(keys)
    return count
  }

  /**
   * Deletes the pieces of values that are no more. Of several who write a value at the same time the last counts, and whoever
   * sweeps spares the pieces of those that come meanwhile: they are not among the pieces that are looked up first.
   */
  async #sweep(keys: readonly string[]): Promise<void> {
    const pieces: [id: string, key: unknown, version: unknown][] = []
    const where = { [PIECE_OF]: { $in: keys } }
    for await (const page of pages(this.#records, { where }, { size: FEW })) {
      for (const { id, metadata } of page) {
        const { [PIECE_OF]: key, [VERSION]: version } = metadata as Metadata
        pieces.push([id, key, version])
      }
    }
    if (pieces.length === 0) return
    const now = await this.#records.get(keys)
    const versions = new Map(keys.map((key, i) => [key as unknown, now[i] && versionOf(now[i])]))
    const old = pieces.filter(([, key, version]) => versions.get(key) !== version)
    if (old.length > 0) await this.#records.delete(old.map(([id]) => id))
  }

  /** Keys in the order in which they were first written, read as far as they are asked for. */
  async *keys(): AsyncGenerator<string> {
    for await (const page of pages(this.#records, {}, { size: FEW }))
      for (const record of page) if (!isPiece(record)) yield record.id
  }

  /**
   * The value of a record that was found in another way, such as by a filter on {@link ABOUT}; undefined if it has been deleted
   * meanwhile. One that is written anew while its pieces are read is read again.
   * @throws {HippocampError} ERR_STORE_INVALID for a record that is no value, or whose pieces are gone
   */
  async read(record: StoredRecord<object>): Promise<KeptValue | undefined> {
    let current: StoredRecord<object> | undefined = record
    while (current) {
      const ids = pieceIds(current)
      const pieces = ids.length > 0 ? await this.#records.get(ids) : []
      if (pieces.every(piece => piece !== undefined)) {
        const written = [current, ...pieces].map(({ text = '' }) => text).join('')
        const { [ABOUT]: about, [FORM]: form } = current.metadata as Metadata
        const known = (about ?? {}) as Metadata
        return { key: current.id, value: read(written, form, current.id), about: known }
      }
      const [again]: (StoredRecord<object> | undefined)[] = await this.#records.get([current.id])
      if (again && versionOf(again) === versionOf(current))
        throw new HippocampError(
          'ERR_STORE_INVALID',
          `of the value "${current.id}" ${pieces.filter(piece => !piece).length} of ${ids.length + 1} pieces are missing: another program has deleted them; write it again`,
        )
      current = again
    }
    return undefined
  }
}

function recordsOf({ key, value, about }: NewValue): NewRecord[] {
  label('the key', key)
  const [written, form] = write(value)
  const known = { ...(about && { [ABOUT]: about }), [FORM]: form }
  if (written.length <= PIECE) return [{ id: key, text: written, metadata: known }]
  const version = randomUUID()
  const count = Math.ceil(written.length / PIECE)
  const piece = (i: number) => written.slice(i * PIECE, (i + 1) * PIECE)
  const first = { ...known, [PIECES]: count - 1, [VERSION]: version }
  const rest = Array.from({ length: count - 1 }, (_, i) => ({
    id: pieceId(version, i),
    text: piece(i + 1),
    metadata: { [PIECE_OF]: key, [VERSION]: version },
  }))
  return [{ id: key, text: piece(0), metadata: first }, ...rest]
}

function isPiece({ metadata }: StoredRecord<object>): boolean {
  return PIECE_OF in metadata
}

function pieceId(version: string, i: number): string {
  return `${version}/${i}`
}

function pieceIds({ metadata }: StoredRecord<object>): string[] {
  const { [PIECES]: count = 0, [VERSION]: version } = metadata as Metadata
  return Array.from({ length: Number(count) }, (_, i) => pieceId(String(version), i))
}

function versionOf({ metadata }: StoredRecord<object>): unknown {
  return (metadata as Metadata)[VERSION]
}

/** Only what fits into a record stands there as it is: pieces must not be cut within a character. */
function write(value: string | Uint8Array): [string, Form] {
  if (typeof value !== 'string') return [base64(value), 'base64']
  if (Buffer.byteLength(value) <= PIECE) return [value, 'text']
  return [base64(Buffer.from(value)), 'base64-text']
}

function read(written: string, form: unknown, key: string): string | Uint8Array {
  if (form === 'text') return written
  const bytes = Buffer.from(written, 'base64')
  if (form === 'base64-text') return bytes.toString()
  if (form === 'base64') return new Uint8Array(bytes)
  throw new HippocampError(
    'ERR_STORE_INVALID',
    `the record "${key}" is no value: it was written by something else; keep values in a namespace of their own`,
  )
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
