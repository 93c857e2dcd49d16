/**
 * Pieces with their sizes. Whoever measures at once is not waited for: a turn for each character costs more than the split.
 */
import type { Span } from '../document.js'
import type { Piece } from './merge.js'
import type { LengthFunction } from './text-splitter.js'

export async function sized(
  text: string,
  spans: readonly Span[],
  measure: LengthFunction,
): Promise<Piece[]> {
  const all: Piece[] = []
  for (const { start, end } of spans) {
    const size = measure(text.slice(start, end))
    all.push({ start, end, size: typeof size === 'number' ? size : await size })
  }
  return all
}
