/**
 * A summary without a language model: the sentences that say most of what the others say, word for word, in their order.
 *
 * A sentence is central as far as its vector points to where all vectors together point. The most central is taken, then again
 * and again the one that is most central and least like those that were taken (maximal marginal relevance, Carbonell and
 * Goldstein 1998), until there is no room. Both are measured between what is usual in this text and the most that there is, since
 * with some encoders all sentences are alike: 0.8 may be little. What a sentence says by itself counts beside it (substance.ts):
 * in a talk the centre is small talk, and an allergy is mentioned once. It chooses; it does not rephrase, join or conclude.
 *
 *     score = centrality, from 0 to 0.5 - 0.7 × likeness to what was taken + substance
 */
import { invalid } from '../errors.js'
import { integer, isObject, optionsOf, show, signalOf, text } from '../options.js'
import { nextTurn } from '../slices.js'
import type { MemoryCall } from './memory.js'
import { formatSentence, type Sentence, sentencesOf } from './sentences.js'
import { substanceOf } from './substance.js'
import { type Count, counterOf, type TokenCounter } from './token-count.js'

/** What turns sentences into vectors: a hippocamp `Encoder`, or anything with its `encode`. */
export interface SentenceEncoder {
  /** Row-major vectors: that of sentence `i` starts at `i * dimension`. */
  encode(
    texts: readonly string[],
    call?: MemoryCall,
  ): Promise<{ readonly data: ArrayLike<number>; readonly dimension: number }>
}

export interface ExtractiveSummaryOptions {
  readonly encoder: SentenceEncoder
  /**
   * Sentences at most.
   * @default 10, or as many as fit if `maxTokens` is given
   */
  readonly maxSentences?: number | undefined
  /** Tokens at most, line breaks and speakers included. */
  readonly maxTokens?: number | undefined
  /**
   * What counts them.
   * @default the encoder
   */
  readonly countTokens?: TokenCounter | undefined
  /**
   * Names which, at the start of a line and before a colon, say who speaks from there on. Each sentence of the summary has its
   * speaker before it.
   * @default []
   */
  readonly speakers?: readonly string[] | undefined
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const OPTIONS = [
  'encoder',
  'maxSentences',
  'maxTokens',
  'countTokens',
  'speakers',
  'signal',
] as const

/** How much centrality counts beside substance. */
const CENTRALITY = 0.5
/** How much likeness to a sentence that was taken counts against one. */
const REDUNDANCY = 0.7
/** Sentences that are encoded in one call. */
const BATCH = 512
/** Multiplications between which others get their turn: about a millisecond. */
const WORK = 1 << 20
/** Milliseconds after which others get their turn. */
const SLICE = 3
/** Sentences in succession that may be too long for the room that is left. */
const MISSES = 16

/**
 * The most central sentences of a text, each on a line of its own, in their order.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT; whatever the encoder fails with
 */
export async function extractiveSummary(
  words: string,
  options: ExtractiveSummaryOptions,
): Promise<string> {
  const given = optionsOf(options, 'extractiveSummary', OPTIONS)
  const { speakers = [] } = given
  const signal = signalOf(given.signal)
  const encoder = encoderOf(given.encoder)
  const room = roomOf(given, signal)
  if (!Array.isArray(speakers)) {
    throw invalid(`speakers is ${show(speakers)}: give an array of strings`)
  }
  for (const speaker of speakers) text('a name of speakers', speaker)
  signal?.throwIfAborted()

  const sentences = distinct(await sentencesOf(text('the text', words), speakers, signal))
  // What is short enough is its own summary.
  if (await room.takesAll(sentences)) return sentences.map(formatSentence).join('\n')
  const vectors = await encode(encoder, sentences, signal)
  const substance = await substances(sentences, signal)
  const chosen = await mostCentral(sentences, vectors, room, signal, substance)
  return chosen.map(formatSentence).join('\n')
}

/** The substance of each sentence. */
export async function substances(
  sentences: readonly Sentence[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const result = new Float32Array(sentences.length)
  let started = performance.now()
  for (const [at, sentence] of sentences.entries()) {
    result[at] = substanceOf(sentence)
    if (performance.now() - started < SLICE) continue
    await nextTurn()
    signal?.throwIfAborted()
    started = performance.now()
  }
  return result
}

function roomOf(
  { encoder, maxSentences, maxTokens, countTokens }: Partial<ExtractiveSummaryOptions>,
  signal: AbortSignal | undefined,
): Room {
  const most = maxSentences === undefined ? undefined : integer('maxSentences', maxSentences, 1)
  if (maxTokens === undefined) return new Room(most ?? 10, undefined, undefined, signal)
  integer('maxTokens', maxTokens, 0)
  const count = counterOf('extractiveSummary', countTokens, encoder)
  return new Room(most ?? Number.POSITIVE_INFINITY, maxTokens, count, signal)
}

/** The encoder of an option. */
export function encoderOf(encoder: unknown): SentenceEncoder {
  if (isObject(encoder) && typeof (encoder as SentenceEncoder).encode === 'function') {
    return encoder as SentenceEncoder
  }
  throw invalid(`encoder is ${show(encoder)}: give an Encoder, or an object with encode(texts)`)
}

/** What was said twice counts once, as it was said last. */
function distinct(sentences: readonly Sentence[]): Sentence[] {
  const last = new Map<string, number>()
  for (const [at, sentence] of sentences.entries()) last.set(formatSentence(sentence), at)
  return sentences.filter((sentence, at) => last.get(formatSentence(sentence)) === at)
}

/** How much may be chosen. */
export interface Limits<T> {
  readonly maxSentences: number
  readonly maxTokens?: number | undefined
  /** The tokens of some together; 0 if they are not limited. */
  tokens(chosen: readonly T[]): Promise<number>
}

/** How much a summary may hold. */
class Room implements Limits<Sentence> {
  constructor(
    readonly maxSentences: number,
    readonly maxTokens: number | undefined,
    readonly count: Count | undefined,
    readonly signal: AbortSignal | undefined,
  ) {}

  async takesAll(sentences: readonly Sentence[]): Promise<boolean> {
    if (sentences.length > this.maxSentences) return false
    return (await this.tokens(sentences)) <= (this.maxTokens ?? 0)
  }

  /** The tokens of some sentences together; 0 if they are not limited. */
  async tokens(sentences: readonly Sentence[]): Promise<number> {
    if (!this.count || sentences.length === 0) return 0
    return this.count(sentences.map(formatSentence).join('\n'), this.signal)
  }
}

/** Unit vectors, one after the other, and their sum. */
export interface Vectors {
  readonly data: Float32Array
  readonly dimension: number
  readonly sum: Float32Array
}

async function encode(
  encoder: SentenceEncoder,
  sentences: readonly Sentence[],
  signal: AbortSignal | undefined,
): Promise<Vectors> {
  let vectors: Vectors | undefined
  for (let from = 0; from < sentences.length; from += BATCH) {
    const texts = sentences.slice(from, from + BATCH).map(sentence => sentence.text)
    const { data, dimension } = await encoder.encode(texts, signal && { signal })
    signal?.throwIfAborted()
    if (data.length !== texts.length * dimension) {
      throw invalid(
        `encoder gave ${data.length} values for ${texts.length} sentences of dimension ${dimension}: give one vector for each`,
      )
    }
    vectors ??= {
      data: new Float32Array(sentences.length * dimension),
      dimension,
      sum: new Float32Array(dimension),
    }
    for (let row = 0; row < texts.length; row++) addUnit(vectors, from + row, data, row)
    await nextTurn()
  }
  return vectors ?? { data: new Float32Array(0), dimension: 1, sum: new Float32Array(1) }
}

/** Scales a vector to length 1 and puts it in its place. */
export function addUnit(vectors: Vectors, to: number, data: ArrayLike<number>, from: number): void {
  const { dimension, sum } = vectors
  let square = 0
  for (let i = 0; i < dimension; i++) square += (data[from * dimension + i] as number) ** 2
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0
  for (let i = 0; i < dimension; i++) {
    const value = (data[from * dimension + i] as number) * scale
    vectors.data[to * dimension + i] = value
    sum[i] = (sum[i] as number) + value
  }
}

/**
 * Those that say most of what all say, in their order; each has the vector of its number.
 * @param substance what counts for each of them beside that
 */
export async function mostCentral<T>(
  sentences: readonly T[],
  vectors: Vectors,
  room: Limits<T>,
  signal: AbortSignal | undefined,
  substance?: Float32Array,
): Promise<T[]> {
  const { data, dimension, sum } = vectors
  const count = sentences.length
  const usual = (Math.hypot(...sum) ** 2 - count) / (count * (count - 1) || 1)
  const central = stretched(await products(vectors, sum, signal))
  const worth = substance
    ? central.map((value, at) => CENTRALITY * value + (substance[at] as number))
    : central
  const likeness = new Float32Array(sentences.length)
  const left = new Set(sentences.keys())
  let chosen: number[] = []
  let misses = 0
  while (left.size > 0 && chosen.length < room.maxSentences && misses < MISSES) {
    const best = bestOf(left, worth, likeness)
    left.delete(best)
    const more = [...chosen, best].sort((a, b) => a - b)
    const tokens = await room.tokens(more.map(at => sentences[at] as T))
    if (tokens > (room.maxTokens ?? 0)) {
      misses++
      continue
    }
    misses = 0
    chosen = more
    const row = data.subarray(best * dimension, (best + 1) * dimension)
    const near = await products(vectors, row, signal)
    near.forEach((product, at) => {
      const unusual = (product - usual) / Math.max(1 - usual, Number.EPSILON)
      likeness[at] = Math.max(likeness[at] as number, unusual)
    })
  }
  return chosen.map(at => sentences[at] as T)
}

/** The least is 0, the most 1. */
function stretched(values: Float32Array): Float32Array {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return values.map(value => (value - least) / (most - least || 1))
}

function bestOf(left: Set<number>, worth: Float32Array, likeness: Float32Array): number {
  let best = -1
  let highest = Number.NEGATIVE_INFINITY
  for (const at of left) {
    const score = (worth[at] as number) - REDUNDANCY * (likeness[at] as number)
    if (score > highest) {
      best = at
      highest = score
    }
  }
  return best
}

/** The inner product of each vector with one. */
async function products(
  { data, dimension }: Vectors,
  other: Float32Array,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const rows = data.length / dimension
  const slice = Math.max(1, Math.floor(WORK / dimension))
  const result = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    if (row > 0 && row % slice === 0) {
      await nextTurn()
      signal?.throwIfAborted()
    }
    let product = 0
    for (let i = 0; i < dimension; i++) {
      product += (data[row * dimension + i] as number) * (other[i] as number)
    }
    result[row] = product
  }
  return result
}
