/** The last turns of a talk, word for word. */
import { integer, optionsOf } from '../options.js'
import { BUFFER_OPTIONS, type ConversationBufferMemoryOptions } from './buffer.js'
import { collect } from './chat-history.js'
import { ChatMemory } from './chat-memory.js'
import { type MemoryCall, type MemoryLines, signalOfCall, type Values } from './memory.js'
import { messageLines } from './message-lines.js'

export interface ConversationBufferWindowMemoryOptions extends ConversationBufferMemoryOptions {
  /**
   * How many turns are shown: the last 2 k messages.
   * @default 5
   */
  readonly k?: number | undefined
}

/** Shows the last k turns. Older ones stay in the history; only the last are read. */
export class ConversationBufferWindowMemory extends ChatMemory {
  readonly k: number

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options?: ConversationBufferWindowMemoryOptions) {
    const known = [...BUFFER_OPTIONS, 'k'] as const
    const given = optionsOf(options, 'ConversationBufferWindowMemory', known)
    super(given, { memoryKey: given.memoryKey ?? 'history' })
    this.k = integer('k', given.k ?? 5, 1)
  }

  override async memoryLines(_inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const messages = await collect(this.chatHistory.newestFirst({ signal }), 2 * this.k)
    return { [this.memoryKey]: messageLines(messages, this.prefixes) }
  }
}
