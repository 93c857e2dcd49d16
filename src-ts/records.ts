/**
 * Records: their shape, their way into the addon (as columns, see `RecordBatch`) and back.
 */
import { HippocampError } from './errors.js'
import type { Explanation } from './explanation.js'
import { objectToJson } from './json.js'
import type { IdHitColumns, RecordBatch, RecordColumns } from './native.js'
import { isObject, label, refuseUnknown, show, text, vectorOf } from './options.js'
import { inSlices, nextTurn } from './slices.js'

/**
 * What can be attached to a record: a plain object of JSON values. A `Date` is stored as its ISO string, properties that
 * are `undefined` are left out, and what JSON cannot hold (functions, BigInt, NaN, cycles, class instances) is refused.
 */
export type Metadata = { [key: string]: unknown }

/** A vector that is given: `dimension` finite numbers. */
export type VectorInput = Float32Array | Float64Array | readonly number[]

/** A record to be stored. It needs a text or a vector; with both, the vector is taken as it is. */
export interface NewRecord<M extends object = Metadata> {
  /**
   * Unique in its namespace: 1 to 512 bytes of UTF-8, without NUL.
   * @default a new ULID, which sorts by time
   */
  readonly id?: string | undefined
  /** At most 1 MiB of UTF-8; lone surrogates are stored as U+FFFD. Encoded by the collection's encoder unless `vector` is given. */
  readonly text?: string | undefined
  /** At most 64 KiB of JSON and 32 levels. */
  readonly metadata?: M | undefined
  /** Finite numbers, as many as the collection's dimension. */
  readonly vector?: VectorInput | undefined
}

/** A found record by its id. */
export interface IdHit {
  /** Unique in its namespace. */
  readonly id: string
  /** Higher is better; see {@link Hit.score}. */
  readonly score: number
  /** Lower is better; see {@link Hit.distance}. */
  readonly distance?: number
  /** The path of its namespace, in a `recursive` search. */
  readonly namespace?: readonly string[]
}

/** A record as it is stored. */
export interface StoredRecord<M extends object = Metadata> {
  /** Unique in its namespace. */
  readonly id: string
  /** Absent for a record that was stored with a vector only. */
  readonly text?: string
  /** Empty if none was given. */
  readonly metadata: M
  /** The vector as it is stored, if it was asked for. */
  readonly vector?: Float32Array
  /** When this id was first written. */
  readonly createdAt: Date
  /** When it was last written. */
  readonly updatedAt: Date
  /** The path of its namespace, in a `recursive` search or listing. */
  readonly namespace?: readonly string[]
}

/** A record that a search found. */
export interface Hit<M extends object = Metadata> extends StoredRecord<M> {
  /**
   * From 0, it has nothing in common with the question, to 1, it says the same; in every mode. docs/ranking.md says what it
   * is made of, and {@link explanation} of this hit.
   */
  readonly score: number
  /**
   * Lower is better: 1 - cosine, the negative inner product, or the euclidean distance. Absent if no vectors were compared:
   * in mode `lexical`.
   */
  readonly distance?: number
  /** What has made the score, if that was asked for. */
  readonly explanation?: Explanation
}

const KEYS = ['id', 'text', 'metadata', 'vector'] as const
/** In the lengths of vectors: this record has none. */
const NO_VECTOR = 0xffff_ffff
/** Numbers in a row: created, updated, score, distance. */
const NUMBERS = 4

/**
 * Pushes records into a batch, slice by slice.
 * @param depth levels of metadata at most
 */
export async function pushRecords(
  batch: RecordBatch,
  records: readonly unknown[],
  depth: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const weigh = (row: number) => {
    const { text, vector } = (records[row] ?? {}) as {
      text?: ArrayLike<unknown>
      vector?: ArrayLike<unknown>
    }
    return (text?.length ?? 0) + (vector?.length ?? 0)
  }
  const take = (from: number, to: number) => pushSlice(batch, records, from, to, depth)
  await inSlices(records.length, weigh, take, signal)
}

function pushSlice(
  batch: RecordBatch,
  records: readonly unknown[],
  from: number,
  to: number,
  depth: number,
): void {
  const row = (_: unknown, i: number) => checked(records[from + i], from + i, depth)
  pushRows(batch, Array.from({ length: to - from }, row))
}

function pushRows(batch: RecordBatch, rows: readonly Row[]): void {
  const lengths = Uint32Array.from(rows, row => row.vector?.length ?? NO_VECTOR)
  const total = rows.reduce((sum, row) => sum + (row.vector?.length ?? 0), 0)
  const vectors = new Float32Array(total)
  let offset = 0
  for (const { vector } of rows) {
    if (!vector) continue
    vectors.set(vector, offset)
    offset += vector.length
  }
  batch.push(
    rows.map(row => row.id),
    rows.map(row => row.text),
    rows.map(row => row.metadata),
    vectors,
    lengths,
  )
}

interface Row {
  readonly id: string | undefined
  readonly text: string | undefined
  readonly metadata: string | undefined
  readonly vector: Float32Array | undefined
}

function checked(record: unknown, row: number, depth: number): Row {
  const name = `record ${row}`
  if (!isObject(record)) {
    throw new HippocampError('ERR_INVALID_ARGUMENT', `${name} is ${show(record)}: give an object`)
  }
  refuseUnknown(record, KEYS, key => `unknown key "${key}" of ${name}`)
  const {
    id,
    text: words,
    metadata,
    vector,
  } = record as { [key in (typeof KEYS)[number]]?: unknown }
  return {
    id: id === undefined ? undefined : label(`the id of ${name}`, id),
    text: words === undefined ? undefined : text(`the text of ${name}`, words),
    metadata:
      metadata === undefined
        ? undefined
        : objectToJson(metadata, {
            what: () => `the metadata of ${name}`,
            code: 'ERR_INVALID_METADATA',
            depth,
          }),
    vector: vector === undefined ? undefined : vectorOf(() => `the vector of ${name}`, vector),
  }
}

/** Pushes texts and vectors to search with into a batch, slice by slice. */
export async function pushQueries(
  batch: RecordBatch,
  queries: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const weigh = (row: number) => (queries[row] as ArrayLike<unknown> | undefined)?.length ?? 0
  const take = (from: number, to: number) => {
    const rows = queries.slice(from, to).map((query, i) => queryRow(query, from + i))
    pushRows(batch, rows)
  }
  await inSlices(queries.length, weigh, take, signal)
}

function queryRow(query: unknown, at: number): Row {
  const none = { id: undefined, metadata: undefined }
  return typeof query === 'string'
    ? { ...none, text: query, vector: undefined }
    : { ...none, text: undefined, vector: vectorOf(() => `query ${at}`, query) }
}

/** The records of all rows, in their order; undefined where there is none. */
export function readRecords<M extends object>(
  columns: RecordColumns,
): Promise<(StoredRecord<M> | undefined)[]> {
  return readRows(columns, (slice, row) => recordAt<M>(slice, row, false))
}

/** The hits of all rows, in their order. */
export function readHits<M extends object>(columns: RecordColumns): Promise<Hit<M>[]> {
  return readRows(columns, (slice, row) => recordAt<M>(slice, row, true) as Hit<M>)
}

/** The hits of all rows, in their order, at once. */
export function readHitsSync<M extends object>(columns: RecordColumns): Hit<M>[] {
  const hits: Hit<M>[] = []
  for (const slice of slicesOf(columns)) {
    const parsed = parse(slice)
    for (let row = 0; row < slice.ids.length; row++)
      hits.push(recordAt<M>(parsed, row, true) as Hit<M>)
  }
  return hits
}

/** What was found for each query. */
export function splitByQuery<T>(hits: readonly T[], { counts }: { counts?: number[] }): T[][] {
  let end = 0
  return (counts ?? []).map(count => {
    end += count
    return hits.slice(end - count, end)
  })
}

/** The found ids of all rows, in their order. */
export async function readIdHits(columns: IdHitColumns): Promise<IdHit[]> {
  const hits: IdHit[] = []
  for (const slice of slicesOf(columns)) {
    if (slice !== columns) await nextTurn()
    appendIdHits(hits, slice)
  }
  return hits
}

/** The found ids of all rows, in their order, at once. */
export function readIdHitsSync(columns: IdHitColumns): IdHit[] {
  const hits: IdHit[] = []
  for (const slice of slicesOf(columns)) appendIdHits(hits, slice)
  return hits
}

function appendIdHits(hits: IdHit[], { ids, numbers, namespaces }: IdHitColumns): void {
  let start = 0
  for (let row = 0; 3 * row < numbers.length; row++) {
    const end = numbers[3 * row] as number
    const id = ids.slice(start, end)
    const score = numbers[3 * row + 1] as number
    const distance = numbers[3 * row + 2] as number
    const namespace = namespaces?.[row]
    const hit = Number.isNaN(distance) ? { id, score } : { id, score, distance }
    hits.push(namespace ? { ...hit, namespace } : hit)
    start = end
  }
}

/** What was handed over, then what did not fit, slice by slice. */
function* slicesOf<C extends { ids: { length: number }; rest?: { more(): C } | undefined }>(
  columns: C,
): Generator<C> {
  for (let slice = columns; slice.ids.length > 0; slice = columns.rest.more()) {
    yield slice
    if (!columns.rest) return
  }
}

/** Columns whose metadata was parsed and whose vectors were given to their rows. */
interface Slice {
  readonly columns: RecordColumns
  readonly metadata: readonly (object | null)[]
  readonly vectors: readonly (Float32Array | undefined)[]
  readonly numbers: Float64Array
}

async function readRows<T>(
  columns: RecordColumns,
  read: (slice: Slice, row: number) => T,
): Promise<T[]> {
  const rows: T[] = []
  for (const slice of slicesOf(columns)) {
    if (slice !== columns) await nextTurn()
    const parsed = parse(slice)
    for (let row = 0; row < slice.ids.length; row++) rows.push(read(parsed, row))
  }
  return rows
}

/** A record that is being made, property by property: several times faster than spreading what is there. */
type Draft<M extends object> = { -readonly [K in keyof Hit<M>]?: Hit<M>[K] }

function recordAt<M extends object>(slice: Slice, row: number, scored: boolean) {
  const { columns, metadata, numbers, vectors } = slice
  const id = columns.ids[row]
  if (typeof id !== 'string') return undefined
  const at = NUMBERS * row
  const draft: Draft<M> = { id }
  const text = columns.texts[row]
  if (typeof text === 'string') draft.text = text
  draft.metadata = (metadata[row] ?? {}) as M
  if (scored) {
    draft.score = numbers[at + 2] as number
    const distance = numbers[at + 3] as number
    if (!Number.isNaN(distance)) draft.distance = distance
    const explanation = columns.explanations?.[row]
    if (explanation) draft.explanation = JSON.parse(explanation) as Explanation
  }
  const namespace = columns.namespaces?.[row]
  if (namespace) draft.namespace = namespace
  const vector = vectors[row]
  if (vector) draft.vector = vector
  draft.createdAt = new Date(numbers[at] as number)
  draft.updatedAt = new Date(numbers[at + 1] as number)
  return draft as StoredRecord<M>
}

function parse(columns: RecordColumns): Slice {
  const { ids, numbers } = columns
  const metadata = parseMetadata(columns.metadata)
  return { columns, metadata, vectors: splitVectors(ids, columns.vectors), numbers }
}

function parseMetadata(json: string): (object | null)[] {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new HippocampError(
      'ERR_STORE_INVALID',
      'the metadata of a stored record is not JSON: the file was changed by another program; write the record again',
      { cause: error },
    )
  }
}

/** Each row's own vector: a copy, so that keeping one does not keep them all. */
function splitVectors(
  ids: RecordColumns['ids'],
  vectors: Float32Array | null | undefined,
): (Float32Array | undefined)[] {
  if (!vectors) return []
  const records = ids.filter(id => typeof id === 'string').length
  const dimension = vectors.length / records
  let offset = 0
  return ids.map(id => {
    if (typeof id !== 'string') return undefined
    offset += dimension
    return vectors.slice(offset - dimension, offset)
  })
}
