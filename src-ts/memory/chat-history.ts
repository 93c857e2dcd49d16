/**
 * The messages of a talk in their order, in RAM or in a store: one record per message.
 *
 * The newest are read without the others, and the messages of one call are written together or not at all.
 */
import { randomUUID } from 'node:crypto'
import { requireMethods } from '../backends/backend.js'
import { pages } from '../backends/pages.js'
import { invalid } from '../errors.js'
import { isObject, label, optionsOf, refuseUnknown, show, text } from '../options.js'
import type { Metadata, NewRecord, StoredRecord } from '../records.js'
import { type MemoryCall, signalOfCall } from './memory.js'
import { RamRecords, type Records } from './ram-records.js'

/** Something that was said. */
export interface ChatMessage {
  /** Who said it: `human`, `ai`, `system` or another name. */
  readonly role: 'human' | 'ai' | 'system' | (string & {})
  /** What was said; it may be empty. */
  readonly content: string
  /** @default a new one */
  readonly id?: string | undefined
  /** @default the time at which it is stored */
  readonly time?: Date | undefined
  /** Anything else about it, as JSON. */
  readonly metadata?: Metadata | undefined
}

/** A message that is known by its id. */
export interface IdentifiedMessage extends ChatMessage {
  readonly id: string
}

/** A message that is kept. */
export interface StoredMessage extends IdentifiedMessage {
  readonly time: Date
}

/** Where messages are kept. The first two methods are all that a talk is read by. */
export interface ChatHistory {
  /** All messages, oldest first. */
  getMessages(call?: MemoryCall): Promise<StoredMessage[]>
  /** Messages from the newest to the oldest, read as far as they are asked for. */
  newestFirst(call?: MemoryCall): AsyncIterable<StoredMessage>
  /** Adds messages, all or none; resolves with their ids. */
  addMessages(messages: readonly ChatMessage[], call?: MemoryCall): Promise<string[]>
  /** Deletes messages; resolves with how many there were. */
  deleteMessages(ids: readonly string[], call?: MemoryCall): Promise<number>
  /** Deletes every message. */
  clear(call?: MemoryCall): Promise<void>
}

/** Messages that are read at once: of a few turns, and then of many. */
const PAGES = { first: 16, size: 256 } as const
const RECORD_METHODS = ['add', 'delete', 'clear', 'list'] as const
const MESSAGE_KEYS = ['role', 'content', 'id', 'time', 'metadata'] as const

export interface StoredChatHistoryOptions {
  /**
   * Where the messages are: a `Collection` or one of its namespaces, whose records are the messages and nothing else. It
   * encodes them, so they can be searched as well.
   */
  readonly collection: Pick<Records, (typeof RECORD_METHODS)[number]>
}

/**
 * Messages in a store. Lone surrogates in them are stored as U+FFFD, as in every record.
 *
 * Every method rejects with what the store rejects with.
 */
export class StoredChatHistory implements ChatHistory {
  readonly #records: StoredChatHistoryOptions['collection']

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options: StoredChatHistoryOptions) {
    const { collection } = optionsOf(options, 'StoredChatHistory', ['collection'])
    requireMethods(collection, RECORD_METHODS)
    this.#records = collection
    const { name, path } = collection as { name?: unknown; path?: unknown }
    if (Array.isArray(path)) PLACES.set(this, JSON.stringify([name, path]))
  }

  /** All messages, oldest first. */
  async getMessages(call?: MemoryCall): Promise<StoredMessage[]> {
    return (await collect(this.newestFirst(call))).reverse()
  }

  /** Messages from the newest to the oldest, read as far as they are asked for. */
  async *newestFirst(call?: MemoryCall): AsyncGenerator<StoredMessage> {
    const signal = signalOfCall(call, 'newestFirst')
    const newest = { sort: { order: 'desc' }, signal } as const
    for await (const page of pages(this.#records, newest, PAGES)) yield* page.map(messageOf)
  }

  /**
   * Adds messages, all or none, in their order; resolves with their ids.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT naming the message, ERR_RECORD_EXISTS, ERR_ENCODER_REQUIRED
   */
  async addMessages(messages: readonly ChatMessage[], call?: MemoryCall): Promise<string[]> {
    const signal = signalOfCall(call, 'addMessages')
    if (!Array.isArray(messages)) {
      throw invalid(`the messages are ${show(messages)}: give an array of messages`)
    }
    const records = messages.map((message, i) => recordOf(message, `message ${i}`))
    return records.length === 0 ? [] : this.#records.add(records, { signal })
  }

  /** Adds one message; resolves with its id. */
  async addMessage(message: ChatMessage, call?: MemoryCall): Promise<string> {
    const [id] = await this.addMessages([message], call)
    return id as string
  }

  /** Adds what a human said. */
  async addUserMessage(content: string, call?: MemoryCall): Promise<string> {
    return this.addMessage({ role: 'human', content }, call)
  }

  /** Adds what the model answered. */
  async addAIMessage(content: string, call?: MemoryCall): Promise<string> {
    return this.addMessage({ role: 'ai', content }, call)
  }

  /** The same, by LangChain's older name. */
  async addAIChatMessage(content: string, call?: MemoryCall): Promise<string> {
    return this.addAIMessage(content, call)
  }

  /** Deletes messages; resolves with how many there were. */
  async deleteMessages(ids: readonly string[], call?: MemoryCall): Promise<number> {
    return this.#records.delete(ids, { signal: signalOfCall(call, 'deleteMessages') })
  }

  /** Deletes every message. */
  async clear(call?: MemoryCall): Promise<void> {
    await this.#records.clear({ signal: signalOfCall(call, 'clear') })
  }
}

/** Messages in RAM: gone when the process ends. */
export class InMemoryChatHistory extends StoredChatHistory {
  constructor() {
    super({ collection: new RamRecords() })
  }
}

/** Where histories are, of those over a backend. */
const PLACES = new WeakMap<ChatHistory, string>()

/** Where messages are: the same for two histories over one collection. A history that is nowhere else is its own place. */
export function placeOf(history: ChatHistory): unknown {
  return PLACES.get(history) ?? history
}

/** The history that a component was given as an option. */
export function historyOf(value: unknown): ChatHistory {
  const methods = ['getMessages', 'newestFirst', 'addMessages', 'deleteMessages', 'clear'] as const
  if (isObject(value) && methods.every(name => typeof (value as ChatHistory)[name] === 'function'))
    return value as ChatHistory
  throw invalid(
    `chatHistory is ${show(value)}: give a StoredChatHistory or an InMemoryChatHistory, or an object with the methods ${methods.join(', ')}`,
  )
}

/** The first messages of some that are being read. */
export async function collect<T extends ChatMessage>(
  messages: AsyncIterable<T>,
  most = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const all: T[] = []
  for await (const message of messages) {
    all.push(message)
    if (all.length >= most) break
  }
  return all
}

/** A message with an id, before it is stored. */
export function newMessage(role: string, content: string): IdentifiedMessage {
  return { role, content, id: randomUUID() }
}

function recordOf(message: ChatMessage, name: string): NewRecord {
  if (!isObject(message)) {
    throw invalid(`${name} is ${show(message)}: give an object { role, content }`)
  }
  refuseUnknown(message, MESSAGE_KEYS, key => `unknown key "${key}" of ${name}`)
  const { role, content, id, time, metadata } = message
  if (text(`the role of ${name}`, role) === '') {
    throw invalid(`the role of ${name} is "": give "human", "ai", "system" or another name`)
  }
  if (time !== undefined && !(time instanceof Date && Number.isFinite(time.getTime()))) {
    throw invalid(`the time of ${name} is ${show(time)}: give a Date`)
  }
  if (metadata !== undefined && !isObject(metadata)) {
    throw invalid(`the metadata of ${name} is ${show(metadata)}: give an object`)
  }
  for (const key of ['role', 'time']) {
    if (metadata !== undefined && key in metadata)
      throw invalid(`the metadata of ${name} has "${key}", which is a key of the message itself`)
  }
  return {
    id: id === undefined ? undefined : label(`the id of ${name}`, id),
    text: text(`the content of ${name}`, content),
    metadata: { ...metadata, role, ...(time && { time: time.toISOString() }) },
  }
}

function messageOf({ id, text = '', metadata, createdAt }: StoredRecord<object>): StoredMessage {
  const { role, time, ...rest } = metadata as Metadata
  const message = {
    id,
    role: typeof role === 'string' ? role : 'unknown',
    content: text,
    time: typeof time === 'string' ? new Date(time) : createdAt,
  }
  return Object.keys(rest).length > 0 ? { ...message, metadata: rest } : message
}
