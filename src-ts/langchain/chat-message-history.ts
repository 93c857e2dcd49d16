/**
 * The messages of a talk as LangChain's chat message history.
 */
import { BaseListChatMessageHistory } from '@langchain/core/chat_history'
import {
  type BaseMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
} from '@langchain/core/messages'
import { type Backend, requireMethods } from '#core/backends/backend'
import { invalid } from '#core/errors'
import { at, longestString, MOST_METADATA, put, type Way } from '#core/long-strings'
import { type ChatMessage, StoredChatHistory, type StoredMessage } from '#core/memory/chat-history'
import { isObject, label, optionsOf, show } from '#core/options'
import type { Metadata } from '#core/records'

export interface HippocampChatMessageHistoryInput {
  /** A collection or one of its namespaces, whose records are the messages and nothing else. */
  readonly collection: Pick<Backend, 'add' | 'delete' | 'clear' | 'list' | 'namespace' | 'path'>
  /** The talk: messages are then in the namespace of this name below. */
  readonly sessionId?: string | undefined
}

/** In a message's metadata: what LangChain knows of it besides role and text. */
const REST = 'langchain'
/** Where in that the message's text belongs, if it was taken out. */
const WAY = 'textAt'
/** Roles of messages that need nothing but their text. What else was stored by another component is a `ChatMessage`. */
const PLAIN = ['human', 'ai', 'system']

/**
 * Messages of every type in a collection, in their order, durable, with their tool calls, parts and names. The memories of
 * `hippocamp/memory` read the same talk, and what they have stored is read here.
 */
export class HippocampChatMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace = ['hippocamp', 'chat_history']
  readonly #history: StoredChatHistory

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(input: HippocampChatMessageHistoryInput) {
    const given = optionsOf(input, 'HippocampChatMessageHistory', ['collection', 'sessionId'])
    super()
    const { collection, sessionId } = given
    requireMethods(collection, ['namespace', 'add', 'delete', 'clear', 'list'])
    const messages =
      sessionId === undefined
        ? collection
        : collection.namespace([...collection.path, label('sessionId', sessionId)])
    this.#history = new StoredChatHistory({ collection: messages })
  }

  static override lc_name(): string {
    return 'HippocampChatMessageHistory'
  }

  /** All messages, oldest first. */
  override async getMessages(): Promise<BaseMessage[]> {
    return mapStoredMessagesToChatMessages((await this.#history.getMessages()).map(storedOf))
  }

  override async addMessage(message: BaseMessage): Promise<void> {
    await this.addMessages([message])
  }

  /** Adds messages, all or none. */
  override async addMessages(messages: BaseMessage[]): Promise<void> {
    if (!Array.isArray(messages)) throw invalid(`messages is ${show(messages)}: give an array`)
    await this.#history.addMessages(mapChatMessagesToStoredMessages(messages).map(messageOf))
  }

  /** Deletes every message. */
  override async clear(): Promise<void> {
    await this.#history.clear()
  }
}

/** LangChain's form of a message outside of its classes. */
type Stored = Parameters<typeof mapStoredMessagesToChatMessages>[0][number]

function messageOf({ type, data }: Stored): ChatMessage {
  const { content, ...others } = data as unknown as { content: unknown } & Metadata
  const rest = Object.entries(others).filter(([, value]) => !isNothing(value))
  // What is not plain text is kept as it is, beside its text.
  if (typeof content !== 'string') rest.push(['content', content])
  if (type === 'generic') rest.push(['type', type])
  const role = type === 'generic' ? String(others.role) : type
  if (rest.length === 0) return { role, content: textOf(content) }
  const known = Object.fromEntries(rest)
  const json = JSON.stringify(known)
  if (json.length <= MOST_METADATA)
    return { role, content: textOf(content), metadata: { [REST]: known } }
  // Pictures and files are too large for metadata: the longest string is taken out, and is the text.
  const whole = JSON.parse(json) as Metadata
  whole.content = content
  const way = longestString(whole, () => true) as Way
  const text = String(at(whole, way))
  put(whole, way, '')
  return { role, content: text, metadata: { [REST]: whole, [WAY]: way } }
}

function storedOf({ role, content, metadata = {} }: StoredMessage): Stored {
  const known = isObject(metadata[REST])
  const rest = known ? (metadata[REST] as Metadata) : {}
  const way = metadata[WAY]
  if (Array.isArray(way)) put(rest, way as Way, content)
  const { type = known || PLAIN.includes(role) ? role : 'generic', ...others } = rest
  const data = { content, ...(type === 'generic' && { role }), ...others }
  return { type: type as string, data: data as unknown as Stored['data'] }
}

/** The text of a message whose content may be of several parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  const texts = content.map(part => (typeof part === 'string' ? part : part?.text))
  return texts.filter(text => typeof text === 'string').join('\n')
}

function isNothing(value: unknown): boolean {
  return value === undefined || (isObject(value) && Object.keys(value).length === 0)
}
