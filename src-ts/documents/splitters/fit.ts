/**
 * No chunk longer than an encoder reads: what has too many tokens is cut further, at words where that is possible.
 *
 * Sizes in characters say little about tokens: as many characters are several times as many in Chinese as in English. What an
 * encoder doesn't read can't be found by its meaning.
 */
import { invalid } from '../../errors.js'
import { integer, isObject, show, text as string } from '../../options.js'
import type { Span } from '../document.js'
import { trimmed } from './pieces.js'
import { cutByTokens } from './tokens.js'

/** What counts tokens: a hippocamp `Encoder` is one. */
export interface TokenCounter {
  /** How many tokens a text has, without special tokens. */
  countTokens(text: string): Promise<number>
  /** Tokens that are read of a text, special tokens included. */
  readonly maxTokens?: number
  /** Equal for two that count the same. */
  readonly fingerprint?: string
}

/** How long chunks may be for an encoder. */
export interface FitOptions {
  /**
   * Whose tokens count; with it, no chunk has more tokens than `maxTokens`.
   * @default no limit
   */
  readonly encoder?: TokenCounter | undefined
  /**
   * Tokens of a chunk at most, special tokens (two) and `prefix` included.
   * @default the encoder's
   */
  readonly maxTokens?: number | undefined
  /**
   * What will be put before each chunk when it is encoded, such as `passage: `: room is left for it.
   * @default ''
   */
  readonly prefix?: string | undefined
}

/** A limit of tokens that has been checked. */
export interface TokenLimit {
  readonly encoder: TokenCounter
  readonly maxTokens: number
  readonly prefix: string
  readonly settings: Record<string, unknown>
}

/** Tokens that encoders put around a text. */
const SPECIAL = 2

/** The limit that the options set; undefined without one. */
export function limitOf({ encoder, maxTokens, prefix = '' }: FitOptions): TokenLimit | undefined {
  string('prefix', prefix)
  if (encoder === undefined) {
    if (maxTokens === undefined && prefix === '') return undefined
    const name = maxTokens === undefined ? 'prefix' : 'maxTokens'
    throw invalid(`${name} is ${show(maxTokens ?? prefix)}, but whose tokens? give the encoder too`)
  }
  counterOf(encoder)
  const most = maxTokens ?? encoder.maxTokens
  if (most === undefined) {
    throw invalid('the encoder does not say how many tokens it reads: give maxTokens')
  }
  integer('maxTokens', most, SPECIAL + 1)
  const settings = { encoder: identityOf(encoder), maxTokens: most, prefix }
  return { encoder, maxTokens: most, prefix, settings }
}

/** What tells one encoder from another, as far as it says. */
export function identityOf({ fingerprint }: TokenCounter): string {
  return fingerprint ?? ''
}

/** Something that counts tokens. */
export function counterOf(encoder: unknown): TokenCounter {
  if (isObject(encoder) && 'countTokens' in encoder && typeof encoder.countTokens === 'function')
    return encoder as TokenCounter
  throw invalid(
    `encoder is ${show(encoder)}: give an Encoder, or an object with the method countTokens`,
  )
}

/** The spans, those with too many tokens cut into several. */
export async function fitInto(
  text: string,
  spans: readonly Span[],
  limit: TokenLimit,
): Promise<Span[]> {
  const { encoder, maxTokens, prefix } = limit
  const room = maxTokens - SPECIAL - (prefix === '' ? 0 : await encoder.countTokens(prefix))
  if (room < 1) {
    throw invalid(
      `maxTokens is ${maxTokens}, of which the prefix ${show(prefix)} leaves nothing: raise maxTokens`,
    )
  }
  const fitting: Span[] = []
  for (const span of spans) {
    if ((await encoder.countTokens(text.slice(span.start, span.end))) <= room) {
      fitting.push(span)
      continue
    }
    for (const part of await cutByTokens(text, span, { size: room, overlap: 0, encoder })) {
      const inner = trimmed(text, part)
      if (inner) fitting.push(inner)
    }
  }
  return fitting
}
