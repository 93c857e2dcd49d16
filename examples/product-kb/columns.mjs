// Aligned columns for a terminal. A Chinese character takes two cells, a combining mark none, so text is measured
// in cells and not in characters.

const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u
const DOUBLE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]$/u

/**
 * The cells that a text takes in a terminal.
 * @param {string} text
 */
export function cells(text) {
  let count = 0
  for (const character of text) count += cellsOf(character)
  return count
}

/**
 * The text, shortened with "…" if it takes more cells than there are.
 * @param {string} text
 * @param {number} limit
 */
export function shorten(text, limit) {
  if (cells(text) <= limit) return text
  let kept = ''
  let room = limit - 1
  for (const character of text) {
    room -= cellsOf(character)
    if (room < 0) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}

/**
 * Rows as lines with aligned columns, two spaces apart.
 * @param {string[][]} rows
 * @param {{ right?: number[], indent?: number }} [options] right: the columns that end at the same cell, such as numbers
 * @returns {string}
 */
export function columns(rows, { right = [], indent = 2 } = {}) {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => cells(row[at] ?? ''))))
  return rows
    .map(row => {
      const padded = row.map((text, at) => {
        const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - cells(text)))
        return right.includes(at) ? space + text : text + space
      })
      return `${' '.repeat(indent)}${padded.join('  ')}`.trimEnd()
    })
    .join('\n')
}

/** The width to write for: the terminal's, within reason, or 110 where there is none. */
export function lineWidth() {
  return Math.min(Math.max(process.stdout.columns ?? 110, 72), 140)
}

/** @param {string} character */
function cellsOf(character) {
  if (ZERO.test(character)) return 0
  return DOUBLE.test(character) ? 2 : 1
}
