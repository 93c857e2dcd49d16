/**
 * Cuts a text into windows of so many tokens.
 *
 * A tokenizer's counts are all that is known of it. Where a window ends is searched for by bisection, with each candidate
 * counted as it would be stored: counts of parts need not add up. The first guess is the length of the window before.
 */
import type { Span } from '../document.js'
import type { TokenCounter } from './fit.js'
import { splitsPair } from './pieces.js'

export interface TokenWindow {
  /** Tokens of a window at most. */
  readonly size: number
  /** Tokens at a window's end that are the beginning of the next one, at most. */
  readonly overlap: number
  readonly encoder: TokenCounter
}

/** Code units of a token, before anything was counted. */
const FIRST_GUESS = 4

/** Windows of a span, one after the other. A character that alone has too many tokens is a window of its own. */
export async function cutByTokens(
  text: string,
  { start, end }: Span,
  { size, overlap, encoder }: TokenWindow,
): Promise<Span[]> {
  const fits = (most: number) => async (from: number, to: number) =>
    (await encoder.countTokens(text.slice(from, to))) <= most
  const windows: Span[] = []
  let guess = size * FIRST_GUESS
  let from = start
  let done = start
  while (done < end) {
    const to = await longest(text, from, end, guess, fits(size))
    if (to <= done) {
      from = done // the next word does not fit behind the overlap: go on without one
      continue
    }
    windows.push({ start: from, end: to })
    guess = to - from
    from = overlap > 0 && to < end ? await earliest(text, from, to, fits(overlap)) : to
    done = to
  }
  return windows
}

type Fits = (from: number, to: number) => Promise<boolean>

/** The furthest place to cut up to which it fits. */
async function longest(
  text: string,
  from: number,
  end: number,
  guess: number,
  fits: Fits,
): Promise<number> {
  let low = from // up to here it fits
  let high = Math.min(end, from + Math.max(guess, 1)) // perhaps
  while (await fits(from, high)) {
    low = high
    if (high >= end) return end
    high = Math.min(end, from + 2 * (high - from))
  }
  // Up to `high` it does not fit.
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (await fits(from, middle)) low = middle
    else high = middle
  }
  return wordBreak(text, from, low) ?? characterBreak(text, from, low)
}

/** The earliest place from which on it fits, after `from`. */
async function earliest(text: string, from: number, to: number, fits: Fits): Promise<number> {
  let low = from
  let high = to
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (await fits(middle, to)) high = middle
    else low = middle
  }
  for (let at = high; at < to; at++) if (isWordBreak(text, at)) return at
  return to
}

/** The last place between words that is not after `at`. */
function wordBreak(text: string, from: number, at: number): number | undefined {
  for (let place = at; place > from; place--) if (isWordBreak(text, place)) return place
  return undefined
}

/** The last place between characters that is not after `at`; after the first character at least. */
function characterBreak(text: string, from: number, at: number): number {
  const place = Math.max(at, from + 1)
  if (!splitsPair(text, place)) return place
  return place - 1 > from ? place - 1 : place + 1
}

/** Characters that stand for themselves, without spaces between them. */
const ALONE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3001-\u303f\uff01-\uff60]/u

/** Whether words are not cut here: at white space, or next to a character that is a word. */
function isWordBreak(text: string, at: number): boolean {
  if (splitsPair(text, at)) return false
  const after = text.codePointAt(at)
  if (after === undefined) return true
  const before = text.codePointAt(splitsPair(text, at - 1) ? at - 2 : at - 1) as number
  const [a, b] = [String.fromCodePoint(before), String.fromCodePoint(after)]
  return /\s/.test(b) || /\s/.test(a) || ALONE.test(a) || ALONE.test(b)
}
