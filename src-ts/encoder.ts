/**
 * Sentence encoders: text in, vectors out.
 */
import type { CallOptions } from './collection-types.js'
import { type EncoderStats, type QueueOptions, queueOf } from './encoder-queue.js'
import { invalid } from './errors.js'
import { fetchModel, type OnProgress } from './models/index.js'
import { type NativeEncoder, native } from './native.js'
import { cancellable, unlessAborted } from './operations.js'
import { boolean, integer, isObject, oneOf, optionsOf, show, signalOf, text } from './options.js'
import { filled } from './text-batch.js'

/** How to load an encoder. What is left out is as the model's folder says. */
export interface LoadEncoderOptions {
  /**
   * Tokens of a text that are looked at, special tokens included; the rest is cut off. At most what the model can take.
   * @default the model's own maximum
   */
  readonly maxTokens?: number | undefined
  /**
   * How the vectors of a text's tokens become one.
   * @default the model's own
   */
  readonly pooling?: Pooling | undefined
  /**
   * Whether vectors are scaled to length 1.
   * @default the model's own
   */
  readonly normalize?: boolean | undefined
  /**
   * Only so many values of a vector, the first ones: for models that were trained so that these are a vector of their own
   * (Matryoshka representations). Where the model scales vectors to length 1, these are scaled, too.
   * @default all
   */
  readonly dimensions?: number | undefined
  /**
   * Prompts by name, added to the model's own; see {@link EncodeOptions.prompt}. Well-known models whose folders state no
   * prompts have `query` and `passage` as their model cards say; an empty prompt takes one away.
   */
  readonly prompts?: Readonly<Record<string, string>> | undefined
  /**
   * The languages that the model was made for, by their codes (`['en']`, `['en', 'zh']`): in hybrid searches vectors of questions
   * in other scripts say nothing.
   * @default all that its tokenizer knows
   */
  readonly languages?: readonly string[] | undefined
  /** How many texts may wait, and what happens to calls when it is full. */
  readonly queue?: QueueOptions | undefined
  /**
   * Bytes that the vectors of texts may take which were asked for lately, so that a question that comes again need not be
   * encoded again. Calls of up to 8 texts and questions of searches are remembered, texts of up to 4 KiB; what is stored is
   * not. 0 turns it off.
   * @default 4194304 (4 MiB, about 2,400 vectors of 384)
   */
  readonly cache?: number | undefined
  /**
   * The instruction set, for measurements and for reproducing another machine's results.
   * @default the best that this CPU has, or the environment variable HIPPOCAMP_CPU
   */
  readonly cpu?: CpuLevel | undefined
  /**
   * The form of weights and activations in matrix products; it decides the vectors, and so is part of the encoder's fingerprint.
   * `auto` is the fastest one that keeps the model's vectors, measured on the model when it is loaded: `int8` for nearly all,
   * on every CPU, else `bf16`, else `f32`.
   * @default 'auto'
   */
  readonly precision?: EncoderPrecision | 'auto' | undefined
  /**
   * Never use the network: the model must be a folder or in the cache.
   * @default false, or the environment variable HF_HUB_OFFLINE
   */
  readonly offline?: boolean | undefined
  /** Called while the model is fetched, for each piece that arrives; see {@link downloadProgress}. */
  readonly onProgress?: OnProgress | undefined
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** How the vectors of a text's tokens become one: their mean, that of the first token, or the largest value of each dimension. */
export type Pooling = 'mean' | 'cls' | 'max'

/** Instruction sets that there are kernels for. */
export type CpuLevel = (typeof CPU_LEVELS)[number]

/** In which form values are multiplied: as they are, rounded to bfloat16, or as bytes with a scale. */
export type EncoderPrecision = 'f32' | 'bf16' | 'int8'

/** How to encode. */
export interface EncodeOptions {
  /** The name of one of the encoder's prompts (`query`, `passage`), which is put before each text. */
  readonly prompt?: string | undefined
  /** What to put before each text, literally. Not together with `prompt`. */
  readonly prefix?: string | undefined
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Vectors of texts. */
export interface Embeddings {
  /** Row-major: the vector of text `i` is `data.subarray(i * dimension, (i + 1) * dimension)`. */
  readonly data: Float32Array
  /** How many texts. */
  readonly count: number
  /** Values in each vector. */
  readonly dimension: number
  /** Tokens of the texts that the model takes, special tokens included. */
  readonly tokens: number
  /** How many texts were longer than `maxTokens` and were cut. */
  readonly truncated: number
}

const LOAD_OPTIONS = [
  'maxTokens',
  'pooling',
  'normalize',
  'dimensions',
  'prompts',
  'languages',
  'queue',
  'cache',
  'cpu',
  'precision',
  'offline',
  'onProgress',
  'signal',
] as const
const POOLINGS = ['mean', 'cls', 'max'] as const
const PRECISIONS = ['auto', 'f32', 'bf16', 'int8'] as const
export const CPU_LEVELS = [
  'scalar',
  'neon',
  'neon-dot',
  'neon-bf16',
  'avx2',
  'avx512',
  'avx512-vnni',
  'avx512-bf16',
  'amx',
] as const

let make: (native: NativeEncoder) => Encoder
let open: (encoder: Encoder) => NativeEncoder

/**
 * A loaded sentence encoder; made by {@link loadEncoder}. It encodes on all cores, never on the event loop, and a text has
 * the same vector, bit for bit, in whichever batch it is: the texts of all calls that wait are put together.
 */
export class Encoder {
  static {
    make = native => new Encoder(native)
    open = encoder => encoder.#native
  }

  readonly #native: NativeEncoder
  /** Values in a vector. */
  readonly dimension: number
  /** Tokens of a text that are looked at, special tokens included. */
  readonly maxTokens: number
  /** Equal for two encoders exactly when they give the same vectors; a collection remembers it. */
  readonly fingerprint: string
  /** The form of weights and activations in matrix products. */
  readonly precision: EncoderPrecision
  /** The instruction set in use. */
  readonly cpu: CpuLevel
  /** The model's name. */
  readonly name: string
  /** The prompts by name. */
  readonly prompts: Readonly<Record<string, string>>

  private constructor(native: NativeEncoder) {
    this.#native = native
    this.dimension = native.dimension
    this.maxTokens = native.maxTokens
    this.fingerprint = native.fingerprint
    this.precision = oneOf('precision', native.precision, ['f32', 'bf16', 'int8'] as const)
    this.cpu = oneOf('cpu', native.cpu, CPU_LEVELS)
    this.name = native.name
    this.prompts = Object.freeze(native.prompts)
  }

  /**
   * Encodes texts: at most 100,000 in a call, of at most 1 MiB of UTF-8 each. Lone surrogates count as U+FFFD. Calls of up to
   * 8 texts are put before larger ones.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT (also for an unknown prompt), ERR_LIMIT_EXCEEDED, ERR_QUEUE_FULL
   */
  async encode(texts: string | readonly string[], options?: EncodeOptions): Promise<Embeddings> {
    const given = optionsOf(options, 'encode', ['prompt', 'prefix', 'signal'])
    const prompt = given.prompt === undefined ? undefined : text('prompt', given.prompt)
    const prefix = given.prefix === undefined ? undefined : text('prefix', given.prefix)
    if (prompt !== undefined && prefix !== undefined) {
      throw invalid(
        'both prompt and prefix are given: give the name of a prompt, or a literal prefix',
      )
    }
    const signal = signalOf(given.signal)
    const all = textsOf(texts)
    const encode = unlessAborted(signal, async token => {
      const batch =
        this.#native.batchToEncode(all.length) ??
        (await this.#native.batchToEncodeLater(all.length, token))
      return this.#native.encode(await filled(batch, all, signal), prompt, prefix, token)
    })
    return cancellable(signal, encode)
  }

  /**
   * How many tokens a text has, uncut and without special tokens; of several texts, for each.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_LIMIT_EXCEEDED
   */
  async countTokens(texts: string, options?: CallOptions): Promise<number>
  async countTokens(texts: readonly string[], options?: CallOptions): Promise<number[]>
  async countTokens(
    texts: string | readonly string[],
    options?: CallOptions,
  ): Promise<number | number[]> {
    const signal = signalOf(optionsOf(options, 'countTokens', ['signal']).signal)
    const all = textsOf(texts)
    const count = unlessAborted(signal, async token =>
      this.#native.countTokens(await filled(this.#native.batch(all.length), all, signal), token),
    )
    const counts = await cancellable(signal, count)
    return typeof texts === 'string' ? (counts[0] ?? 0) : counts
  }

  /** What the encoder has done since it was loaded, and what it is doing. */
  stats(): EncoderStats {
    return this.#native.stats()
  }
}

/**
 * Loads a sentence encoder. An id is first fetched ({@link fetchModel}: from the cache, or else from a model hub).
 * @param idOrFolder a model id such as `sentence-transformers/all-MiniLM-L6-v2`, or the path of a sentence-transformers folder
 * @throws {HippocampError} ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_MODEL_CHECKSUM, ERR_UNSUPPORTED_MODEL, ERR_TOKENIZER,
 * ERR_UNSUPPORTED_CPU, ERR_INVALID_ARGUMENT
 */
export async function loadEncoder(
  idOrFolder: string,
  options?: LoadEncoderOptions,
): Promise<Encoder> {
  const given = optionsOf(options, 'loadEncoder', LOAD_OPTIONS)
  const { maxTokens, pooling, normalize, dimensions, prompts, languages, queue, cache } = given
  const { cpu, offline, onProgress } = given
  const precision = oneOf('precision', given.precision ?? 'auto', PRECISIONS)
  if (text('model', idOrFolder) === '') throw invalid('model is "": give a model id or a folder')
  const settings = {
    ...(maxTokens !== undefined && { maxTokens: integer('maxTokens', maxTokens, 1) }),
    ...(pooling !== undefined && { pooling: oneOf('pooling', pooling, POOLINGS) }),
    ...(normalize !== undefined && { normalize: boolean('normalize', normalize) }),
    ...(dimensions !== undefined && { dimensions: integer('dimensions', dimensions, 1) }),
    ...(prompts !== undefined && { prompts: promptsOf(prompts) }),
    ...(languages !== undefined && { languages: languagesOf(languages) }),
    ...(queue !== undefined && queueOf(queue)),
    ...(cache !== undefined && { cache: integer('cache', cache, 0) }),
    ...(cpu !== undefined && { cpu: oneOf('cpu', cpu, CPU_LEVELS) }),
    ...(precision !== 'auto' && { precision }),
  }
  const signal = signalOf(given.signal)
  signal?.throwIfAborted()
  const { loadEncoder: load } = native() // before the model, which may take minutes to fetch
  const folder = await fetchModel(idOrFolder, { offline, onProgress, signal })
  const loaded = unlessAborted(signal, token => load(folder, settings, token))
  return make(await cancellable(signal, loaded))
}

/** The native end of an encoder. */
export function nativeEncoder(encoder: unknown): NativeEncoder {
  if (encoder instanceof Encoder) return open(encoder)
  throw invalid(`encoder is ${show(encoder)}: give an Encoder, from loadEncoder()`)
}

/** A copy: the array may change while the slices of a large batch are taken. */
function textsOf(texts: unknown): readonly unknown[] {
  if (typeof texts === 'string') return [texts]
  if (!Array.isArray(texts))
    throw invalid(`texts is ${show(texts)}: give a string or an array of strings`)
  return texts.slice()
}

function languagesOf(languages: unknown): string[] {
  if (!Array.isArray(languages))
    throw invalid(`languages is ${show(languages)}: give an array of codes, such as ["en"]`)
  return languages.map((code, i) => text(`language ${i}`, code))
}

function promptsOf(prompts: unknown): Record<string, string> {
  if (!isObject(prompts)) throw invalid(`prompts is ${show(prompts)}: give an object of strings`)
  const entries = Object.entries(prompts)
  for (const [name, prompt] of entries) text(`prompt "${name}"`, prompt)
  return Object.fromEntries(entries)
}
