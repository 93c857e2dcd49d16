/**
 * What is known of the people, places and things that the talk is about, and the last turns.
 *
 * Nothing is kept between loading and saving but what is stored: which entities a turn is about follows from the turn alone, so
 * turns at the same time cannot take each other's.
 */
import { integer, optionsOf } from '../options.js'
import { collect } from './chat-history.js'
import {
  CHAT_MEMORY_OPTIONS,
  ChatMemory,
  type ChatMemoryOptions,
  newMessages,
  recordsIn,
} from './chat-memory.js'
import { readQuestion, type Turn } from './context.js'
import { type EntityNotes, entityNotesOf, mentions } from './entity-notes.js'
import { type EntityNote, EntityRecords, idOf, plain } from './entity-records.js'
import type { LanguageModel } from './language-model.js'
import {
  type Line,
  type MemoryCall,
  type MemoryLines,
  priorityOf,
  signalOfCall,
  type Values,
} from './memory.js'
import { formatMessage, messageLines } from './message-lines.js'
import type { Plan } from './queued-memory.js'

export interface ConversationEntityMemoryOptions extends ChatMemoryOptions {
  /**
   * Finds the entities of a turn and keeps the notes about them.
   * @default none: {@link recognizeEntities} finds them, and the notes are the sentences that mention them
   */
  readonly llm?: LanguageModel | undefined
  /**
   * How many turns are shown: the last 2 k messages.
   * @default 3
   */
  readonly k?: number | undefined
  /**
   * The key of the last turns.
   * @default 'history'
   */
  readonly chatHistoryKey?: string | undefined
  /**
   * The key of what is known of the entities of the question: an object of texts by name.
   * @default 'entities'
   */
  readonly entitiesKey?: string | undefined
  /**
   * What `llm` is asked for the names in `{input}`; also has `{history}`.
   * @default a prompt in English
   */
  readonly entityExtractionPrompt?: string | undefined
  /**
   * What `llm` is asked for the new notes about `{entity}` after `{input}`; also has `{summary}` and `{history}`.
   * @default a prompt in English
   */
  readonly entitySummarizationPrompt?: string | undefined
  /**
   * Sentences about an entity that are kept without `llm`, the newest.
   * @default 10
   */
  readonly maxSentences?: number | undefined
  /**
   * Told when `llm` failed. What the rules find is shown and noted instead, and the turn is saved all the same.
   * @default a warning of the process
   */
  readonly onEntityError?: ((error: unknown) => void) | undefined
}

const OPTIONS = [
  ...CHAT_MEMORY_OPTIONS,
  'llm',
  'k',
  'chatHistoryKey',
  'entitiesKey',
  'entityExtractionPrompt',
  'entitySummarizationPrompt',
  'maxSentences',
  'onEntityError',
] as const

interface EntityLine extends Line {
  readonly note: EntityNote
}

export class ConversationEntityMemory extends ChatMemory {
  readonly k: number
  /** The key of what is known of entities. */
  readonly entitiesKey: string
  readonly #records: EntityRecords
  readonly #notes: EntityNotes
  readonly #asks: boolean

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options?: ConversationEntityMemoryOptions) {
    const given = optionsOf(options, 'ConversationEntityMemory', OPTIONS)
    const { chatHistoryKey = 'history', entitiesKey = 'entities' } = given
    super(given, { chatHistoryKey, entitiesKey })
    this.k = integer('k', given.k ?? 3, 1)
    this.entitiesKey = entitiesKey
    this.#records = new EntityRecords(recordsIn(given.collection, 'entities'))
    this.#notes = entityNotesOf(given)
    this.#asks = given.llm !== undefined
  }

  /** Turns that a model is asked about are written one by one: if one is given up, the others need not be asked about again. */
  protected override get batch(): number {
    return this.#asks ? 1 : super.batch
  }

  override async memoryLines(inputs: Values, call?: MemoryCall): Promise<MemoryLines> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const question = readQuestion(inputs, this.keys) ?? ''
    const messages = await this.#lastMessages(signal)
    const lines = messageLines(messages, this.prefixes)
    const history = lines.map(({ text }) => text).join('\n')
    const names = await this.#notes.namesIn(question, history, signal)
    const notes = await this.#known(names, signal)
    const entities = notes.map((note, rank): EntityLine => {
      return { text: `${note.name}: ${note.summary}`, priority: priorityOf(rank), note }
    })
    return { [this.memoryKey]: lines, [this.entitiesKey]: entities }
  }

  override formatLines(lines: MemoryLines): Values {
    const notes = (lines[this.entitiesKey] ?? []).map(line => (line as EntityLine).note)
    const entities = Object.fromEntries(notes.map(({ name, summary }) => [name, summary]))
    return { ...super.formatLines(lines), [this.entitiesKey]: entities }
  }

  protected override async plan(
    turns: readonly Turn[],
    signal: AbortSignal | undefined,
  ): Promise<Plan> {
    const records = this.#records
    const messages = newMessages(turns)
    const adding = this.planMessages(messages)
    const earlier = await this.#lastMessages(signal)
    const history = earlier.map(message => formatMessage(message, this.prefixes)).reverse()
    const before = new Map<string, EntityNote>()
    const changed = new Map<string, EntityNote>()
    for (const turn of turns) {
      const lines = newMessages([turn]).map(message => formatMessage(message, this.prefixes))
      const shown = history.slice(-2 * this.k).join('\n')
      const said = { turn, lines: lines.join('\n'), history: shown }
      const names = await this.#notes.namesIn(turn.input ?? '', shown, signal)
      const fresh = names.filter(name => !changed.has(idOf(name)))
      for (const [id, note] of await records.read(fresh, signal)) before.set(id, note)
      const update = async (name: string) => {
        const id = idOf(name)
        const { summary } = changed.get(id) ?? before.get(id) ?? { summary: '' }
        const next = await this.#notes.after(name, summary, said, signal)
        if (next !== summary) changed.set(id, { name, summary: next })
      }
      await Promise.all(names.map(update))
      history.push(...lines)
    }
    const notes = [...changed.values()]
    return {
      async write(signal) {
        await adding.write(signal)
        await records.write(notes, signal)
      },
      async undo() {
        await records.restore(before, notes)
        await adding.undo()
      },
    }
  }

  protected override async clearAll(signal: AbortSignal | undefined): Promise<void> {
    await super.clearAll(signal)
    await this.#records.clear(signal)
  }

  /**
   * What is known of each name, and of the longer names that it is a part of, each once. Nothing stands for a name of which
   * nothing is known: a model would take it for knowledge.
   */
  async #known(names: readonly string[], signal: AbortSignal | undefined): Promise<EntityNote[]> {
    if (names.length === 0) return []
    const known = await this.#records.read(names, signal)
    const parts = names.map(plain)
    const longer = await this.#records.find(name => {
      const whole = plain(name)
      return parts.some(part => whole !== part && isPartOf(part, whole))
    }, signal)
    const notes = new Map<string, EntityNote>()
    for (const name of names) {
      const own = known.get(idOf(name))
      if (own) notes.set(idOf(name), { ...own, name })
      for (const note of longer) {
        const id = idOf(note.name)
        if (!known.has(id) && isPartOf(plain(name), plain(note.name))) notes.set(id, note)
      }
    }
    return [...notes.values()].filter(({ summary }) => summary !== '')
  }

  #lastMessages(signal: AbortSignal | undefined) {
    return collect(this.chatHistory.newestFirst({ signal }), 2 * this.k)
  }
}

/** Whether a name is some of the words of a longer one, or in Chinese its beginning or end; both plain. */
function isPartOf(part: string, whole: string): boolean {
  if (!/\p{Script=Han}/u.test(part)) return mentions(whole, part)
  return part.length >= 2 && (whole.startsWith(part) || whole.endsWith(part))
}
