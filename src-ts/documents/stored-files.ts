/**
 * What a backend has of a root, and how a file's chunks in it are replaced.
 *
 * A file's first chunk carries its state (hash, settings, number of chunks). The state is taken away before anything of the
 * file is changed, and written when all of it is done, so that a state that is there is true. What was interrupted has none;
 * if not even a first chunk was written, it shows in the sum: there are more chunks than the states account for. Then, and only
 * then, all chunks of the root are looked at. Writing a file again finds the chunks that are there already.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Backend } from '../backends/backend.js'
import { pages } from '../backends/pages.js'
import type { Where } from '../collection-types.js'
import type { StoredRecord } from '../records.js'
import type { ChunkMetadata, FileState, NewChunk, StoredName } from './stored-chunk.js'

/** Chunks in one write: between two of them, an ingest can be aborted. */
const BATCH = 128
/** Changes of metadata at the same time, which are then committed together. */
const CHANGES = 64

type Stored = StoredRecord<ChunkMetadata & Record<string, unknown>>

/** The states of a root's files by their sources; undefined of files that don't add up. */
export async function storedFiles(
  backend: Backend,
  root: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, FileState | undefined>> {
  const states = new Map<string, FileState | undefined>()
  const first = { where: { 'ingest.root': root, 'ingest.chunk': 0 } }
  for await (const { metadata } of recordsOf(backend, first, signal)) {
    states.set(metadata.source, metadata.ingest.file)
  }
  const accounted = [...states.values()].reduce((sum, state) => sum + (state?.chunks ?? 0), 0)
  const all = { where: { 'ingest.root': root } }
  if ((await backend.count({ ...all, signal })) === accounted) return states

  const counts = new Map<string, number>()
  for await (const { metadata } of recordsOf(backend, all, signal)) {
    counts.set(metadata.source, (counts.get(metadata.source) ?? 0) + 1)
  }
  for (const source of new Set([...states.keys(), ...counts.keys()])) {
    if (states.get(source)?.chunks !== counts.get(source)) states.set(source, undefined)
  }
  return states
}

/**
 * Makes the chunks of a file those that are given; resolves with how many had to be stored anew.
 * @param state of the file, for its first chunk
 */
export async function replaceChunks(
  backend: Backend,
  name: StoredName,
  chunks: readonly NewChunk[],
  state: FileState,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stored = new Map<string, Stored>()
  for await (const record of recordsOf(backend, whereOf(name), signal))
    stored.set(record.id, record)

  const [first, ...others] = withState(chunks, state)
  const fresh = others.filter(({ id }) => !stored.has(id))
  const moved = others.filter(chunk => isChanged(chunk, stored))
  const wanted = new Set(chunks.map(({ id }) => id))
  const stale = [...stored.keys()].filter(id => !wanted.has(id))
  const isDone = fresh.length + moved.length + stale.length === 0
  if (first && isDone && stored.has(first.id) && !isChanged(first, stored)) return 0

  await withdrawState(backend, stored, signal)
  for (let from = 0; from < fresh.length; from += BATCH)
    await backend.upsert(fresh.slice(from, from + BATCH), { signal })
  for (let from = 0; from < moved.length; from += CHANGES) {
    const some = moved.slice(from, from + CHANGES)
    await Promise.all(some.map(chunk => relabel(backend, chunk, stored, signal)))
  }
  if (stale.length > 0) await backend.delete(stale, { signal })
  if (!first) return 0
  if (stored.has(first.id)) await relabel(backend, first, stored, signal)
  else await backend.upsert([first], { signal })
  return fresh.length + (stored.has(first.id) ? 0 : 1)
}

/** The chunks, the first of them with the state of the file. */
function withState(chunks: readonly NewChunk[], file: FileState): NewChunk[] {
  return chunks.map((chunk, at) => {
    if (at > 0) return chunk
    const ingest = { ...chunk.metadata.ingest, file }
    return { ...chunk, metadata: { ...chunk.metadata, ingest } }
  })
}

/** Whether a chunk is stored, but with other metadata. */
function isChanged({ id, metadata }: NewChunk, stored: ReadonlyMap<string, Stored>): boolean {
  const before = stored.get(id)
  return before !== undefined && !isDeepStrictEqual(before.metadata, metadata)
}

/** Says that the file's chunks are not what they were when its state was written. */
async function withdrawState(
  backend: Backend,
  stored: ReadonlyMap<string, Stored>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { id, metadata } of stored.values()) {
    if (metadata.ingest.file === undefined) continue
    const { file: _, ...ingest } = metadata.ingest
    await backend.update([id], { metadata: { ingest } }, { signal })
  }
}

/** Deletes all chunks of a file; resolves with how many there were. */
export async function deleteFile(
  backend: Backend,
  name: StoredName,
  signal: AbortSignal | undefined,
): Promise<number> {
  return backend.delete(whereOf(name), { signal })
}

function whereOf({ root, source }: StoredName): Where {
  return { where: { 'ingest.root': root, source } }
}

/** Gives a stored chunk its new metadata; text and vector stay. */
async function relabel(
  backend: Backend,
  { id, metadata }: NewChunk,
  stored: ReadonlyMap<string, Stored>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const before = Object.keys(stored.get(id)?.metadata ?? {})
  const gone = before.filter(key => !Object.hasOwn(metadata, key)).map(key => [key, undefined])
  await backend.update([id], { metadata: { ...Object.fromEntries(gone), ...metadata } }, { signal })
}

/** All records that pass, page by page. */
async function* recordsOf(
  backend: Backend,
  { where }: Where,
  signal: AbortSignal | undefined,
): AsyncGenerator<Stored> {
  for await (const page of pages(backend, { where, signal })) yield* page as Stored[]
}
