/**
 * Splits at one separator.
 */
import { optionsOf } from '../../options.js'
import type { Span } from '../document.js'
import { merge } from './merge.js'
import { pieces, type Separator } from './pieces.js'
import { separatorOf } from './separators.js'
import { sized } from './sized.js'
import { SPLITTER_OPTIONS, TextSplitter, type TextSplitterOptions } from './text-splitter.js'

export interface CharacterTextSplitterOptions extends TextSplitterOptions {
  /**
   * Where to cut.
   * @default '\n\n'
   */
  readonly separator?: Separator | undefined
}

export class CharacterTextSplitter extends TextSplitter {
  readonly separator: Separator

  constructor(options?: CharacterTextSplitterOptions) {
    const given = optionsOf(options, 'CharacterTextSplitter', [...SPLITTER_OPTIONS, 'separator'])
    super(given, false)
    this.separator = separatorOf('separator', given.separator ?? '\n\n')
  }

  override get settings(): Record<string, unknown> {
    return { ...super.settings, separator: String(this.separator) }
  }

  protected async spans(text: string): Promise<Span[]> {
    const whole = { start: 0, end: text.length }
    const found = pieces(text, whole, this.separator, this.keepSeparator)
    const all = await sized(text, found, this.lengthFunction)
    return merge(text, all, this.chunkSize, this.chunkOverlap)
  }
}
