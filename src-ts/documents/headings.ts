/**
 * The headings of Markdown, and of formats that are written like it: `# Title`, and titles underlined by `===` or `---`.
 * What stands in fenced code is no heading.
 */
import type { Heading } from './document.js'

const FENCE = /^ {0,3}(`{3,}|~{3,})/
const MARKS = /^ {0,3}(#{1,6})(?=[ \t]|$)/
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/
/** What a paragraph's line does not begin with. */
const NO_PARAGRAPH = /^(?: {4}|\t| {0,3}(?:[-*+>|#]|\d+[.)] ))/

/** The headings in order, each with the text that it stands over. */
export function headingsOf(text: string): Heading[] {
  const found: { level: number; title: string; start: number }[] = []
  let fence = ''
  let start = 0
  let before = { line: '', start: 0 }
  for (const line of text.split('\n')) {
    const mark = FENCE.exec(line)?.[1]
    const marks = MARKS.exec(line)
    const underline = UNDERLINE.exec(line)?.[1]
    if (fence !== '') {
      if (mark?.startsWith(fence)) fence = ''
    } else if (mark) {
      fence = mark
    } else if (marks) {
      const [before, { length: level } = ''] = marks
      found.push({ level, title: withoutMarks(line.slice(before.length)), start })
    } else if (underline && before.line.trim() !== '' && !NO_PARAGRAPH.test(before.line)) {
      const level = underline.startsWith('=') ? 1 : 2
      found.push({ level, title: before.line.trim(), start: before.start })
    }
    before = { line: fence === '' && !marks && !mark ? line : '', start }
    start += line.length + 1
  }
  const ends = found.map(() => text.length)
  const open: number[] = []
  for (const [at, { level, start }] of found.entries()) {
    while (open.length > 0 && (found[open.at(-1) ?? 0]?.level ?? 0) >= level)
      ends[open.pop() ?? 0] = start
    open.push(at)
  }
  return found.map((heading, at) => ({ ...heading, end: ends[at] ?? text.length }))
}

/** A title without the marks that may close it. By hand: a pattern would look for them from each of its spaces on. */
function withoutMarks(given: string): string {
  const title = given.trim()
  let end = title.length
  while (title[end - 1] === '#') end--
  return end === 0 || /\s/.test(title[end - 1] ?? '') ? title.slice(0, end).trimEnd() : title
}

/** A function from a place to the titles of the headings that it stands under, the highest first. */
export function headingFinder(headings: readonly Heading[]): (place: number) => string[] {
  const parents: number[] = []
  for (const [at, { start }] of headings.entries()) {
    let parent = at - 1
    while (parent >= 0 && (headings[parent]?.end ?? 0) <= start) parent = parents[parent] ?? -1
    parents.push(parent)
  }
  return place => {
    let at = lastUpTo(headings, place)
    const titles: string[] = []
    for (; at >= 0; at = parents[at] ?? -1) {
      const title = headings[at]?.title
      if (title) titles.unshift(title)
    }
    return titles
  }
}

/** The last heading that begins at a place or before it; -1 if there is none. */
function lastUpTo(headings: readonly Heading[], place: number): number {
  let low = 0
  let high = headings.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((headings[middle]?.start ?? 0) <= place) low = middle + 1
    else high = middle
  }
  return low - 1
}
