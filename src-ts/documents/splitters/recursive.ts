/**
 * Splits at the first separator that the text has, and what is still too long at the next ones.
 */
import { optionsOf } from '../../options.js'
import type { Span } from '../document.js'
import { Pace } from '../pace.js'
import { type SplitterLanguage, separatorsForLanguage } from './languages.js'
import { Merge } from './merge.js'
import { occurs, pieces, type Separator } from './pieces.js'
import { separatorsOf } from './separators.js'
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
    const chunks: Span[] = []
    await this.#cut(text, { start: 0, end: text.length }, this.separators, chunks, new Pace())
    return chunks
  }

  async #cut(
    text: string,
    span: Span,
    separators: readonly Separator[],
    chunks: Span[],
    pace: Pace,
  ): Promise<void> {
    const part = text.slice(span.start, span.end)
    let index = 0
    while (index < separators.length && !occurs(separators[index] ?? '', part)) {
      index++
      if (pace.isDue(part.length)) await pace.turn()
    }
    const separator = separators[index] ?? separators.at(-1) ?? ''
    // Where the list ends without '', what is too long is cut between characters, as if it did.
    const isLast = separator === '' || index === separators.length
    const finer = isLast ? undefined : separators.slice(index + 1)

    const merge = new Merge(text, this.chunkSize, this.chunkOverlap, chunks)
    for (const { start, end } of pieces(text, span, separator, this.keepSeparator)) {
      const measured = this.size(text, { start, end })
      const size = typeof measured === 'number' ? measured : await measured
      if (pace.isDue(end - start)) await pace.turn()
      if (size < this.chunkSize) {
        merge.add({ start, end, size })
        continue
      }
      merge.finish()
      if (finer) await this.#cut(text, { start, end }, finer, chunks, pace)
      else chunks.push({ start, end })
    }
    merge.finish()
  }
}
