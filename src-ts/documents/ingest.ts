/**
 * Brings files into a backend, and keeps what is there as they are: what has not changed is not even parsed, what has is
 * replaced chunk by chunk, and what is gone is deleted.
 */
import { webcrypto } from 'node:crypto'
import { HippocampError, invalid } from '../errors.js'
import { isObject, show } from '../options.js'
import { fruitlessOf, isOfContent } from './fruitless.js'
import { type Ingesting, type IngestOptions, ingestingOf } from './ingest-options.js'
import { documentsOf } from './load.js'
import { type Entry, type IngestSource, type Sources, sourcesOf } from './sources.js'
import { chunksOf, type FileState, type NewChunk, type StoredName, sha256 } from './stored-chunk.js'
import { deleteFile, replaceChunks, storedFiles } from './stored-files.js'

/** What an ingest did. */
export interface IngestReport {
  /** Files that were not there before. */
  readonly added: number
  /** Files that were replaced: their content had changed, or the settings, or the last ingest was interrupted. */
  readonly updated: number
  /** Files whose chunks were deleted because they are gone. */
  readonly removed: number
  /** Files that are in the store as they are, or have no text. */
  readonly skipped: number
  /** Files that could not be read, parsed or stored. What was stored of them before is still there. */
  readonly failed: readonly IngestFailure[]
  /** Chunks that were stored, and so encoded. */
  readonly chunks: number
  /** Bytes of all files that were read. */
  readonly bytes: number
  /** Milliseconds that it took. */
  readonly ms: number
}

/** A file that was left out. */
export interface IngestFailure {
  readonly path: string
  readonly error: Error
}

/** Files that are worked on at the same time, so that one is parsed while others are encoded. */
const WORKERS = 4

/**
 * Ingests a file, a folder, documents in memory, or several files and documents.
 *
 * A file that is broken is reported and left out. Files are compared by their content's hash. Each batch of chunks is stored
 * wholly or not at all; an ingest that was interrupted is completed by the next one. Searches may see old and new chunks of a
 * file together while it is replaced.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT, and whatever the backend's writes and listings end with; when aborted, the
 * signal's reason
 */
export async function ingest(source: IngestSource, options: IngestOptions): Promise<IngestReport> {
  if (!isObject(options))
    throw invalid(`the options of ingest are ${show(options)}: give an object`)
  const ingesting = ingestingOf(options)
  ingesting.loading.signal?.throwIfAborted()
  const start = performance.now()
  const sources = await sourcesOf(source, ingesting)
  const run = new Run(ingesting, sources)
  await run.all()
  return run.report(performance.now() - start)
}

/** One ingest. */
class Run {
  readonly #ingesting: Ingesting
  readonly #sources: Sources
  /** By root, then by source. */
  readonly #stored = new Map<string, Map<string, FileState | undefined>>()
  readonly #failed: IngestFailure[]
  readonly #counts = { added: 0, updated: 0, removed: 0, skipped: 0, chunks: 0, bytes: 0 }
  #done = 0

  constructor(ingesting: Ingesting, sources: Sources) {
    this.#ingesting = ingesting
    this.#sources = sources
    this.#failed = [...sources.failed]
  }

  report(ms: number): IngestReport {
    return { ...this.#counts, failed: this.#failed, ms }
  }

  async all(): Promise<void> {
    const { collection, loading } = this.#ingesting
    const { entries, roots } = this.#sources
    for (const root of roots) {
      this.#stored.set(root, await storedFiles(collection, root, loading.signal))
    }
    await inParallel(entries, WORKERS, entry => this.#one(entry))
    await this.#prune()
  }

  async #one(entry: Entry): Promise<void> {
    const { loading, onProgress } = this.#ingesting
    loading.signal?.throwIfAborted()
    try {
      await this.#file(entry)
    } catch (error) {
      loading.signal?.throwIfAborted()
      if (error instanceof StoreFailure) throw error.cause
      const problem = error instanceof Error ? error : new Error(String(error))
      this.#failed.push({ path: entry.path, error: problem })
    }
    const [done, total] = [++this.#done, this.#sources.entries.length]
    onProgress({ file: entry.path, done, total, chunks: this.#counts.chunks })
  }

  async #file(entry: Entry): Promise<void> {
    const { collection, loading, settings } = this.#ingesting
    const stored = this.#stored.get(entry.root)
    const isStored = stored?.has(entry.source) ?? false
    const content = await (isStored ? unlessAbsent(entry.read()) : entry.read())
    if (content === undefined) {
      await this.#remove(entry)
      return
    }
    this.#counts.bytes += Buffer.byteLength(content)
    const hash = await hashOf(content)
    const before = stored?.get(entry.source)
    if (before?.hash === hash && before.settings === settings) {
      this.#counts.skipped++
      return
    }
    const chunks = await this.#chunksOf(entry, content, hash)
    if (chunks.length === 0 && !isStored) {
      this.#counts.skipped++
      return
    }
    const state = { hash, chunks: chunks.length, settings }
    const { signal } = loading
    const write = replaceChunks(collection, entry, chunks, state, signal)
    const written = await write.catch(refusal)
    this.#counts.chunks += written
    this.#counts[isStored ? 'updated' : 'added']++
  }

  async #chunksOf(
    entry: Entry,
    content: string | Uint8Array,
    hash: string,
  ): Promise<readonly NewChunk[]> {
    const { collection, loading, settings, splitter, metadata } = this.#ingesting
    const fruitless = fruitlessOf(collection)
    const key = keyOf(entry)
    const state = JSON.stringify([hash, settings, loading.pdf.password])
    const known = fruitless.get(key)
    if (known?.state === state) {
      if (known.error) throw known.error
      return []
    }
    fruitless.delete(key)
    try {
      const documents = await documentsOf({ name: entry.path, content }, loading)
      const chunks = await chunksOf(entry, documents, splitter, metadata)
      if (chunks.length === 0) fruitless.set(key, { state, error: undefined })
      return chunks
    } catch (error) {
      if (isOfContent(error)) fruitless.set(key, { state, error })
      throw error
    }
  }

  /** Deletes what is stored of sources that are gone. */
  async #prune(): Promise<void> {
    const present = new Set(this.#sources.entries.map(keyOf))
    for (const [root, stored] of this.#stored) {
      for (const source of stored.keys()) {
        const name = { root, source }
        if (present.has(keyOf(name)) || !this.#sources.isGone(name)) continue
        await deleteFile(this.#ingesting.collection, name, this.#ingesting.loading.signal)
        this.#counts.removed++
      }
    }
  }

  async #remove(name: StoredName): Promise<void> {
    const { collection, loading } = this.#ingesting
    await deleteFile(collection, name, loading.signal).catch(refusal)
    this.#counts.removed++
  }
}

/** What the backend ended with, and not because of a file: it ends the ingest. */
class StoreFailure extends Error {}

/** What a backend refuses because of a file's own content. */
const ABOUT_THE_FILE: readonly unknown[] = ['ERR_LIMIT_EXCEEDED', 'ERR_INVALID_METADATA']

function refusal(error: unknown): never {
  if (error instanceof HippocampError && ABOUT_THE_FILE.includes(error.code)) throw error
  throw new StoreFailure('the backend failed', { cause: error })
}

/** SHA-256, of bytes away from the event loop. */
async function hashOf(content: string | Uint8Array): Promise<string> {
  if (typeof content === 'string') return sha256(content)
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', content)).toString('hex')
}

function keyOf({ root, source }: StoredName): string {
  return JSON.stringify([root, source])
}

/** Undefined if there is no such file. */
async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } }
    if (cause?.code === 'ENOENT') return undefined
    throw error
  }
}

/** Works on all items, some at the same time; after a failure none is begun, and it rejects when none is worked on. */
async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  let failure: { error: unknown } | undefined
  const worker = async () => {
    for (const item of queue) {
      if (failure) return
      await work(item).catch(error => {
        failure ??= { error }
      })
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  if (failure) throw failure.error
}
