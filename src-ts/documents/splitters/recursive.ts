/**
 * Splits at the first separator that the text has, and what is still too long at the next ones.
 */
import { optionsOf } from '../../options.js'
import type { Span } from '../document.js'
import { type SplitterLanguage, separatorsForLanguage } from './languages.js'
import { merge, type Piece } from './merge.js'
import { occurs, pieces, type Separator } from './pieces.js'
import { separatorsOf } from './separators.js'
import { sized } from './sized.js'
import { SPLITTER_OPTIONS, TextSplitter, type TextSplitterOptions } from './text-splitter.js'

export interface RecursiveCharacterTextSplitterOptions extends TextSplitterOptions {
  /**
   * Where to cut, the best places first; `''` stands for between any two characters.
   * @default ['\n\n', '\n', ' ', '']
   */
  readonly separators?: readonly Separator[] | undefined
}

const SEPARATORS: readonly Separator[] = ['\n\n', '\n', ' ', '']

export class RecursiveCharacterTextSplitter extends TextSplitter {
  readonly separators: readonly Separator[]

  constructor(options?: RecursiveCharacterTextSplitterOptions) {
    const given = optionsOf(options, 'RecursiveCharacterTextSplitter', [
      ...SPLITTER_OPTIONS,
      'separators',
    ])
    super(given, true)
    this.separators = separatorsOf(given.separators ?? SEPARATORS)
  }

  /**
   * A splitter with the separators of a programming language, a markup or Chinese.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT for a language that is not known
   */
  static fromLanguage(
    language: SplitterLanguage,
    options?: RecursiveCharacterTextSplitterOptions,
  ): RecursiveCharacterTextSplitter {
    const separators = separatorsForLanguage(language)
    return new RecursiveCharacterTextSplitter({ ...options, separators })
  }

  /** The separators of a language. */
  static getSeparatorsForLanguage(language: SplitterLanguage): Separator[] {
    return [...separatorsForLanguage(language)]
  }

  override get settings(): Record<string, unknown> {
    return { ...super.settings, separators: this.separators.map(String) }
  }

  protected async spans(text: string): Promise<Span[]> {
    return this.#cut(text, { start: 0, end: text.length }, this.separators)
  }

  async #cut(text: string, span: Span, separators: readonly Separator[]): Promise<Span[]> {
    const part = text.slice(span.start, span.end)
    const index = separators.findIndex(one => one === '' || occurs(one, part))
    const separator = (index < 0 ? separators.at(-1) : separators[index]) ?? ''
    // Where the list ends without '', what is too long is cut between characters, as if it did.
    const finer = index < 0 || separator === '' ? undefined : separators.slice(index + 1)

    const chunks: Span[] = []
    let small: Piece[] = []
    const mergeSmall = () => {
      chunks.push(...merge(text, small, this.chunkSize, this.chunkOverlap))
      small = []
    }
    const found = pieces(text, span, separator, this.keepSeparator)
    for (const piece of await sized(text, found, this.lengthFunction)) {
      if (piece.size < this.chunkSize) {
        small.push(piece)
        continue
      }
      mergeSmall()
      if (finer) chunks.push(...(await this.#cut(text, piece, finer)))
      else chunks.push({ start: piece.start, end: piece.end })
    }
    mergeSmall()
    return chunks
  }
}
