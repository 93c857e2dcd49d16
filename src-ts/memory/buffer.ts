/** The whole talk, word for word. */
import { optionsOf } from '../options.js'
import { CHAT_MEMORY_OPTIONS, ChatMemory, type ChatMemoryOptions } from './chat-memory.js'
import { type MemoryCall, type MemoryLines, signalOfCall, type Values } from './memory.js'
import { messageLines } from './message-lines.js'

export interface ConversationBufferMemoryOptions extends ChatMemoryOptions {
  /**
   * The key under which `loadMemoryVariables` answers.
   * @default 'history'
   */
  readonly memoryKey?: string | undefined
}

export const BUFFER_OPTIONS = [...CHAT_MEMORY_OPTIONS, 'memoryKey'] as const

/** Shows every message. The messages of a long talk soon exceed what a model can read: see the other memories. */
export class ConversationBufferMemory extends ChatMemory {
  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options?: ConversationBufferMemoryOptions) {
    const given = optionsOf(options, 'ConversationBufferMemory', BUFFER_OPTIONS)
    super(given, { memoryKey: given.memoryKey ?? 'history' })
  }

  override async memoryLines(_inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const messages = await this.chatHistory.getMessages({ signal })
    return { [this.memoryKey]: messageLines(messages.reverse(), this.prefixes) }
  }
}
