/** What the memories of messages have in common: where the messages are, by which keys they come, and how they are shown. */
import type { Backend } from '../backends/backend.js'
import { invalid } from '../errors.js'
import { boolean, show } from '../options.js'
import {
  type ChatHistory,
  historyOf,
  type IdentifiedMessage,
  InMemoryChatHistory,
  newMessage,
  placeOf,
  StoredChatHistory,
} from './chat-history.js'
import { readTurn, type Turn } from './context.js'
import { KEY_OPTIONS, type KeyOptions, type Keys, keysOf } from './keys.js'
import type { Line, MemoryLines, Values } from './memory.js'
import {
  type MessageLine,
  PREFIX_OPTIONS,
  type Prefixes,
  type PrefixOptions,
  prefixesOf,
} from './message-lines.js'
import { type Plan, QueuedMemory } from './queued-memory.js'
import { RamRecords, type Records } from './ram-records.js'

export interface ChatMemoryOptions extends KeyOptions, PrefixOptions {
  /**
   * A `Collection` or one of its namespaces. The memory keeps what it knows in namespaces below it: `messages`, and some
   * components `summary` or `entities`.
   * @default in RAM, gone when the process ends
   */
  readonly collection?: Pick<Backend, 'path' | 'namespace'> | undefined
  /**
   * Where the messages are, if not in `collection`.
   * @default the namespace `messages` of `collection`
   */
  readonly chatHistory?: ChatHistory | undefined
  /**
   * Whether memory variables are arrays of `{ role, content }` instead of strings.
   * @default false
   */
  readonly returnMessages?: boolean | undefined
}

export const CHAT_MEMORY_OPTIONS = [
  'collection',
  'chatHistory',
  'returnMessages',
  ...PREFIX_OPTIONS,
  ...KEY_OPTIONS,
] as const

export abstract class ChatMemory extends QueuedMemory<Turn> {
  /** The messages, of which the memory shows what it is made for. */
  readonly chatHistory: ChatHistory
  readonly returnMessages: boolean
  /** The key under which messages are shown. */
  readonly memoryKey: string
  protected readonly keys: Keys
  protected readonly prefixes: Prefixes

  /** @param memoryKeys by the names of their options; the first is that of the messages */
  constructor(options: ChatMemoryOptions, memoryKeys: Readonly<Record<string, string>>) {
    super()
    const { collection, chatHistory, returnMessages = false, humanPrefix, aiPrefix } = options
    if (
      collection !== undefined &&
      !(typeof collection?.namespace === 'function' && Array.isArray(collection.path))
    ) {
      throw invalid(
        `collection is ${show(collection)}: give a collection, whose namespaces are to hold the memory`,
      )
    }
    this.returnMessages = boolean('returnMessages', returnMessages)
    this.prefixes = prefixesOf({ humanPrefix, aiPrefix })
    this.keys = keysOf(options, memoryKeys)
    this.memoryKey = this.keys.memoryKeys[0] as string
    this.chatHistory = chatHistory === undefined ? messagesIn(collection) : historyOf(chatHistory)
  }

  /** The keys of what `loadMemoryVariables` resolves to. */
  override get memoryKeys(): string[] {
    return [...this.keys.memoryKeys]
  }

  override formatLines(lines: MemoryLines): Values {
    return { [this.memoryKey]: this.formatMessages(lines[this.memoryKey] ?? []) }
  }

  protected formatMessages(lines: readonly Line[]): unknown {
    return this.returnMessages
      ? lines.map(line => (line as MessageLine).message)
      : lines.map(line => line.text).join('\n')
  }

  protected override readTurn(inputs: Values, outputs: Values): Turn | undefined {
    return readTurn(inputs, outputs, this.keys)
  }

  protected override async plan(turns: readonly Turn[], _signal?: AbortSignal): Promise<Plan> {
    return this.planMessages(newMessages(turns))
  }

  /** Adds messages. */
  protected planMessages(messages: readonly IdentifiedMessage[]): Plan {
    const { chatHistory } = this
    return {
      async write(signal) {
        await chatHistory.addMessages(messages, { signal })
      },
      async undo() {
        await chatHistory.deleteMessages(messages.map(({ id }) => id))
      },
    }
  }

  protected override async clearAll(signal: AbortSignal | undefined): Promise<void> {
    await this.chatHistory.clear({ signal })
  }
}

/**
 * What tells histories apart: the same for two memories whose messages are in the same place, of which therefore only one may
 * save. Collections of two stores that have the same name and path count as one.
 */
export function historyKey(memory: Pick<ChatMemory, 'chatHistory'>): unknown {
  return placeOf(memory.chatHistory)
}

/** The messages of turns, in their order. */
export function newMessages(turns: readonly Turn[]): IdentifiedMessage[] {
  return turns.flatMap(({ input, output }) => [
    ...(input === undefined ? [] : [newMessage('human', input)]),
    ...(output === undefined ? [] : [newMessage('ai', output)]),
  ])
}

/** The records of one kind that a memory keeps. */
export function recordsIn(
  collection: ChatMemoryOptions['collection'],
  kind: 'messages' | 'summary' | 'entities',
): Records {
  return collection?.namespace([...collection.path, kind]) ?? new RamRecords()
}

function messagesIn(collection: ChatMemoryOptions['collection']): StoredChatHistory {
  if (collection === undefined) return new InMemoryChatHistory()
  return new StoredChatHistory({ collection: recordsIn(collection, 'messages') })
}
