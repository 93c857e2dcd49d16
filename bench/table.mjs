// A table for a terminal: the first column is text, all others are numbers that end at the same place.

/**
 * @param {Record<string, string | { title: string, digits: number }>} columns title (and decimals) of each key to show
 * @param {Record<string, unknown>[]} rows
 */
export function table(columns, rows) {
  const entries = Object.entries(columns).map(([key, column]) =>
    typeof column === 'string' ? { key, title: column, digits: 0 } : { key, ...column },
  )
  const lines = [
    entries.map(({ title }) => title),
    ...rows.map(row => entries.map(({ key, digits }) => show(row[key], digits))),
  ]
  const widths = entries.map((_, at) => Math.max(...lines.map(line => line[at].length)))
  return lines
    .map(line => {
      const padded = line.map((text, at) =>
        at === 0 ? text.padEnd(widths[at]) : text.padStart(widths[at]),
      )
      return `  ${padded.join('  ').trimEnd()}`
    })
    .join('\n')
}

/** @param {unknown} value @param {number} digits */
function show(value, digits) {
  if (value === null) return '—'
  if (typeof value !== 'number') return String(value ?? '')
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
