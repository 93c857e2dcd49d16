// A table for a terminal: the first column is text, all others are numbers that end at the same place.

/**
 * @param {Record<string, string | { title: string, digits: number }>} columns title (and decimals) of each key to show
 * @param {Record<string, unknown>[]} rows
 */
export function table(columns, rows) {
  const lines = cells(columns, rows)
  const widths = lines[0].map((_, at) => Math.max(...lines.map(line => line[at].length)))
  return lines
    .map(line => {
      const padded = line.map((text, at) =>
        at === 0 ? text.padEnd(widths[at]) : text.padStart(widths[at]),
      )
      return `  ${padded.join('  ').trimEnd()}`
    })
    .join('\n')
}

/** The same for Markdown. @param {Parameters<typeof table>[0]} columns @param {Parameters<typeof table>[1]} rows */
export function markdownTable(columns, rows) {
  const [head, ...body] = cells(columns, rows)
  return [head, head.map(() => '---'), ...body].map(line => `| ${line.join(' | ')} |`).join('\n')
}

/** @returns {string[][]} titles, then rows */
function cells(columns, rows) {
  const entries = Object.entries(columns).map(([key, column]) =>
    typeof column === 'string' ? { key, title: column, digits: 0 } : { key, ...column },
  )
  return [
    entries.map(({ title }) => title),
    ...rows.map(row => entries.map(({ key, digits }) => show(row[key], digits))),
  ]
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
