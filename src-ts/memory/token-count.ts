/** How many tokens texts have, and which of many lines fit into a limit. */
import { invalid } from '../errors.js'
import { isObject, show } from '../options.js'
import type { Line, MemoryCall } from './memory.js'

/** Counts the tokens of a text. */
export type CountTokens = (text: string, call?: MemoryCall) => number | Promise<number>

/** A function, or an object with one: a hippocamp `Encoder`, for example. */
export type TokenCounter = CountTokens | { readonly countTokens: CountTokens }

/** A checked counter. */
export type Count = (text: string, signal: AbortSignal | undefined) => Promise<number>

/**
 * The counter that was given, or that one of these objects has.
 * @param others what else may be able to count: an encoder, a language model of LangChain
 */
export function counterOf(where: string, given: unknown, ...others: readonly unknown[]): Count {
  const count = given === undefined ? others.map(methodOf).find(Boolean) : functionOf(given)
  if (!count) {
    throw invalid(
      `${where} has nothing to count tokens with: give countTokens, a function (text) => number or an encoder`,
    )
  }
  return async (text, signal) => {
    const tokens = await count(text, signal === undefined ? undefined : { signal })
    if (typeof tokens === 'number' && tokens >= 0) return tokens
    throw invalid(`countTokens answered ${show(tokens)}: give a function that returns a number`)
  }
}

function functionOf(given: unknown): CountTokens {
  const count = typeof given === 'function' ? (given as CountTokens) : methodOf(given)
  if (count) return count
  throw invalid(
    `countTokens is ${show(given)}: give a function (text) => number, or an encoder, which has one`,
  )
}

function methodOf(object: unknown): CountTokens | undefined {
  if (!isObject(object)) return undefined
  const { countTokens, getNumTokens } = object as Record<string, unknown>
  if (typeof countTokens === 'function') return (text, call) => countTokens.call(object, text, call)
  if (typeof getNumTokens === 'function') return text => getNumTokens.call(object, text)
  return undefined
}

/**
 * The newest lines that fit into a limit together, joined by line breaks. The first that does not fit ends it, so nothing is
 * left out between them.
 * @param newestFirst read as far as they fit
 * @param before what stands before them, and takes its part of the limit
 * @returns newest first
 */
export async function newestThatFit<T extends Pick<Line, 'text'>>(
  newestFirst: AsyncIterable<T> | Iterable<T>,
  limit: number,
  count: Count,
  signal: AbortSignal | undefined,
  before?: string,
): Promise<T[]> {
  const fit: T[] = []
  let used = before === undefined ? 0 : await count(before, signal)
  for await (const line of newestFirst) {
    used += await count(line.text, signal)
    if (used > limit) break
    fit.push(line)
  }
  // A line break may be a token of its own, and neighbours may be other tokens than each by itself.
  const together = () => {
    const texts = fit.map(({ text }) => text)
    return [...texts, ...(before === undefined ? [] : [before])].reverse().join('\n')
  }
  while (fit.length > 0 && (await count(together(), signal)) > limit) fit.pop()
  return fit
}
