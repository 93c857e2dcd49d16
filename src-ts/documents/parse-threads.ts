/**
 * Parsing in threads of its own: libraries for formats parse a file in one go, which would hold the event loop for seconds,
 * and a small file can be made so that it takes them hours or gigabytes. A thread can be ended.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, HippocampError } from '../errors.js'
import type { LoadedDocument } from './document.js'
import { broken, tooLarge } from './loaders/parsed.js'
import type { Parsable } from './parse.js'

/** What a thread answers: documents, some at a time, until there are no more; or why there are none. */
export type Answer =
  | { readonly documents: readonly LoadedDocument[]; readonly more: boolean }
  | { readonly code: ErrorCode; readonly message: string; readonly cause: string | undefined }

/** What is sent for more documents. */
export const MORE = 'more'

/** Threads at the same time; as many files as an ingest works on. */
const THREADS = 4
/** Milliseconds after which a thread that has nothing to do is ended. */
const IDLE = 5_000
/** MiB of objects and strings. */
const MEMORY = 2_048

/** Threads that have nothing to do, and the timers that end them. */
const idle = new Map<Worker, NodeJS.Timeout>()
/** Those who wait for a thread. */
const waiting: (() => void)[] = []
let busy = 0

/**
 * The same as `parse`, in a thread.
 * @param timeout milliseconds
 * @throws {HippocampError} what `parse` throws; ERR_LIMIT_EXCEEDED if it takes too long or too much memory
 */
export async function parseInThread(
  parsable: Parsable,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<LoadedDocument[]> {
  while (busy >= THREADS) await new Promise<void>(done => waiting.push(done))
  busy++
  try {
    signal?.throwIfAborted()
    return await parsedBy(threadOf(), parsable, timeout, signal)
  } finally {
    busy--
    waiting.shift()?.()
  }
}

function threadOf(): Worker {
  for (const [thread, timer] of idle) {
    clearTimeout(timer)
    idle.delete(thread)
    thread.ref()
    return thread
  }
  return new Worker(join(__dirname, 'parse-worker.js'), {
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  })
}

/** Keeps a thread for the next file. It keeps no process alive. */
function keep(thread: Worker): void {
  thread.unref()
  const timer = setTimeout(() => {
    idle.delete(thread)
    void thread.terminate()
  }, IDLE)
  idle.set(thread, timer.unref())
}

function parsedBy(
  thread: Worker,
  parsable: Parsable,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<LoadedDocument[]> {
  const { name, content } = parsable
  return new Promise((resolve, reject) => {
    const all: LoadedDocument[] = []
    const listeners = {
      message: (answer: Answer) => {
        if ('code' in answer) return finish(() => reject(errorOf(answer)))
        for (const document of answer.documents) all.push(document)
        if (answer.more) thread.postMessage(MORE)
        else finish(() => resolve(all))
      },
      error: (error: Error) => giveUp(crashed(name, error)),
      exit: (code: number) => giveUp(crashed(name, new Error(`exit code ${code}`))),
    }
    const leave = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      for (const [event, listener] of Object.entries(listeners)) thread.off(event, listener)
    }
    const finish = (settle: () => void) => {
      leave()
      keep(thread)
      settle()
    }
    const giveUp = (error: unknown) => {
      leave()
      thread.on('error', () => {}) // what else it ends with is of no interest
      void thread.terminate()
      reject(error)
    }
    const abort = () => giveUp(signal?.reason)
    const timer = setTimeout(() => giveUp(tooSlow(name, timeout)), timeout)
    signal?.addEventListener('abort', abort)
    for (const [event, listener] of Object.entries(listeners)) thread.on(event, listener)
    // A copy that is handed over; a view would be sent with all that it is a view of.
    const sent = typeof content === 'string' ? content : new Uint8Array(content)
    const transfer = typeof sent === 'string' ? [] : [sent.buffer]
    thread.postMessage({ ...parsable, content: sent }, transfer)
  })
}

function errorOf({ code, message, cause }: Extract<Answer, { code: unknown }>): HippocampError {
  return new HippocampError(code, message, cause === undefined ? {} : { cause: new Error(cause) })
}

function tooSlow(name: string, timeout: number): HippocampError {
  const limit = timeout.toLocaleString('en')
  return tooLarge(
    name,
    `it was not parsed within ${limit} milliseconds: leave it out, or raise timeout`,
  )
}

function crashed(name: string, error: Error): HippocampError {
  if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY')
    return tooLarge(name, `parsing it takes more than ${MEMORY} MiB of memory: leave it out`)
  return broken(name, 'parsing it ended the thread that did it: leave it out', error)
}
