/**
 * Calls into the addon: how they are cancelled, how their errors are translated, and how a store waits for those that are
 * under way before it closes.
 */
import { HippocampError, translate } from './errors.js'
import { type CancelToken, native } from './native.js'

/**
 * Runs a native call which a signal can cancel. Whether it was cancelled is decided natively: a call that has already
 * done what it does resolves. A cancelled one rejects with the signal's reason and has changed nothing.
 */
export async function cancellable<T>(
  signal: AbortSignal | undefined,
  start: (token: CancelToken | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) {
    try {
      return await start(undefined)
    } catch (error) {
      throw translate(error)
    }
  }
  signal.throwIfAborted()
  const token = new (native().CancelToken)()
  const calls = callsOn(signal)
  calls.add(token)
  try {
    return await start(token)
  } catch (error) {
    const translated = translate(error)
    const aborted = translated instanceof HippocampError && translated.code === 'ERR_ABORTED'
    throw aborted && signal.aborted ? signal.reason : translated
  } finally {
    calls.delete(token)
  }
}

/**
 * For a call that only reads: it rejects also when the signal fires between the native end of the call and the time at which
 * the result gets here. Nothing was changed in any case.
 */
export function unlessAborted<T>(
  signal: AbortSignal | undefined,
  start: (token: CancelToken | undefined) => Promise<T>,
): (token: CancelToken | undefined) => Promise<T> {
  if (signal === undefined) return start
  return async token => {
    const value = await start(token)
    signal.throwIfAborted()
    return value
  }
}

/**
 * The calls under way on one signal. They share one listener: with one each, Node.js would warn of a leak at the eleventh.
 */
class CallsOnSignal {
  readonly #signal: AbortSignal
  readonly #tokens = new Set<CancelToken>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(token: CancelToken): void {
    if (this.#tokens.size === 0) this.#signal.addEventListener('abort', this.#cancel)
    this.#tokens.add(token)
  }

  delete(token: CancelToken): void {
    this.#tokens.delete(token)
    if (this.#tokens.size === 0) this.#signal.removeEventListener('abort', this.#cancel)
  }

  readonly #cancel = () => {
    for (const token of this.#tokens) token.cancel()
  }
}

const callsBySignal = new WeakMap<AbortSignal, CallsOnSignal>()

function callsOn(signal: AbortSignal): CallsOnSignal {
  const known = callsBySignal.get(signal)
  if (known) return known
  const fresh = new CallsOnSignal(signal)
  callsBySignal.set(signal, fresh)
  return fresh
}

/** The calls on one store. */
export class Operations {
  #running = 0
  #closing: Promise<void> | undefined
  #whenIdle: (() => void) | undefined

  /** Runs a call, unless the store is closed. */
  async run<T>(
    signal: AbortSignal | undefined,
    start: (token: CancelToken | undefined) => Promise<T>,
  ): Promise<T> {
    this.#refuseIfClosed()
    this.#running++
    try {
      return await cancellable(signal, start)
    } finally {
      this.#running--
      if (this.#running === 0) this.#whenIdle?.()
    }
  }

  /** Makes a call that is done at once, unless the store is closed. */
  runSync<T>(call: () => T): T {
    this.#refuseIfClosed()
    try {
      return call()
    } catch (error) {
      throw translate(error)
    }
  }

  /** Refuses further calls, waits for those under way and then closes; always the same promise. */
  close(close: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#close(close)
    return this.#closing
  }

  async #close(close: () => Promise<void>): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
    }
    await cancellable(undefined, close)
  }

  #refuseIfClosed(): void {
    if (this.#closing) throw new HippocampError('ERR_CLOSED', 'the store is closed: open it again')
  }
}
