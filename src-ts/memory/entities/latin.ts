/**
 * Names in scripts with capitals: runs of capitalised words.
 *
 * A capital says nothing at the beginning of a sentence, so a single word there is a name only if something else says so: it
 * is on a list, has other capitals, does what people do, or is capitalised elsewhere too.
 */
import type { EntityKind, Findings } from './entity.js'
import {
  COMMON,
  CONNECTORS,
  FIRST_NAMES,
  GREETINGS,
  NEVER,
  ORGANISATION_ENDINGS,
  ORGANISATIONS,
  PERSON_VERBS,
  PLACE_ENDINGS,
  PLACES,
  TITLES,
} from './words.js'

interface Word {
  readonly text: string
  readonly lower: string
  readonly start: number
  readonly end: number
  /** Between the word before and this one. */
  readonly gap: string
  readonly capital: boolean
  /** Whether a capital says nothing here. */
  readonly initial: boolean
}

const WORD = /[\p{Script=Latin}\p{M}\p{Nd}]+(?:['’&.-][\p{Script=Latin}\p{M}\p{Nd}]+)*/gu
/** Words in a name at most. */
const LONGEST = 8
/** What is looked at of a gap between two words. */
const GAP = 20

export function findLatin(findings: Findings): void {
  const words = wordsOf(findings)
  const known = capitalisedInside(words)
  for (let at = 0; at < words.length; ) {
    const end = runFrom(words, at)
    if (end > at) addRun(findings, words, at, end, known)
    at = Math.max(end, at + 1)
  }
}

function wordsOf({ source }: Findings): Word[] {
  const words: Word[] = []
  let last = 0
  for (const { index, 0: found } of source.matchAll(WORD)) {
    const text = found.replace(/['’]s?$/, '').replaceAll('’', "'")
    const before = words.at(-1)
    const gap = source.slice(Math.max(last, index - GAP), index)
    const end = index + found.length
    // In a Chinese sentence a word with a capital is a name wherever it stands.
    const chinese = /^\s?\p{Script=Han}/u.test(source.slice(end, end + 2))
    const opening = before === undefined || /[.!?。！？:;：；\n\r“”"«»()（）*•—–]|^- |…/.test(gap)
    const abbreviated = before !== undefined && gap === '. ' && isAbbreviation(before)
    words.push({
      text,
      lower: text.toLowerCase(),
      start: index,
      end: index + text.length,
      gap,
      capital: /^\p{Ll}{0,7}\p{Lu}/u.test(text),
      initial: opening && !abbreviated && !chinese,
    })
    last = end
  }
  return words
}

/** Mr. Smith, J. Smith: the full stop ends no sentence. */
function isAbbreviation({ text, lower }: Word): boolean {
  return /^\p{Lu}$/u.test(text) || TITLES.has(lower)
}

/** Words with a capital where it says something. */
function capitalisedInside(words: readonly Word[]): ReadonlySet<string> {
  return new Set(words.filter(word => word.capital && !word.initial).map(word => word.lower))
}

/** Where a run of capitalised words that begins here ends. */
function runFrom(words: readonly Word[], from: number): number {
  if (!words[from]?.capital) return from
  let end = from + 1
  while (end < words.length && end - from < LONGEST) {
    let next = end
    while (next - end < 2 && joins(words, next) && CONNECTORS.has(words[next]?.lower ?? '')) next++
    if (!joins(words, next)) break
    const word = words[next] as Word
    const number = next === end && /^\d{1,4}$/.test(word.text)
    if (!number && (!word.capital || NEVER.has(word.lower))) break
    end = next + 1
  }
  return end
}

function joins(words: readonly Word[], at: number): boolean {
  const word = words[at]
  const before = words[at - 1]
  if (!word || !before || word.initial) return false
  return word.gap === ' ' || (word.gap === '. ' && isAbbreviation(before))
}

function addRun(
  findings: Findings,
  words: readonly Word[],
  from: number,
  to: number,
  known: ReadonlySet<string>,
): void {
  let start = from
  // What only begins the sentence is not part of the name, nor is the office before "of".
  while (start < to && dropped(words, start, to)) start++
  const first = words[start]
  const last = words[to - 1]
  if (start >= to || !first || !last || !findings.free(first.start, last.end)) return
  const run = words.slice(start, to)
  if (run.every(isLoud) && run.some(({ lower }) => COMMON.has(lower))) return
  if (to - start === 1) {
    if (TITLES.has(first.lower) || NEVER.has(first.lower) || /^\p{Lu}$/u.test(first.text)) return
    if (first.initial && !looksLikeName(words, start, known)) return
  }
  findings.add(kindOf(findings, words, start, to), first.start, last.end)
}

function dropped(words: readonly Word[], at: number, to: number): boolean {
  const { lower, initial, capital } = words[at] as Word
  if (!capital) return true
  if (CONNECTORS.has(lower) || NEVER.has(lower)) return true
  if (TITLES.has(lower) && words[at + 1]?.lower === 'of') return true
  if (TITLES.has(lower)) return false
  if (!initial || FIRST_NAMES.has(lower) || PLACES.has(lower)) return false
  return COMMON.has(lower) || (to - at > 1 && /(?:ing|ly|ed)$/.test(lower))
}

function looksLikeName(words: readonly Word[], at: number, known: ReadonlySet<string>): boolean {
  const { lower, text, end } = words[at] as Word
  const next = words[at + 1]
  if (FIRST_NAMES.has(lower) || PLACES.has(lower) || ORGANISATIONS.has(lower)) return true
  if (known.has(lower) || /^.\p{Ll}{0,19}[\p{Lu}\p{Nd}]/u.test(text)) return true
  const possessive = next !== undefined && next.start - end >= 3 && /^['’]s/.test(next.gap)
  return possessive || (next?.gap === ' ' && PERSON_VERBS.has(next.lower))
}

/** WHOLE SENTENCES IN CAPITALS name nothing. */
function isLoud({ text }: Word): boolean {
  return /^\p{Lu}{2}/u.test(text) && text === text.toUpperCase()
}

function kindOf(
  { source }: Findings,
  words: readonly Word[],
  from: number,
  to: number,
): EntityKind {
  const first = words[from] as Word
  const last = words[to - 1] as Word
  const before = words[from - 1]
  const name = source.slice(first.start, last.end).toLowerCase()
  if (PLACES.has(name)) return 'place'
  if (ORGANISATION_ENDINGS.has(last.lower) && to - from > 1) return 'organisation'
  if (/^(?:university|bank|ministry|institute|museum|church) of /.test(name)) return 'organisation'
  if (PLACE_ENDINGS.has(last.lower) && to - from > 1) return 'place'
  if (/^(?:mount|lake|fort|saint|st|port|san|new) /.test(name) && to - from === 2) return 'place'
  const initials = /^\p{Lu}$/u.test(first.text) && to - from > 1
  if (initials || TITLES.has(first.lower) || FIRST_NAMES.has(first.lower)) return 'person'
  if (ORGANISATIONS.has(name)) return 'organisation'
  const next = words[to]
  if (next?.gap === ' ' && PERSON_VERBS.has(next.lower)) return 'person'
  if (before && /^,? $/.test(first.gap) && GREETINGS.has(before.lower)) return 'person'
  const into = before && first.gap === ' ' ? before.lower : ''
  if (into === 'in' || into === 'near') return 'place'
  const work = words[from - 2]?.lower ?? ''
  if ((into === 'at' || into === 'for') && /^work(?:s|ed|ing)?$/.test(work)) return 'organisation'
  return 'name'
}
