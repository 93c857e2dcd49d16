/**
 * The saves of one memory, one after the other in the order of the calls; those that wait are written together.
 *
 * A turn that fails rejects its own promise only: when a batch fails, its turns are tried one by one.
 */

type Write<T> = (turns: readonly T[], signal: AbortSignal | undefined) => Promise<void>

interface Waiting<T> {
  /** A turn to be written, or a task that is done alone. */
  readonly work: { readonly turn: T } | { readonly task: () => Promise<void> }
  readonly signal: AbortSignal | undefined
  readonly onAbort: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class TurnQueue<T> {
  readonly #write: Write<T>
  readonly #most: () => number
  #waiting: Waiting<T>[] = []
  #draining = false

  /**
   * @param write writes all of several turns or none; the signal is that of a turn which is alone
   * @param most turns that are written together at most
   */
  constructor(write: Write<T>, most: () => number) {
    this.#write = write
    this.#most = most
  }

  /**
   * Writes a turn when its time has come. A signal takes it out of the queue; a turn that is being written together with
   * others is finished.
   */
  save(turn: T, signal?: AbortSignal): Promise<void> {
    return this.#enter({ turn }, signal)
  }

  /** Does something when everything before it is done, and before anything after it begins. */
  async alone<R>(task: () => Promise<R>, signal?: AbortSignal): Promise<R> {
    let result: R | undefined
    const run = async () => {
      result = await task()
    }
    await this.#enter({ task: run }, signal)
    return result as R
  }

  #enter(work: Waiting<T>['work'], signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting = this.#waiting.filter(other => other !== waiting)
        reject(signal?.reason)
      }
      const waiting: Waiting<T> = { work, signal, onAbort, resolve, reject }
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiting)
      if (this.#draining) return
      this.#draining = true
      // The calls of one tick are written together.
      queueMicrotask(() => this.#drain())
    })
  }

  async #drain(): Promise<void> {
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      const turns = batch.flatMap(({ work }) => ('turn' in work ? [work.turn] : []))
      if (turns.length < 2 || !(await this.#writeTogether(batch, turns))) {
        for (const one of batch) await this.#run(one)
      }
    }
    this.#draining = false
  }

  /** The task at the head of the queue, or the turns up to the next task. */
  #take(): Waiting<T>[] {
    const most = this.#most()
    const end = this.#waiting.findIndex(({ work }, i) => i === most || 'task' in work)
    const batch = this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(end, 1))
    for (const { signal, onAbort } of batch) signal?.removeEventListener('abort', onAbort)
    return batch
  }

  async #writeTogether(batch: readonly Waiting<T>[], turns: readonly T[]): Promise<boolean> {
    try {
      await this.#write(turns, undefined)
    } catch {
      return false
    }
    for (const { resolve } of batch) resolve()
    return true
  }

  async #run({ work, signal, resolve, reject }: Waiting<T>): Promise<void> {
    try {
      signal?.throwIfAborted()
      await ('turn' in work ? this.#write([work.turn], signal) : work.task())
      resolve()
    } catch (error) {
      reject(error)
    }
  }
}
