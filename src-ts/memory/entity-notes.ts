/** Which entities a text is about, and what is noted about them: by a language model, or by rules. */
import { integer } from '../options.js'
import { nextTurn } from '../slices.js'
import type { Turn } from './context.js'
import type { EntityKind } from './entities/entity.js'
import { recognizeEntities } from './entities/recognize.js'
import { idOf, MOST, plain } from './entity-records.js'
import { type Ask, askOf, type LanguageModel } from './language-model.js'
import {
  ENTITY_EXTRACTION_PROMPT,
  ENTITY_SUMMARIZATION_PROMPT,
  fill,
  templateOf,
} from './prompts.js'
import { sentencesOf } from './sentences.js'

export interface EntityNotes {
  /** The names in a text, each once, in their order. */
  namesIn(text: string, history: string, signal: AbortSignal | undefined): Promise<string[]>
  /** The notes about an entity after a turn. */
  after(name: string, summary: string, said: Said, signal: AbortSignal | undefined): Promise<string>
}

/** A turn, and how it and those before it read. */
export interface Said {
  readonly turn: Turn
  readonly lines: string
  readonly history: string
}

export interface EntityNotesOptions {
  readonly llm?: LanguageModel | undefined
  readonly entityExtractionPrompt?: string | undefined
  readonly entitySummarizationPrompt?: string | undefined
  readonly maxSentences?: number | undefined
}

export function entityNotesOf(options: EntityNotesOptions): EntityNotes {
  const maxSentences = integer('maxSentences', options.maxSentences ?? 10, 1)
  const extraction = templateOf(
    'entityExtractionPrompt',
    options.entityExtractionPrompt,
    ENTITY_EXTRACTION_PROMPT,
    ['input'],
  )
  const summarization = templateOf(
    'entitySummarizationPrompt',
    options.entitySummarizationPrompt,
    ENTITY_SUMMARIZATION_PROMPT,
    ['entity', 'input'],
  )
  return options.llm === undefined
    ? new RuleNotes(maxSentences)
    : new ModelNotes(askOf(options.llm), extraction, summarization)
}

/** Answers about texts that are kept: a turn is asked about when it is loaded and again when it is saved. */
const KEPT = 64

class ModelNotes implements EntityNotes {
  readonly #ask: Ask
  readonly #extraction: string
  readonly #summarization: string
  /** By the text that they are about. */
  readonly #names = new Map<string, string[]>()

  constructor(ask: Ask, extraction: string, summarization: string) {
    this.#ask = ask
    this.#extraction = extraction
    this.#summarization = summarization
  }

  async namesIn(input: string, history: string, signal: AbortSignal | undefined) {
    if (input.trim() === '') return []
    const prompt = fill(this.#extraction, { history, input })
    const kept = this.#names.get(input)
    if (kept) return kept
    const answer = await this.#ask(prompt, signal)
    const names = answer === 'NONE' ? [] : distinct(answer.split(/[,，、\n]/))
    this.#names.set(input, names)
    const [oldest] = this.#names.keys()
    if (this.#names.size > KEPT && oldest !== undefined) this.#names.delete(oldest)
    return names
  }

  async after(
    entity: string,
    summary: string,
    { lines: input, history }: Said,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const prompt = fill(this.#summarization, { entity, summary, input, history })
    const answer = await this.#ask(prompt, signal)
    return answer === 'UNCHANGED' ? summary : answer.slice(-MOST)
  }
}

/** What is noted about, of all that the rules find. */
const NOTED: ReadonlySet<EntityKind> = new Set([
  'person',
  'place',
  'organisation',
  'name',
  'handle',
  'quoted',
])
/** Names of a turn that are noted at most. */
const NAMES = 100
/** Characters that are looked at before others get their turn: a millisecond or two. */
const SLICE = 4096

/** A sentence, and the form in which names are looked for in it. */
interface Searchable {
  readonly text: string
  readonly plain: string
}

class RuleNotes implements EntityNotes {
  readonly #maxSentences: number
  /** The sentences of a turn, which are looked through for each of its names. */
  readonly #sentences = new WeakMap<Turn, Promise<Searchable[]>>()

  constructor(maxSentences: number) {
    this.#maxSentences = maxSentences
  }

  async namesIn(text: string, _history: string, signal: AbortSignal | undefined) {
    const names: string[] = []
    for (const slice of slicesOf(text)) {
      if (names.length > 0 || slice !== text) await nextTurn()
      signal?.throwIfAborted()
      for (const { kind, text } of recognizeEntities(slice)) if (NOTED.has(kind)) names.push(text)
    }
    return distinct(names)
  }

  /** The newest sentences that mention it, each on a line of its own. */
  async after(
    name: string,
    summary: string,
    { turn }: Said,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const sentences = this.#sentences.get(turn) ?? searchable(turn, signal)
    this.#sentences.set(turn, sentences)
    const wanted = plain(name)
    const about = (await sentences)
      .filter(sentence => mentions(sentence.plain, wanted))
      .map(({ text }) => text)
    const known = summary === '' ? [] : summary.split('\n')
    const all = [...known.filter(line => !about.includes(line)), ...about]
    const notes = all.slice(-this.#maxSentences)
    while (notes.length > 1 && notes.join('\n').length > MOST) notes.shift()
    return notes.join('\n').slice(-MOST)
  }
}

async function searchable(
  { input = '', output = '' }: Turn,
  signal: AbortSignal | undefined,
): Promise<Searchable[]> {
  const sentences = await sentencesOf(`${input}\n${output}`, [], signal)
  return sentences.map(({ text }) => ({ text, plain: plain(text) }))
}

/** Whether a text has a name in it, not as a part of another word; both plain. */
function mentions(all: string, wanted: string): boolean {
  for (let at = all.indexOf(wanted); at >= 0; at = all.indexOf(wanted, at + 1)) {
    const inWord = (edge: number) =>
      /^[\p{Script=Latin}\p{N}]{2}$/u.test(all.slice(edge - 1, edge + 1))
    if (!(at > 0 && inWord(at)) && !inWord(at + wanted.length)) return true
  }
  return false
}

/** A text in pieces that end where lines or words do. */
function* slicesOf(text: string): Generator<string> {
  let from = 0
  while (text.length - from > SLICE) {
    const piece = text.slice(from, from + SLICE)
    const end = Math.max(piece.lastIndexOf('\n'), piece.lastIndexOf(' '), piece.lastIndexOf('。'))
    const length = end > 0 ? end + 1 : SLICE
    yield piece.slice(0, length)
    from += length
  }
  yield text.slice(from)
}

/** Names, each once, without what is around them; of very many the first. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, string>()
  for (const name of names) {
    const trimmed = name.replaceAll('\0', '').trim()
    const id = idOf(trimmed)
    if (id !== '' && !seen.has(id)) seen.set(id, trimmed)
  }
  return [...seen.values()].slice(0, NAMES)
}
