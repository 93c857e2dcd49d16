/**
 * The thread of {@link parseInThread}: parses what it is sent, one after the other.
 */
import { parentPort } from 'node:worker_threads'
import { HippocampError } from '../errors.js'
import { reason } from './loaders/parsed.js'
import { type Parsable, parse } from './parse.js'
import { type Answer, MORE } from './parse-threads.js'

/** Documents in a message: the receiver's event loop is held by one at a time. */
const BATCH = 250

/** Goes on with the documents at hand. */
let proceed = () => {}

parentPort?.on('message', (message: Parsable | typeof MORE) => {
  if (message === MORE) proceed()
  else void parseAndAnswer(message)
})

async function parseAndAnswer(parsable: Parsable): Promise<void> {
  try {
    const all = await parse(parsable)
    let from = 0
    for (; from + BATCH < all.length; from += BATCH) {
      const asked = new Promise<void>(done => {
        proceed = done
      })
      answer({ documents: all.slice(from, from + BATCH), more: true })
      await asked
    }
    answer({ documents: all.slice(from), more: false })
  } catch (error) {
    answer(refusalOf(error, parsable.name))
  }
}

function answer(answer: Answer): void {
  parentPort?.postMessage(answer)
}

function refusalOf(error: unknown, name: string): Answer {
  if (!(error instanceof HippocampError))
    return { code: 'ERR_INTERNAL', message: `${name}: ${reason(error)}`, cause: traceOf(error) }
  const { code, message, cause } = error
  return { code, message, cause: cause === undefined ? undefined : traceOf(cause) }
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
