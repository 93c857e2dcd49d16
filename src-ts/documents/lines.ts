/**
 * Lines of spans. Lines end at "\n", as cleaned texts have them; "\r\n" counts once.
 */
import type { Lines, Span } from './document.js'

/** A function from a span of this text to its lines, counted from 1. */
export function lineCounter(text: string): (span: Span) => Lines {
  const ends: number[] = []
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at)
  return ({ start, end }) => ({ from: lineAt(ends, start), to: lineAt(ends, end) })
}

/** One more than the line breaks before a position. */
function lineAt(ends: readonly number[], position: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] as number) < position) low = middle + 1
    else high = middle
  }
  return low + 1
}
