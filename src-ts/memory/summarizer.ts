/** Carries a running summary on: by a language model, or without one by choosing sentences. */
import { invalid } from '../errors.js'
import { integer } from '../options.js'
import { encoderOf, extractiveSummary, type SentenceEncoder } from './extractive-summary.js'
import { askOf, type LanguageModel } from './language-model.js'
import type { Prefixes } from './message-lines.js'
import { fill, SUMMARY_PROMPT, templateOf } from './prompts.js'
import { RememberingEncoder } from './sentence-vectors.js'
import type { Count } from './token-count.js'

export interface SummarizerOptions {
  /**
   * Writes the summary: a function from a prompt to a text, or an object with such an `invoke`.
   * @default none: the summary is made of the most central sentences, chosen by `encoder`
   */
  readonly llm?: LanguageModel | undefined
  /** An `Encoder`, or anything with its `encode(texts)`. Not needed with `llm`. */
  readonly encoder?: SentenceEncoder | undefined
  /**
   * What `llm` is asked, with `{summary}` and `{new_lines}` where these are to stand.
   * @default a prompt in English that asks for a summary in the language of the talk
   */
  readonly prompt?: string | undefined
  /**
   * Sentences of a summary without `llm`.
   * @default 10
   */
  readonly maxSentences?: number | undefined
}

export const SUMMARIZER_OPTIONS = ['llm', 'encoder', 'prompt', 'maxSentences'] as const

/** The new summary, of the summary so far and what was said since. */
export type Summarize = (
  summary: string,
  lines: readonly string[],
  signal: AbortSignal | undefined,
) => Promise<string>

/** Tokens of a summary at most, and what counts them. */
export interface SummaryLimit {
  readonly maxTokens: number
  readonly count: Count
}

/** Characters of new lines in one prompt, unless one line has more. */
const PROMPT = 16_000
/** Characters of a summary: what a record's metadata can hold, however it is written. */
const LONGEST = 10_000

export function summarizerOf(
  where: string,
  options: SummarizerOptions,
  prefixes: Prefixes,
  limit?: SummaryLimit,
): Summarize {
  const { llm, encoder, maxSentences = 10 } = options
  integer('maxSentences', maxSentences, 1)
  const template = templateOf('prompt', options.prompt, SUMMARY_PROMPT, ['new_lines'])
  if (llm !== undefined) {
    const ask = askOf(llm)
    return async (summary, lines, signal) => {
      let current = summary
      for (const part of inParts(lines)) {
        current = await ask(fill(template, { summary: current, new_lines: part }), signal)
      }
      return current.slice(-LONGEST)
    }
  }
  if (encoder === undefined) {
    throw invalid(
      `${where} has nothing to summarise with: give llm, a function (prompt) => Promise<string>, or encoder, by whose vectors it chooses the most central sentences`,
    )
  }
  const remembering = new RememberingEncoder(encoderOf(encoder))
  const speakers = Object.values(prefixes)
  return async (summary, lines, signal) => {
    const text = [summary, ...lines].join('\n')
    const given = { encoder: remembering, speakers, signal }
    const countTokens = limit && ((text: string) => limit.count(text, signal))
    const fits = { ...given, maxSentences, maxTokens: limit?.maxTokens, countTokens }
    const chosen = await extractiveSummary(text, fits)
    // No sentence fits: the most central one, of which whoever has set the limit takes a part.
    const one =
      chosen === '' ? await extractiveSummary(text, { ...given, maxSentences: 1 }) : chosen
    return one.slice(-LONGEST)
  }
}

/** Lines joined, so that each part is small enough for a prompt. */
function inParts(lines: readonly string[]): string[] {
  const parts: string[] = []
  for (const line of lines) {
    const last = parts.at(-1)
    if (last !== undefined && last.length + line.length < PROMPT) {
      parts[parts.length - 1] = `${last}\n${line}`
    } else {
      parts.push(line)
    }
  }
  return parts
}
