/**
 * The queue before an encoder: its options and its numbers.
 */
import { invalid } from './errors.js'
import { integer, isObject, oneOf, optionsOf, show } from './options.js'

/**
 * How many texts may wait for an encoder. Calls of up to 8 texts are put before larger ones and counted apart from them, as
 * are questions of searches.
 */
export interface QueueOptions {
  /**
   * Calls are let in while fewer texts wait, whatever they bring: so a call may be larger than this.
   * @default 100000
   */
  readonly limit?: number | undefined
  /**
   * What happens to a call for which there is no room: it waits until there is, without a copy of its texts, or it fails with
   * ERR_QUEUE_FULL.
   * @default 'wait'
   */
  readonly whenFull?: WhenFull | undefined
}

/** What happens to a call for which there is no room. */
export type WhenFull = 'wait' | 'reject'

/** What an encoder has done since it was loaded, and what it is doing. */
export interface EncoderStats {
  /** Texts that went through the model. */
  readonly texts: number
  /** Their tokens, special tokens included. */
  readonly tokens: number
  /** Tokens a second of the time in which something was encoded; 0 before. */
  readonly tokensPerSecond: number
  /** Batches in which they went: texts of all calls that wait are put together. */
  readonly microBatches: number
  /**
   * Tokens in a micro-batch, as a share of the most that are put together; above 1 only where single texts are longer. It is
   * near 1 where much is encoded at a time, and small where questions come one by one. 0 before the first.
   */
  readonly batchFill: number
  /** Texts that no worker has begun. */
  readonly waiting: number
  /** Texts that workers are encoding. */
  readonly running: number
  /** Vectors of texts that were encoded lately; see {@link LoadEncoderOptions.cache}. */
  readonly cache: CacheStats
  /** Successful calls of up to 8 texts, questions of searches among them. */
  readonly interactive: CallTimes
  /** Successful calls of more texts. */
  readonly bulk: CallTimes
}

/** Remembered vectors in numbers. */
export interface CacheStats {
  /** Texts that were found. */
  readonly hits: number
  /** Texts that were looked for in vain. */
  readonly misses: number
  /** Vectors that are remembered. */
  readonly vectors: number
  /** What they take. */
  readonly bytes: number
}

/** How long calls took, waiting included, in milliseconds; true to a sixteenth, and 0 without calls. */
export interface CallTimes {
  /** How many there were. */
  readonly calls: number
  /** Half of them took no longer. */
  readonly p50: number
  /** 99 of 100 took no longer. */
  readonly p99: number
}

/** The options of a queue as the addon takes them. */
export function queueOf(queue: unknown): { queueLimit?: number; whenFull?: WhenFull } {
  if (!isObject(queue)) throw invalid(`queue is ${show(queue)}: give an object`)
  const { limit, whenFull } = optionsOf(queue as QueueOptions, 'queue', ['limit', 'whenFull'])
  return {
    ...(limit !== undefined && { queueLimit: integer('queue.limit', limit, 1) }),
    ...(whenFull !== undefined && {
      whenFull: oneOf('queue.whenFull', whenFull, ['wait', 'reject']),
    }),
  }
}
