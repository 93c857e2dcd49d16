/**
 * Rerankers: a question and texts in, how well each text answers the question out.
 */
import type { CallOptions } from './collection-types.js'
import { CPU_LEVELS, type CpuLevel } from './encoder.js'
import { invalid } from './errors.js'
import { fetchModel, type OnProgress } from './models/index.js'
import { type NativeReranker, native } from './native.js'
import { cancellable, unlessAborted } from './operations.js'
import { integer, oneOf, optionsOf, show, signalOf, text } from './options.js'
import { filled } from './text-batch.js'

/** How to load a reranker. What is left out is as the model's folder says. */
export interface LoadRerankerOptions {
  /**
   * Tokens of a question and a text together that are looked at, special tokens included; of a longer pair the longer one is
   * cut first. At most what the model can take.
   * @default the model's own maximum
   */
  readonly maxTokens?: number | undefined
  /**
   * The instruction set, for measurements and for reproducing another machine's results.
   * @default the best that this CPU has, or the environment variable HIPPOCAMP_CPU
   */
  readonly cpu?: CpuLevel | undefined
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

/** How to rank. */
export interface RankOptions extends CallOptions {
  /**
   * How many of the texts to return.
   * @default all
   */
  readonly topK?: number | undefined
}

/** A text and how well it answers the question. */
export interface RankedText {
  /** Its place among the texts that were given. */
  readonly index: number
  /** Higher is better: from 0 to 1, or any number, as the model has it. */
  readonly score: number
  readonly text: string
}

const LOAD_OPTIONS = ['maxTokens', 'cpu', 'offline', 'onProgress', 'signal'] as const

let make: (native: NativeReranker) => Reranker

/**
 * A loaded cross-encoder; made by {@link loadReranker}. It reads a question and a text together, which tells more than the
 * vectors of the two, and takes as long as encoding the text anew for every question: search first, then rank what was
 * found. It runs on all cores, never on the event loop, and a text has the same score, bit for bit, in whichever batch it is.
 */
export class Reranker {
  static {
    make = native => new Reranker(native)
  }

  readonly #native: NativeReranker
  /** Tokens of a question and a text together that are looked at, special tokens included. */
  readonly maxTokens: number
  /** The model's name. */
  readonly name: string

  private constructor(native: NativeReranker) {
    this.#native = native
    this.maxTokens = native.maxTokens
    this.name = native.name
  }

  /**
   * The texts, best first; of equal ones, that which was given first. At most 100,000 in a call, of at most 1 MiB of UTF-8
   * each.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_LIMIT_EXCEEDED
   */
  async rank(
    query: string,
    texts: readonly string[],
    options?: RankOptions,
  ): Promise<RankedText[]> {
    const given = optionsOf(options, 'rank', ['topK', 'signal'])
    const topK = given.topK === undefined ? undefined : integer('topK', given.topK, 1)
    const all = textsOf(texts)
    const scores = await this.#score(query, all, signalOf(given.signal))
    const ranked = Array.from(scores, (score, index) => ({
      index,
      score,
      text: all[index] as string,
    }))
    ranked.sort((a, b) => b.score - a.score || a.index - b.index)
    return topK === undefined ? ranked : ranked.slice(0, topK)
  }

  /**
   * The score of each text, in their order.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_LIMIT_EXCEEDED
   */
  async score(query: string, texts: readonly string[], options?: CallOptions): Promise<number[]> {
    const signal = signalOf(optionsOf(options, 'score', ['signal']).signal)
    return Array.from(await this.#score(query, textsOf(texts), signal))
  }

  async #score(
    query: unknown,
    texts: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const question = text('query', query)
    const score = unlessAborted(signal, async token =>
      this.#native.score(
        question,
        await filled(this.#native.batch(texts.length), texts, signal),
        token,
      ),
    )
    return (await cancellable(signal, score)).data
  }
}

/**
 * Loads a reranker: a cross-encoder with one label of the BERT, RoBERTa, XLM-RoBERTa, CamemBERT, DistilBERT or MPNet family.
 * An id is first fetched ({@link fetchModel}: from the cache, or else from a model hub).
 * @param idOrFolder a model id such as `cross-encoder/ms-marco-MiniLM-L6-v2` or `BAAI/bge-reranker-base`, or the path of a folder
 * @throws {HippocampError} ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_MODEL_CHECKSUM, ERR_UNSUPPORTED_MODEL, ERR_TOKENIZER,
 * ERR_UNSUPPORTED_CPU, ERR_INVALID_ARGUMENT
 */
export async function loadReranker(
  idOrFolder: string,
  options?: LoadRerankerOptions,
): Promise<Reranker> {
  const given = optionsOf(options, 'loadReranker', LOAD_OPTIONS)
  const { maxTokens, cpu, offline, onProgress } = given
  if (text('model', idOrFolder) === '') throw invalid('model is "": give a model id or a folder')
  const settings = {
    ...(maxTokens !== undefined && { maxTokens: integer('maxTokens', maxTokens, 1) }),
    ...(cpu !== undefined && { cpu: oneOf('cpu', cpu, CPU_LEVELS) }),
  }
  const signal = signalOf(given.signal)
  signal?.throwIfAborted()
  const { loadReranker: load } = native() // before the model, which may take minutes to fetch
  const folder = await fetchModel(idOrFolder, { offline, onProgress, signal })
  const loaded = unlessAborted(signal, token => load(folder, settings, token))
  return make(await cancellable(signal, loaded))
}

/** A copy: the array may change while the slices of a large batch are taken. */
function textsOf(texts: unknown): readonly unknown[] {
  if (!Array.isArray(texts)) throw invalid(`texts is ${show(texts)}: give an array of strings`)
  return texts.slice()
}
