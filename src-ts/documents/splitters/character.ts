/**
 * Splits at one separator.
 */
import { optionsOf } from '../../options.js'
import type { Span } from '../document.js'
import { Pace } from '../pace.js'
import { Merge } from './merge.js'
import { pieces, type Separator } from './pieces.js'
import { separatorOf } from './separators.js'
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
    const chunks: Span[] = []
    const merge = new Merge(text, this.chunkSize, this.chunkOverlap, chunks)
    const pace = new Pace()
    const whole = { start: 0, end: text.length }
    for (const { start, end } of pieces(text, whole, this.separator, this.keepSeparator)) {
      const measured = this.size(text, { start, end })
      const size = typeof measured === 'number' ? measured : await measured
      merge.add({ start, end, size })
      if (pace.isDue(end - start)) await pace.turn()
    }
    merge.finish()
    return chunks
  }
}
