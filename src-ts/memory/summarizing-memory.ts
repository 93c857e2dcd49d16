/** What the memories with a running summary have in common. */
import { invalid } from '../errors.js'
import { show } from '../options.js'
import { collect, type IdentifiedMessage } from './chat-history.js'
import {
  CHAT_MEMORY_OPTIONS,
  ChatMemory,
  type ChatMemoryOptions,
  newMessages,
  recordsIn,
} from './chat-memory.js'
import type { Turn } from './context.js'
import type { MessageLine } from './message-lines.js'
import type { Plan } from './queued-memory.js'
import { messagesAfter, RunningSummary, type Summary } from './running-summary.js'
import { SUMMARIZER_OPTIONS, type SummarizerOptions } from './summarizer.js'

export interface SummarizingMemoryOptions extends ChatMemoryOptions, SummarizerOptions {
  /**
   * The key under which `loadMemoryVariables` answers.
   * @default 'history'
   */
  readonly memoryKey?: string | undefined
  /**
   * Told when a summary could not be made. The messages are saved all the same, and summarised with the next turn.
   * @default a warning of the process
   */
  readonly onSummaryError?: ((error: unknown) => void) | undefined
}

export const SUMMARIZING_OPTIONS = [
  ...CHAT_MEMORY_OPTIONS,
  ...SUMMARIZER_OPTIONS,
  'memoryKey',
  'onSummaryError',
] as const

export abstract class SummarizingMemory extends ChatMemory {
  protected readonly summary: RunningSummary
  readonly #onSummaryError: (error: unknown) => void

  constructor(options: SummarizingMemoryOptions) {
    super(options, { memoryKey: options.memoryKey ?? 'history' })
    const { onSummaryError = warn } = options
    if (typeof onSummaryError !== 'function') {
      throw invalid(`onSummaryError is ${show(onSummaryError)}: give a function`)
    }
    this.#onSummaryError = onSummaryError
    this.summary = new RunningSummary(recordsIn(options.collection, 'summary'))
  }

  /**
   * The summary after some messages, if it changes.
   * @param messages those which are not in it, newest first
   */
  protected abstract summarize(
    summary: Summary,
    messages: readonly IdentifiedMessage[],
    signal: AbortSignal | undefined,
  ): Promise<Summary | undefined>

  protected override async plan(
    turns: readonly Turn[],
    signal: AbortSignal | undefined,
  ): Promise<Plan> {
    const messages = newMessages(turns)
    const before = await this.summary.read(signal)
    const earlier = await collect(messagesAfter(before, this.chatHistory, signal))
    const pending = [...messages.toReversed(), ...earlier]
    let after: Summary | undefined
    try {
      after = await this.summarize(before, pending, signal)
    } catch (error) {
      signal?.throwIfAborted()
      this.#onSummaryError(error)
    }
    const adding = this.planMessages(messages)
    if (after === undefined) return adding
    const { summary, chatHistory } = this
    const changed = after
    return {
      async write(signal) {
        await adding.write(signal)
        // Another object or process may have put messages before these: they are not in the summary, the next turn's will do.
        const now = await collect(messagesAfter(before, chatHistory, signal))
        const same =
          now.length === pending.length && now.every(({ id }, i) => id === pending[i]?.id)
        if (same) await summary.write(changed, signal)
      },
      async undo() {
        await summary.restore(before, changed)
        await adding.undo()
      },
    }
  }

  protected override async clearAll(signal: AbortSignal | undefined): Promise<void> {
    await super.clearAll(signal)
    await this.summary.clear(signal)
  }
}

/** A summary as the first of a memory's lines. */
export function summaryLine(content: string, text = content): MessageLine {
  return { text, priority: 1, message: { role: 'system', content } }
}

function warn(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  process.emitWarning(
    `the summary of a talk was not updated and will be with its next turn: ${reason}`,
    'HippocampWarning',
  )
}
