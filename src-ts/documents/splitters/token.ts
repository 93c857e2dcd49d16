/**
 * Splits into windows of tokens, as an encoder counts them.
 *
 * LangChain's class of this name counts the tokens of OpenAI's models and cuts between any two, so that words and even
 * characters are cut in half. Here sizes are those of the encoder that will read the chunks, and cuts are between words.
 */
import { invalid } from '../../errors.js'
import { optionsOf } from '../../options.js'
import type { Span } from '../document.js'
import { counterOf, identityOf, type TokenCounter } from './fit.js'
import { trimmed } from './pieces.js'
import { TextSplitter } from './text-splitter.js'
import { cutByTokens } from './tokens.js'

export interface TokenTextSplitterOptions {
  /** Whose tokens count: a hippocamp `Encoder`, or anything that counts tokens. */
  readonly encoder: TokenCounter
  /**
   * Tokens of a chunk at most, without special tokens.
   * @default what the encoder reads, special tokens left out; 1000 if it doesn't say
   */
  readonly chunkSize?: number | undefined
  /**
   * Tokens of a chunk's end that are the beginning of the next one, at most.
   * @default a fifth of `chunkSize`
   */
  readonly chunkOverlap?: number | undefined
}

const OPTIONS = ['encoder', 'chunkSize', 'chunkOverlap'] as const
const SPECIAL = 2
const CHUNK_SIZE = 1000

export class TokenTextSplitter extends TextSplitter {
  readonly #encoder: TokenCounter

  constructor(options: TokenTextSplitterOptions) {
    const given = optionsOf(options, 'TokenTextSplitter', OPTIONS)
    const encoder = counterOf(given.encoder)
    const chunkSize = given.chunkSize ?? (encoder.maxTokens ?? CHUNK_SIZE + SPECIAL) - SPECIAL
    const chunkOverlap = given.chunkOverlap ?? Math.floor(chunkSize / 5)
    super({ chunkSize, chunkOverlap }, false)
    this.#encoder = encoder
    if (encoder.maxTokens !== undefined && chunkSize > encoder.maxTokens - SPECIAL) {
      throw invalid(
        `chunkSize is ${chunkSize}, but the encoder reads ${encoder.maxTokens} tokens, ${SPECIAL} of them special: make it at most ${encoder.maxTokens - SPECIAL}`,
      )
    }
  }

  override get settings(): Record<string, unknown> {
    return { ...super.settings, encoder: identityOf(this.#encoder) }
  }

  protected async spans(text: string): Promise<Span[]> {
    const windows = await cutByTokens(
      text,
      { start: 0, end: text.length },
      { size: this.chunkSize, overlap: this.chunkOverlap, encoder: this.#encoder },
    )
    return windows.map(window => trimmed(text, window)).filter(span => span !== undefined)
  }
}
