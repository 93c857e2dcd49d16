/** Language models as memories see them: a prompt goes in, a text comes out. */
import { invalid } from '../errors.js'
import { isObject, show } from '../options.js'
import type { MemoryCall } from './memory.js'

type Answer = string | { readonly content: unknown }

/** A function from a prompt to an answer, or an object with such an `invoke`: a model of LangChain, for example. */
export type LanguageModel =
  | ((prompt: string, call?: MemoryCall) => Promise<Answer> | Answer)
  | { invoke(prompt: string, call?: MemoryCall): Promise<Answer> | Answer }

/** Asks a model that was checked. */
export type Ask = (prompt: string, signal: AbortSignal | undefined) => Promise<string>

/** The model of an option, as a function whose promise also ends when the signal fires. */
export function askOf(llm: LanguageModel): Ask {
  if (typeof llm !== 'function' && !(isObject(llm) && typeof llm.invoke === 'function')) {
    throw invalid(
      `llm is ${show(llm)}: give a function (prompt) => Promise<string>, or an object with invoke(prompt)`,
    )
  }
  return async (prompt, signal) => {
    signal?.throwIfAborted()
    const call = signal === undefined ? undefined : { signal }
    const answer = typeof llm === 'function' ? llm(prompt, call) : llm.invoke(prompt, call)
    return textOf(await orAborted(Promise.resolve(answer), signal))
  }
}

/**
 * Texts of chat models come as a string or in parts. One that says nothing is a failure: taken for an answer, it would erase
 * what is known.
 */
function textOf(answer: unknown): string {
  const content = isObject(answer) ? (answer as { content?: unknown }).content : answer
  const text = Array.isArray(content) ? content.map(partOf).join('') : content
  if (typeof text === 'string' && text.trim() !== '') return text.trim()
  throw invalid(
    `llm answered ${described(answer)}: give one that resolves to a string that is not empty, or to { content } with such a string`,
  )
}

function partOf(part: unknown): string {
  const text = isObject(part) ? (part as { text?: unknown }).text : part
  return typeof text === 'string' ? text : ''
}

function described(answer: unknown): string {
  if (!isObject(answer)) return show(answer)
  const keys = Object.keys(answer).map(key => `"${key}"`)
  const { content } = answer as { content?: unknown }
  if (content !== undefined) return `an object whose content is ${show(content)}`
  return `an object without content, with ${keys.join(', ') || 'no keys at all'}`
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
