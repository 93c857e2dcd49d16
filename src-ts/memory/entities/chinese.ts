/**
 * Names in Chinese: words by the dictionary of `Intl.Segmenter`, which leaves what it does not know in single characters, and
 * rules over surnames, titles and the ends of places and organisations.
 */
import type { Findings } from './entity.js'
import {
  CHINESE_FUNCTION,
  CHINESE_ORGANISATION_ENDINGS,
  CHINESE_ORGANISATIONS,
  CHINESE_PLACE_ENDINGS,
  CHINESE_PLACES,
  CHINESE_TITLES,
  COMPOUND_SURNAMES,
  NAME_CUES,
  NO_GIVEN_NAME,
  NO_ORGANISATION,
  NO_PLACE,
  SURNAMES,
  TRANSLITERATION,
  UNSURE_SURNAMES,
} from './words.js'

const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })
/** A stretch of Chinese; longer ones are cut. */
const HAN = /[\p{Script=Han}·]{1,2000}/gu
/** Characters of a listed name at most. */
const LISTED = 6

interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

export function findChinese(findings: Findings): void {
  for (const { index, 0: stretch } of findings.source.matchAll(HAN)) {
    const tokens = [...SEGMENTER.segment(stretch)].flatMap(({ segment, index: at }, i, all) => {
      const texts = SURNAMES.has(all[i - 1]?.segment ?? '') ? apart(segment) : [segment]
      return texts.map((text, j) => {
        const start = index + at + (j === 0 ? 0 : (texts[0] as string).length)
        return { text, start, end: start + text.length }
      })
    })
    for (const find of [findForeign, findOrganisations, findListed, findPlaces, findPeople]) {
      find(findings, tokens)
    }
  }
}

/** 陈|总是: after a surname 总 is a title, and not the beginning of "always". */
function apart(text: string): string[] {
  return /^总[是会要在能]$/.test(text) ? [text.slice(0, 1), text.slice(1)] : [text]
}

/** 阿尔伯特·爱因斯坦: the characters around the dot that foreign names are written with. */
function findForeign(findings: Findings, tokens: readonly Token[]): void {
  const foreign = (token: Token | undefined) =>
    token !== undefined && [...token.text].every(c => TRANSLITERATION.has(c) || c === '·')
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token
    if (token.text.includes('·')) {
      let from = at
      let to = at + 1
      while (from > 0 && at - from < 6 && foreign(tokens[from - 1])) from--
      while (to < tokens.length && to - at < 8 && foreign(tokens[to])) to++
      const named = !/^·|·$/.test(textOf(tokens, from, to))
      if (named && from < at && to > at + 1) add(findings, 'person', tokens, from, to)
    } else if (token.text.length >= 4 && foreign(token) && !CHINESE_ORGANISATIONS.has(token.text)) {
      if (!CHINESE_PLACES.has(token.text)) add(findings, 'name', tokens, at, at + 1)
    }
  }
}

/** 北京大学, 腾讯公司: what stands before the end that says so. */
function findOrganisations(findings: Findings, tokens: readonly Token[]): void {
  for (let at = 0; at < tokens.length; at++) {
    const { text } = tokens[at] as Token
    if (CHINESE_ORGANISATION_ENDINGS.has(text)) {
      let from = at
      let characters = 0
      while (from > 0 && at - from < 4 && namesSomething(tokens[from - 1])) {
        from--
        characters += (tokens[from] as Token).text.length
      }
      const general = NO_ORGANISATION.has(tokens[from]?.text ?? '') && at - from === 1
      let to = at + 1
      while (CHINESE_ORGANISATION_ENDINGS.has(tokens[to]?.text ?? '')) to++
      if (characters >= 2 && !general) add(findings, 'organisation', tokens, from, to)
    } else if (text.length >= 4 && endsWith(text, CHINESE_ORGANISATION_ENDINGS, 3)) {
      add(findings, 'organisation', tokens, at, at + 1)
    }
  }
}

function namesSomething(token: Token | undefined): boolean {
  return (
    token !== undefined &&
    token.text !== '·' &&
    token.text.length <= 4 &&
    !CHINESE_FUNCTION.has(token.text) &&
    !/[的了在是我你他她们这那个家所位]/.test(token.text)
  )
}

/** What is on a list, over as many words as the dictionary makes of it. */
function findListed(findings: Findings, tokens: readonly Token[]): void {
  for (let at = 0; at < tokens.length; at++) {
    let text = ''
    let found: { kind: 'place' | 'organisation'; to: number } | undefined
    for (let to = at; to < tokens.length && text.length < LISTED; to++) {
      text += (tokens[to] as Token).text
      if (CHINESE_PLACES.has(text)) found = { kind: 'place', to: to + 1 }
      if (CHINESE_ORGANISATIONS.has(text)) found = { kind: 'organisation', to: to + 1 }
    }
    if (!found) continue
    // 苏州|市 is one name.
    const ending = found.kind === 'place' && /^[省市县区州]$/.test(tokens[found.to]?.text ?? '')
    add(findings, found.kind, tokens, at, ending ? found.to + 1 : found.to)
  }
}

/** 西湖|区, 鼓|楼|区, 南京市: what ends as places do. */
function findPlaces(findings: Findings, tokens: readonly Token[]): void {
  for (let at = 0; at < tokens.length; at++) {
    const { text } = tokens[at] as Token
    if (CHINESE_PLACE_ENDINGS.has(text)) {
      let from = at
      while (from > 0 && at - from < 2 && namesSomething(tokens[from - 1])) {
        // A word that is whole does not take another one before it.
        if (from < at && (tokens[from - 1] as Token).text.length > 1) break
        from--
        if ((tokens[from] as Token).text.length > 1) break
      }
      const name = textOf(tokens, from, at)
      if (name.length >= 2 && !NO_PLACE.has(name + text))
        add(findings, 'place', tokens, from, at + 1)
    } else if (endsWith(text, CHINESE_PLACE_ENDINGS, 1) && !NO_PLACE.has(text)) {
      // 吴|中区: the first character is left alone.
      const alone = text.length === 2 ? tokens[at - 1] : undefined
      const joined = alone?.text.length === 1 && namesSomething(alone)
      if (text.length >= 3 || joined) add(findings, 'place', tokens, joined ? at - 1 : at, at + 1)
      else if (text.endsWith('州')) add(findings, 'place', tokens, at, at + 1)
    }
  }
}

/** A surname and what may follow it. */
function findPeople(findings: Findings, tokens: readonly Token[]): void {
  for (let at = 0; at < tokens.length; at++) {
    const to = personFrom(tokens, at)
    if (to !== undefined) add(findings, 'person', tokens, at, to)
  }
}

function personFrom(tokens: readonly Token[], at: number): number | undefined {
  const { text } = tokens[at] as Token
  const next = tokens[at + 1]?.text ?? ''
  const before = tokens[at - 1]?.text
  const first = text[0] ?? ''
  const announced = before === undefined || NAME_CUES.has(before)
  if (COMPOUND_SURNAMES.has(text)) return titledOrGiven(tokens, at)
  if (COMPOUND_SURNAMES.has(text.slice(0, 2)) && text.length <= 4) return at + 1
  if (text.length === 1 && SURNAMES.has(text)) {
    if (CHINESE_TITLES.has(next)) return at + 2
    if (UNSURE_SURNAMES.has(text) && !announced) return undefined
    return titledOrGiven(tokens, at)
  }
  if (/^[小老阿]$/.test(text) && SURNAMES.has(next) && next !== '') {
    const after = tokens[at + 2]?.text
    return after === undefined || after.length > 1 || CHINESE_FUNCTION.has(after)
      ? at + 2
      : undefined
  }
  if (text.length === 2 && /^[小老]/.test(text) && SURNAMES.has(text[1] ?? '')) {
    return UNSURE_SURNAMES.has(text[1] ?? '') ? undefined : at + 1
  }
  if (!SURNAMES.has(first) || CHINESE_FUNCTION.has(text)) return undefined
  if (text.length === 2 && (CHINESE_TITLES.has(next) || before === '叫' || before === '名叫')) {
    return CHINESE_TITLES.has(next) && next.length > 1 ? at + 2 : at + 1
  }
  const whole = text.length === 3 && !NO_GIVEN_NAME.has(text[2] ?? '')
  return whole && (announced || !UNSURE_SURNAMES.has(first)) ? at + 1 : undefined
}

/** Where the given name or title after a surname ends. */
function titledOrGiven(tokens: readonly Token[], at: number): number | undefined {
  const next = tokens[at + 1]
  if (!next || next.text === '·') return undefined
  if (CHINESE_TITLES.has(next.text)) return at + 2
  if (CHINESE_FUNCTION.has(next.text) && !/^[一二三四五六七八九]$/.test(next.text)) return undefined
  if (next.text.length === 2) {
    const known = CHINESE_PLACES.has(next.text) || NAME_CUES.has(next.text)
    return known ? undefined : withTitle(tokens, at + 2)
  }
  if (next.text.length > 2) return undefined
  const third = tokens[at + 2]
  const two =
    third?.text.length === 1 &&
    !CHINESE_FUNCTION.has(third.text) &&
    !SURNAMES.has(third.text) &&
    !CHINESE_TITLES.has(third.text)
  return withTitle(tokens, two ? at + 3 : at + 2)
}

/** A title after a whole name belongs to it. */
function withTitle(tokens: readonly Token[], to: number): number {
  const title = tokens[to]?.text ?? ''
  return title.length > 1 && CHINESE_TITLES.has(title) ? to + 1 : to
}

function endsWith(text: string, endings: ReadonlySet<string>, longest: number): boolean {
  for (let length = 1; length <= longest; length++) {
    if (length < text.length && endings.has(text.slice(-length))) return true
  }
  return false
}

function textOf(tokens: readonly Token[], from: number, to: number): string {
  return tokens
    .slice(from, to)
    .map(({ text }) => text)
    .join('')
}

function add(
  findings: Findings,
  kind: 'person' | 'place' | 'organisation' | 'name',
  tokens: readonly Token[],
  from: number,
  to: number,
): void {
  findings.add(kind, (tokens[from] as Token).start, (tokens[to - 1] as Token).end)
}
