/** The newest messages of a talk that fit into a number of tokens. */
import { integer, optionsOf } from '../options.js'
import { BUFFER_OPTIONS, type ConversationBufferMemoryOptions } from './buffer.js'
import type { ChatHistory } from './chat-history.js'
import { ChatMemory } from './chat-memory.js'
import { type MemoryCall, type MemoryLines, signalOfCall, type Values } from './memory.js'
import { formatMessage, messageLines, type PlainMessage, type Prefixes } from './message-lines.js'
import { type Count, counterOf, newestThatFit, type TokenCounter } from './token-count.js'

export interface ConversationTokenBufferMemoryOptions extends ConversationBufferMemoryOptions {
  /**
   * Tokens that are shown at most, prefixes and line breaks included.
   * @default 2000
   */
  readonly maxTokenLimit?: number | undefined
  /**
   * What counts the tokens of a text: a function, or an object with `countTokens(text)`, such as an encoder.
   * @default `llm.getNumTokens`
   */
  readonly countTokens?: TokenCounter | undefined
  /** A model of LangChain, which can count tokens. Nothing else is asked of it. */
  readonly llm?: { getNumTokens(text: string): number | Promise<number> } | undefined
}

/**
 * Shows the newest messages that fit, each whole. A message above the limit is not shown, nor is anything before it: a part of
 * it could say the opposite of the whole. Older messages stay in the history, which others may share; only what is shown
 * is read.
 */
export class ConversationTokenBufferMemory extends ChatMemory {
  readonly maxTokenLimit: number
  readonly #count: Count

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options: ConversationTokenBufferMemoryOptions) {
    const known = [...BUFFER_OPTIONS, 'maxTokenLimit', 'countTokens', 'llm'] as const
    const given = optionsOf(options, 'ConversationTokenBufferMemory', known)
    super(given, { memoryKey: given.memoryKey ?? 'history' })
    this.maxTokenLimit = integer('maxTokenLimit', given.maxTokenLimit ?? 2000, 1)
    this.#count = counterOf('ConversationTokenBufferMemory', given.countTokens, given.llm)
  }

  override async memoryLines(_inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const lines = readLines(this.chatHistory, this.prefixes, signal)
    const fit = await newestThatFit(lines, this.maxTokenLimit, this.#count, signal)
    const messages = fit.map(({ message }) => message)
    return { [this.memoryKey]: messageLines(messages, this.prefixes) }
  }
}

async function* readLines(
  history: ChatHistory,
  prefixes: Prefixes,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly text: string; readonly message: PlainMessage }> {
  for await (const message of history.newestFirst({ signal })) {
    yield { text: formatMessage(message, prefixes), message }
  }
}
