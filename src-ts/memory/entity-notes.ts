/**
 * Which entities a text is about, and what is noted about them: by a language model, or by rules. Where a model fails, the
 * rules stand in for it, so that no turn is lost and no prompt goes without what is known.
 */
import { invalid } from '../errors.js'
import { integer, show } from '../options.js'
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
  readonly onEntityError?: ((error: unknown) => void) | undefined
}

export function entityNotesOf(options: EntityNotesOptions): EntityNotes {
  const maxSentences = integer('maxSentences', options.maxSentences ?? 10, 1)
  const { onEntityError = warn } = options
  if (typeof onEntityError !== 'function') {
    throw invalid(`onEntityError is ${show(onEntityError)}: give a function`)
  }
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
    : new ModelNotes(askOf(options.llm), extraction, summarization, onEntityError)
}

function warn(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  process.emitWarning(
    `llm failed over the entities of a turn, and rules found what is noted: ${reason}`,
    'HippocampWarning',
  )
}

/** Answers that are kept: a turn is asked about when it is loaded and again when it is saved. */
const KEPT = 64

class ModelNotes implements EntityNotes {
  readonly #ask: Ask
  readonly #extraction: string
  readonly #summarization: string
  readonly #onError: (error: unknown) => void
  /** What a model has noted is not cut to a number of sentences because it failed once. */
  readonly #rules = new RuleNotes(Number.POSITIVE_INFINITY)
  /** By the whole prompt: whom "she" means depends on the history. */
  readonly #names = new Map<string, string[]>()

  constructor(
    ask: Ask,
    extraction: string,
    summarization: string,
    onError: (error: unknown) => void,
  ) {
    this.#ask = ask
    this.#extraction = extraction
    this.#summarization = summarization
    this.#onError = onError
  }

  async namesIn(input: string, history: string, signal: AbortSignal | undefined) {
    if (input.trim() === '') return []
    const prompt = fill(this.#extraction, { history, input })
    const kept = this.#names.get(prompt)
    if (kept) return kept
    const answer = await this.#answer(prompt, signal)
    if (answer === undefined) return this.#rules.namesIn(input, history, signal)
    const names = namesOf(answer, plain(`${input}\n${history}`))
    this.#names.set(prompt, names)
    const [oldest] = this.#names.keys()
    if (this.#names.size > KEPT && oldest !== undefined) this.#names.delete(oldest)
    return names
  }

  async after(
    entity: string,
    summary: string,
    said: Said,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { lines: input, history } = said
    const prompt = fill(this.#summarization, { entity, summary, input, history })
    const answer = await this.#answer(prompt, signal)
    if (answer === undefined) return this.#rules.after(entity, summary, said, signal)
    return bare(answer).toUpperCase() === 'UNCHANGED' ? summary : answer.slice(-MOST)
  }

  /** Undefined if the model fails. */
  async #answer(prompt: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      return await this.#ask(prompt, signal)
    } catch (error) {
      signal?.throwIfAborted()
      this.#onError(error)
      return undefined
    }
  }
}

/**
 * The names in a model's answer: pieces of a list, without what lists are adorned with, that occur in the text.
 * @param source the text, plain
 */
function namesOf(answer: string, source: string): string[] {
  const pieces = answer
    .split('\n')
    .flatMap(line => line.replace(/^\s*\(?\d{1,3}[.)、](?!\d)/, '').split(/[,，、;；]/))
  const names = pieces.flatMap(piece => {
    // "Here are the names: Anna", "Anna (a person)".
    const forms = [piece, piece.replace(/^.*[:：]/, ''), piece.replace(/[(（].*$/, '')].map(bare)
    return forms.find(form => plain(form) !== '' && mentions(source, plain(form))) ?? []
  })
  return distinct(names.filter(name => name.toUpperCase() !== 'NONE'))
}

/** A word or name without bullets, quotation marks, brackets and stops around it. */
function bare(text: string): string {
  const around = '[\\s\\-–—*•·_`"\'“”‘’«»「」『』《》\\[\\].。!！?？:：]+'
  return text.replace(new RegExp(`^${around}`, 'u'), '').replace(new RegExp(`${around}$`, 'u'), '')
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
export function mentions(all: string, wanted: string): boolean {
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
