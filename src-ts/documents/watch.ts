/**
 * Ingests a folder, and again whenever something in it has changed.
 *
 * What the system tells of changes is taken as a hint only: each time the whole folder is compared by its files' hashes, so
 * that nothing is missed for good.
 */
import { type FSWatcher, watch as watchFolder } from 'node:fs'
import { sep } from 'node:path'
import { HippocampError, invalid } from '../errors.js'
import { filePath, integer, isObject, show } from '../options.js'
import { isHidden } from './files.js'
import { type IngestReport, ingest } from './ingest.js'
import type { IngestOptions } from './ingest-options.js'

/** How to watch. */
export interface WatchOptions extends IngestOptions {
  /**
   * Milliseconds without a change that are waited for before the folder is ingested; ten times as many if there is always one.
   * @default 300
   */
  readonly debounce?: number | undefined
  /** Called after each ingest. */
  readonly onReport?: ((report: IngestReport) => void) | undefined
  /**
   * Called when an ingest, or the watching itself, ends with an error. Watching goes on if it can.
   * @default the error is thrown as an uncaught exception; that of the first ingest is an unhandled rejection of `ready`
   */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** A folder that is watched. */
export interface Watching {
  /** The first ingest. */
  readonly ready: Promise<IngestReport>
  /** Stops watching, and waits for the ingest that is under way. */
  close(): Promise<void>
}

const DEBOUNCE = 300
/** How often the wait for a pause begins anew. */
const WAITS = 10

/**
 * Ingests a folder now and after each change. Ends with `close()` or when the signal is aborted, which also aborts the ingest
 * that is under way.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT; ERR_IO if it cannot be watched
 */
export function watch(folder: string | URL, options: WatchOptions): Watching {
  if (!isObject(options)) throw invalid(`the options of watch are ${show(options)}: give an object`)
  const { debounce = DEBOUNCE, onReport, onError, ...ingesting } = options
  integer('debounce', debounce, 0)
  return new FolderWatch(filePath('the folder', folder, 'the path of a folder'), ingesting, {
    debounce,
    onReport: onReport ?? (() => {}),
    onError: onError ?? uncaught,
    hasOnError: onError !== undefined,
  })
}

interface Reactions {
  readonly debounce: number
  readonly onReport: (report: IngestReport) => void
  readonly onError: (error: unknown) => void
  readonly hasOnError: boolean
}

class FolderWatch implements Watching {
  readonly ready: Promise<IngestReport>
  readonly #folder: string
  readonly #options: IngestOptions
  readonly #reactions: Reactions
  readonly #watcher: FSWatcher
  #timer: NodeJS.Timeout | undefined
  /** When the first change was seen that has not been ingested. */
  #changedAt: number | undefined
  /** The ingests so far, one after the other. */
  #last: Promise<unknown>
  #closed = false

  constructor(folder: string, options: IngestOptions, reactions: Reactions) {
    this.#folder = folder
    this.#options = options
    this.#reactions = reactions
    // Watching begins before the first ingest: what changes meanwhile is seen.
    this.#watcher = watcherOf(folder)
    this.#watcher.on('change', (_, name) => this.#changed(name))
    this.#watcher.on('error', error => reactions.onError(error))
    options.signal?.addEventListener('abort', this.#abort)
    const first = ingest(folder, options)
    // A promise of its own, so that nobody but its user handles its rejection.
    this.ready = first.then(report => report)
    this.#last = first.then(
      report => this.#report(report),
      error => this.#failedFirst(error),
    )
    if (options.signal?.aborted) void this.close()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#watcher.close()
    await this.#last
  }

  readonly #abort = () => void this.close()

  #changed(name: string | Buffer | null): void {
    if (this.#closed || (typeof name === 'string' && isHidden(name.split(sep).join('/')))) return
    const { debounce } = this.#reactions
    const now = performance.now()
    this.#changedAt ??= now
    const wait = Math.min(debounce, this.#changedAt + WAITS * debounce - now)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#changedAt = undefined
      this.#last = this.#last.then(() => this.#again())
    }, wait)
  }

  async #again(): Promise<void> {
    if (this.#closed) return
    try {
      this.#report(await ingest(this.#folder, this.#options))
    } catch (error) {
      if (!this.#closed) this.#reactions.onError(error)
    }
  }

  #report(report: IngestReport): void {
    try {
      this.#reactions.onReport(report)
    } catch (error) {
      this.#reactions.onError(error)
    }
  }

  #failedFirst(error: unknown): void {
    if (!this.#closed && !this.#reactions.hasOnError) return
    this.ready.catch(() => {}) // it was asked for, or is told here
    if (!this.#closed) this.#reactions.onError(error)
  }
}

function watcherOf(folder: string): FSWatcher {
  try {
    return watchFolder(folder, { recursive: true })
  } catch (error) {
    const problem = (error as Error).message
    throw new HippocampError('ERR_IO', `cannot watch ${folder}: ${problem}`, { cause: error })
  }
}

function uncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
