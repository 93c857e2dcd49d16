/** A running summary of the whole talk. */
import { optionsOf } from '../options.js'
import { collect, type IdentifiedMessage } from './chat-history.js'
import { type MemoryCall, type MemoryLines, signalOfCall, type Values } from './memory.js'
import { formatMessage, messageLines } from './message-lines.js'
import { messagesAfter, type Summary } from './running-summary.js'
import { type Summarize, summarizerOf } from './summarizer.js'
import {
  SUMMARIZING_OPTIONS,
  SummarizingMemory,
  type SummarizingMemoryOptions,
  summaryLine,
} from './summarizing-memory.js'

/** One of `llm` and `encoder` is needed. */
export interface ConversationSummaryMemoryOptions extends SummarizingMemoryOptions {}

/**
 * Shows a summary that every turn carries on. Messages that could not be summarised yet follow it word for word, so nothing is
 * lost. The messages themselves stay in the history.
 */
export class ConversationSummaryMemory extends SummarizingMemory {
  readonly #summarize: Summarize

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option, or what is missing */
  constructor(options: ConversationSummaryMemoryOptions) {
    const given = optionsOf(options, 'ConversationSummaryMemory', SUMMARIZING_OPTIONS)
    super(given)
    this.#summarize = summarizerOf('ConversationSummaryMemory', given, this.prefixes)
  }

  override async memoryLines(_inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const summary = await this.summary.read(signal)
    const pending = await collect(messagesAfter(summary, this.chatHistory, signal))
    const first = summary.text === '' ? [] : [summaryLine(summary.text)]
    const lines = messageLines(pending, this.prefixes, first.length)
    return { [this.memoryKey]: [...first, ...lines] }
  }

  protected override async summarize(
    { text }: Summary,
    messages: readonly IdentifiedMessage[],
    signal: AbortSignal | undefined,
  ): Promise<Summary | undefined> {
    const upTo = messages[0]?.id
    if (upTo === undefined) return undefined
    const lines = messages.map(message => formatMessage(message, this.prefixes)).reverse()
    return { text: await this.#summarize(text, lines, signal), upTo }
  }
}
