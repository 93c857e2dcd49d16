/**
 * One HTTP request to the hub, redirects included.
 *
 * Redirects are followed here and not by fetch, because the first answer carries headers that the last one lacks, and
 * because the token must reach the hub's own origin only: large files come from other hosts. A connection that was
 * encrypted does not become one that is not.
 */
import type { Settings } from './settings.js'
import { SourceFailure } from './source-failure.js'

const MOST_REDIRECTS = 10

export interface Answer {
  readonly response: Response
  /** Headers of the hub's first answer, before any redirect. */
  readonly first: Headers
  /** Postpones the moment at which the connection is taken for dead; call it for each piece that arrives. */
  readonly keepAlive: () => void
  /** Stops the timer. Call it when the body was read or is not wanted. */
  readonly finish: () => Promise<void>
}

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends a request and waits for the head of its answer, whatever its status.
 *
 * Errors: SourceFailure when the hub cannot be reached or does not answer in time.
 */
export async function request(
  address: string,
  settings: Settings,
  options: RequestOptions = {},
): Promise<Answer> {
  const timer = new SilenceTimer(settings)
  const signal =
    options.signal === undefined ? timer.signal : AbortSignal.any([options.signal, timer.signal])
  const home = new URL(settings.endpoint).origin
  let url = new URL(address)
  let first: Headers | undefined
  try {
    for (let redirects = 0; ; redirects++) {
      const headers = new Headers({ 'user-agent': 'hippocamp', 'accept-encoding': 'identity' })
      for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value)
      if (settings.token !== undefined && url.origin === home) {
        headers.set('authorization', `Bearer ${settings.token}`)
      }
      timer.expectAnswer()
      const response = await fetch(url, {
        method: options.method ?? 'GET',
        headers,
        redirect: 'manual',
        signal,
      })
      first ??= response.headers
      const location = response.headers.get('location')
      if (response.status < 300 || response.status > 399 || location === null) {
        timer.expectPieces()
        const finish = async () => {
          timer.stop()
          await response.body?.cancel().catch(() => {})
        }
        return { response, first, keepAlive: () => timer.expectPieces(), finish }
      }
      await response.body?.cancel()
      if (redirects === MOST_REDIRECTS) throw new SourceFailure(`${url} redirects without end`)
      url = nextHop(url, location)
    }
  } catch (error) {
    timer.stop()
    options.signal?.throwIfAborted()
    throw error instanceof SourceFailure ? error : connectionFailure(url, error)
  }
}

/** The failure of a connection in words. */
export function connectionFailure(url: URL, error: unknown): SourceFailure {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new SourceFailure(`${url.host} ${error.message}`, { cause: error })
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code, message } = cause as NodeJS.ErrnoException
  return new SourceFailure(`cannot reach ${url.host} (${code ?? message})`, { cause: error })
}

function nextHop(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) {
    throw new SourceFailure(`${from.host} redirects to "${location}", which is not an address`)
  }
  const to = new URL(location, from)
  if (to.protocol !== 'https:' && !(to.protocol === 'http:' && from.protocol === 'http:')) {
    throw new SourceFailure(
      `${from.host} redirects to ${to.protocol}//${to.host}, which is not encrypted`,
    )
  }
  return to
}

/** Aborts when the other side has been silent for too long. */
class SilenceTimer {
  readonly #controller = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #complaint = ''

  constructor(private readonly settings: Settings) {}

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  expectAnswer(): void {
    this.#start(this.settings.answerTimeout, 'did not answer within')
  }

  expectPieces(): void {
    this.#start(this.settings.stallTimeout, 'sent nothing for')
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #start(milliseconds: number, what: string): void {
    const complaint = `${what} ${milliseconds / 1000} s`
    if (this.#complaint === complaint) {
      this.#timer?.refresh()
      return
    }
    this.stop()
    this.#complaint = complaint
    this.#timer = setTimeout(() => {
      this.#controller.abort(new DOMException(complaint, 'TimeoutError'))
    }, milliseconds)
  }
}
