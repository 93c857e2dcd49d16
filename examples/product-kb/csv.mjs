// Reads CSV as RFC 4180 describes it, and forgives what spreadsheets do to it: a byte order mark, line ends of
// any kind (also mixed), a last line without one, and blank lines between records.
//
// What is not forgiven is what would shift a value into the wrong column: a quote that is never closed, text
// after a closing quote, a record with too few or too many fields. Each is an error that names the line.

/**
 * @param {string} text the whole file, decoded
 * @returns {{ header: string[], rows: { line: number, fields: Record<string, string> }[] }}
 *   the column names, and each record by column name with the line on which it starts
 */
export function readCsv(text) {
  const records = splitRecords(text.startsWith('\uFEFF') ? text.slice(1) : text)
  const first = records.shift()
  if (!first) throw new CsvError(1, 'the file is empty: the first line must name the columns')
  const header = first.values.map(name => name.trim())
  const repeated = header.find((name, at) => header.indexOf(name) !== at)
  if (repeated !== undefined) throw new CsvError(1, `the column "${repeated}" is named twice`)
  const rows = records.map(({ line, values }) => {
    if (values.length !== header.length) {
      throw new CsvError(
        line,
        `${values.length} fields where the header names ${header.length}: ` +
          'quote fields which contain commas or line breaks',
      )
    }
    return { line, fields: Object.fromEntries(header.map((name, at) => [name, values[at]])) }
  })
  return { header, rows }
}

export class CsvError extends Error {
  name = 'CsvError'
  /**
   * @param {number} line
   * @param {string} problem
   */
  constructor(line, problem) {
    super(`line ${line}: ${problem}`)
    this.line = line
  }
}

/**
 * One pass, one field at a time: a field is quoted or plain, and is followed by a comma, a line end or the end.
 * @param {string} text
 */
function splitRecords(text) {
  /** @type {{ line: number, values: string[] }[]} */
  const records = []
  let at = 0
  let line = 1
  while (at < text.length) {
    /** @type {{ line: number, values: string[] }} */
    const record = { line, values: [] }
    let open = true
    while (open) {
      const field = text[at] === '"' ? quotedField(text, at, line) : plainField(text, at)
      record.values.push(field.value)
      line += field.lines
      at = field.end
      if (text[at] === ',') {
        at += 1
      } else {
        const ended = lineEndAt(text, at)
        if (ended === 0 && at < text.length) {
          throw new CsvError(
            line,
            `"${text[at]}" after a closing quote: a quote inside a field is written twice`,
          )
        }
        at += ended
        line += ended > 0 ? 1 : 0
        open = false
      }
    }
    const blank = record.values.length === 1 && record.values[0] === ''
    if (!blank) records.push(record)
  }
  return records
}

/**
 * @param {string} text
 * @param {number} start
 */
function plainField(text, start) {
  let end = start
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r')
    end += 1
  return { value: text.slice(start, end), end, lines: 0 }
}

/**
 * @param {string} text
 * @param {number} start where the opening quote stands
 * @param {number} line
 */
function quotedField(text, start, line) {
  let value = ''
  let from = start + 1
  for (;;) {
    const quote = text.indexOf('"', from)
    if (quote < 0) throw new CsvError(line, 'a quote is opened and never closed')
    value += text.slice(from, quote)
    if (text[quote + 1] !== '"') {
      return { value, end: quote + 1, lines: value.split(/\r\n|\r|\n/).length - 1 }
    }
    value += '"'
    from = quote + 2
  }
}

/**
 * @param {string} text
 * @param {number} at
 * @returns {number} the length of the line end at this place: 0, 1 or 2
 */
function lineEndAt(text, at) {
  if (text[at] === '\n') return 1
  if (text[at] === '\r') return text[at + 1] === '\n' ? 2 : 1
  return 0
}
