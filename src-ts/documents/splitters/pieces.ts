/**
 * Cuts a text at a separator into pieces.
 *
 * Pieces are spans of the source, never copies: chunks are made of neighbouring pieces, so that a chunk is a span too and
 * its offsets are exact, whatever is kept or left out between pieces.
 */
import type { Span } from '../document.js'

/**
 * Where to cut. An empty string cuts between characters. Of a pattern every match is a separator; a match of no length is a
 * place to cut at which nothing belongs to either side.
 */
export type Separator = string | RegExp

/** Whether there is anything to cut at. */
export function occurs(separator: Separator, text: string): boolean {
  return typeof separator === 'string' ? text.includes(separator) : everywhere(separator).test(text)
}

/**
 * The pieces of a span between separators, none of them empty.
 * @param keep whether a separator stays, at the beginning of the piece after it; otherwise it belongs to no piece
 */
export function* pieces(
  text: string,
  { start, end }: Span,
  separator: Separator,
  keep: boolean,
): Generator<Span> {
  const part = text.slice(start, end)
  let from = 0
  for (const match of matches(part, separator, keep)) {
    if (splitsPair(part, match.start)) continue
    if (match.start > from) yield { start: start + from, end: start + match.start }
    from = keep ? match.start : match.end
  }
  if (part.length > from) yield { start: start + from, end }
}

/** The span without the white space at both its ends; undefined if there is nothing else. */
export function trimmed(text: string, { start, end }: Span): Span | undefined {
  const part = text.slice(start, end)
  const from = start + (part.length - part.trimStart().length)
  const to = end - (part.length - part.trimEnd().length)
  return from < to ? { start: from, end: to } : undefined
}

/** Whether a cut here would halve a character of two code units. */
export function splitsPair(text: string, at: number): boolean {
  return isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))
}

function* matches(text: string, separator: Separator, keep: boolean): Generator<Span> {
  if (typeof separator !== 'string') {
    for (const { index, 0: match } of text.matchAll(everywhere(separator)))
      yield { start: index, end: index + match.length }
    return
  }
  if (separator === '') {
    for (let at = 1; at < text.length; at++) yield { start: at, end: at }
    return
  }
  // Kept separators may overlap: each of them begins a piece, as in "\n\n\n" cut at "\n\n".
  const step = keep ? 1 : separator.length
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + step))
    yield { start: at, end: at + separator.length }
}

/** A pattern that finds all matches, from the beginning, whatever it was used for before. */
function everywhere({ source, flags }: RegExp): RegExp {
  return new RegExp(source, `${flags.replace(/[gy]/g, '')}g`)
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}
