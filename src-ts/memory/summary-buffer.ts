/** The newest messages word for word, and a running summary of all that came before them. */
import { invalid } from '../errors.js'
import { integer, optionsOf } from '../options.js'
import type { IdentifiedMessage } from './chat-history.js'
import { type MemoryCall, type MemoryLines, signalOfCall, type Values } from './memory.js'
import { formatMessage, messageLines, type Prefixes } from './message-lines.js'
import { messagesAfter, type Summary } from './running-summary.js'
import { formatSentence, sentencesOf } from './sentences.js'
import { type Summarize, summarizerOf } from './summarizer.js'
import {
  SUMMARIZING_OPTIONS,
  SummarizingMemory,
  type SummarizingMemoryOptions,
  summaryLine,
} from './summarizing-memory.js'
import { type Count, counterOf, newestThatFit, type TokenCounter } from './token-count.js'

/** One of `llm` and `encoder` is needed. */
export interface ConversationSummaryBufferMemoryOptions extends SummarizingMemoryOptions {
  /**
   * Tokens that are shown at most: summary, messages, prefixes and line breaks.
   * @default 2000
   */
  readonly maxTokenLimit?: number | undefined
  /**
   * How many of them the summary may take. A longer one is cut to its last sentences.
   * @default a quarter of `maxTokenLimit`
   */
  readonly maxSummaryTokens?: number | undefined
  /**
   * What counts the tokens of a text: a function, or an object with `countTokens(text)`.
   * @default `encoder`, or `llm.getNumTokens`
   */
  readonly countTokens?: TokenCounter | undefined
}

const OPTIONS = [
  ...SUMMARIZING_OPTIONS,
  'maxTokenLimit',
  'maxSummaryTokens',
  'countTokens',
] as const

/**
 * Shows what fits into a number of tokens: a summary, and the newest messages which are not in it. When a turn makes that too
 * much, the oldest of them go into the summary. The messages themselves stay in the history; only the newest are read.
 */
export class ConversationSummaryBufferMemory extends SummarizingMemory {
  readonly maxTokenLimit: number
  readonly maxSummaryTokens: number
  readonly #count: Count
  readonly #summarize: Summarize

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option, or what is missing */
  constructor(options: ConversationSummaryBufferMemoryOptions) {
    const where = 'ConversationSummaryBufferMemory'
    const given = optionsOf(options, where, OPTIONS)
    super(given)
    this.maxTokenLimit = integer('maxTokenLimit', given.maxTokenLimit ?? 2000, 1)
    const quarter = Math.floor(this.maxTokenLimit / 4)
    this.maxSummaryTokens = integer('maxSummaryTokens', given.maxSummaryTokens ?? quarter, 0)
    if (this.maxSummaryTokens >= this.maxTokenLimit) {
      throw invalid(
        `maxSummaryTokens is ${this.maxSummaryTokens} and maxTokenLimit ${this.maxTokenLimit}: leave room for messages`,
      )
    }
    const count = counterOf(where, given.countTokens, given.encoder, given.llm)
    this.#count = count
    // A summary is counted as it is shown.
    this.#summarize = summarizerOf(where, given, this.prefixes, {
      maxTokens: this.maxSummaryTokens,
      count: (text, signal) => count(formatSummary(text, this.prefixes), signal),
    })
  }

  override async memoryLines(_inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const summary = await this.summary.read(signal)
    const text = await this.#fitted(summary.text, this.maxTokenLimit, signal)
    const pending = this.#asLines(messagesAfter(summary, this.chatHistory, signal))
    const fit = await this.#newest(pending, this.maxTokenLimit, signal, text)
    const messages = fit.map(({ message }) => message)
    const first =
      text === '' ? [] : [summaryLine(inOneLine(text), formatSummary(text, this.prefixes))]
    const lines = messageLines(messages, this.prefixes, first.length)
    return { [this.memoryKey]: [...first, ...lines] }
  }

  protected override async summarize(
    { text }: Summary,
    messages: readonly IdentifiedMessage[],
    signal: AbortSignal | undefined,
  ): Promise<Summary | undefined> {
    const { maxTokenLimit, maxSummaryTokens } = this
    const all = await this.#newest(this.#asLines(messages), maxTokenLimit, signal, text)
    if (all.length === messages.length) return undefined
    const room = maxTokenLimit - maxSummaryTokens
    const kept = await this.#newest(this.#asLines(messages), room, signal)
    const older = messages.slice(kept.length)
    const upTo = older[0]?.id
    if (upTo === undefined) return undefined
    const lines = older.map(message => formatMessage(message, this.prefixes)).reverse()
    const summary = await this.#summarize(text, lines, signal)
    return { text: await this.#fitted(summary, maxSummaryTokens, signal), upTo }
  }

  async *#asLines<T extends IdentifiedMessage>(messages: AsyncIterable<T> | Iterable<T>) {
    for await (const message of messages) {
      yield { text: formatMessage(message, this.prefixes), message }
    }
  }

  /** The newest lines that fit, below a summary if there is one. */
  #newest<T extends { readonly text: string }>(
    lines: AsyncIterable<T>,
    limit: number,
    signal: AbortSignal | undefined,
    summary = '',
  ): Promise<T[]> {
    const before = summary === '' ? undefined : formatSummary(summary, this.prefixes)
    return newestThatFit(lines, limit, this.#count, signal, before)
  }

  /** A summary, or its last sentences or words if it is too long: the newest of what is no longer shown. */
  async #fitted(summary: string, limit: number, signal: AbortSignal | undefined): Promise<string> {
    const tooLong = async (text: string) =>
      (await this.#count(formatSummary(text, this.prefixes), signal)) > limit
    if (summary === '' || !(await tooLong(summary))) return summary
    const sentences = (await sentencesOf(summary, [], signal)).map(formatSentence)
    while (sentences.length > 1 && (await tooLong(sentences.join('\n')))) sentences.shift()
    const last = sentences.join('\n')
    if (!(await tooLong(last))) return last
    // One sentence is too long: its end, as much as fits.
    const characters = Array.from(last)
    const end = (from: number) =>
      from < characters.length ? `…${characters.slice(from).join('')}` : ''
    let fits = characters.length
    let over = 0
    while (fits - over > 1) {
      const middle = (fits + over) >> 1
      if (await tooLong(end(middle))) over = middle
      else fits = middle
    }
    return end(fits)
  }
}

/** A summary as it is shown: in one line, since the lines after it are what was said. */
function formatSummary(content: string, prefixes: Prefixes): string {
  return formatMessage({ role: 'system', content: inOneLine(content) }, prefixes)
}

function inOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
