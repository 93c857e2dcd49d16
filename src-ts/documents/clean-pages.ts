/**
 * Headers and footers: lines that come again on most pages.
 */

/** Lines at each end of a page that may be one. */
const DEPTH = 3
/** Pages that a document must have, for anything to be called repeated. */
const FEWEST_PAGES = 3
/** The part of the pages that must have it. */
const SHARE = 0.6

/** The pages without the lines that most of them begin or end with, numbers aside. */
export function withoutRepeatedLines(pages: readonly string[]): string[] {
  if (pages.length < FEWEST_PAGES) return [...pages]
  const split = pages.map(page => page.split('\n'))
  const counts = new Map<string, number>()
  for (const lines of split) {
    for (const key of new Set(edges(lines).map(index => keyOf(lines[index])))) {
      if (key !== '') counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  const least = Math.ceil(pages.length * SHARE)
  return split.map(lines => {
    const gone = new Set(
      edges(lines).filter(index => (counts.get(keyOf(lines[index])) ?? 0) >= least),
    )
    return lines.filter((_, index) => !gone.has(index)).join('\n')
  })
}

/** Where the first and last lines are that aren't empty. */
function edges(lines: readonly string[]): number[] {
  const filled = lines.flatMap((line, index) => (line.trim() === '' ? [] : [index]))
  return [...new Set([...filled.slice(0, DEPTH), ...filled.slice(-DEPTH)])]
}

/** What is left of a line when page numbers are the same. */
function keyOf(line: string | undefined): string {
  return (line ?? '').trim().replaceAll(/\d+/g, '0').replaceAll(/\s+/g, ' ')
}
