/**
 * CSV and TSV: a document for each row, or the file as it is.
 *
 * Parsed by csv-parse, the parser whose behaviour with quotes, line ends and ragged rows is documented option by option.
 */
import { peer } from '../../peers.js'
import { type Fields, fieldDocument } from './fields.js'
import { broken, type Parsed, reason } from './parsed.js'

/** How to read CSV. */
export interface CsvOptions {
  /**
   * Whether each row is a document; otherwise the whole file is one, as it stands.
   * @default true
   */
  readonly rows?: boolean | undefined
  /**
   * The columns that are a row's text, by their names; the others become metadata.
   * @default all columns, each as a line "name: value"
   */
  readonly text?: string | readonly string[] | undefined
  /**
   * What stands between columns.
   * @default the one of , ; tab | that is most frequent in the first line; tab in files named .tsv
   */
  readonly delimiter?: string | undefined
  /**
   * Whether the first row has the columns' names. Otherwise they are called column1, column2 and so on.
   * @default true
   */
  readonly header?: boolean | undefined
}

const DELIMITERS = [',', ';', '\t', '|']

/** @throws {HippocampError} ERR_PEER_MISSING without the package csv-parse, ERR_DOCUMENT_INVALID */
export async function parseCsv(
  text: string,
  source: string,
  options: CsvOptions,
): Promise<Parsed[]> {
  if (options.rows === false) return [{ text, linesBefore: 0 }]
  const { parse } = await peer('csv-parse', 'CSV files', () => import('csv-parse/sync'))
  const delimiter = options.delimiter ?? delimiterOf(text, source)
  let rows: Row[]
  try {
    // The parser takes the first line's end for that of all, and counts "\r\n" in quotes as two.
    rows = parse(text.replaceAll(/\r\n?/g, '\n'), {
      delimiter,
      record_delimiter: '\n',
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    }) as unknown as Row[]
  } catch (error) {
    throw broken(source, `it is no CSV (${reason(error)}): repair it, or set csv.delimiter`, error)
  }
  const header = options.header === false ? undefined : rows.shift()
  return rows.map(({ record, info }) => {
    const fields: Fields = record.map((value, at) => [nameOf(header?.record[at], at), value])
    const inside = record.reduce((sum, value) => sum + value.split('\n').length - 1, 0)
    const lines = { from: info.lines - inside, to: info.lines }
    return { ...fieldDocument(fields, options.text, source), lines }
  })
}

interface Row {
  readonly record: readonly string[]
  /** Lines up to the end of the row. */
  readonly info: { readonly lines: number }
}

function nameOf(name: string | undefined, at: number): string {
  return name?.trim() || `column${at + 1}`
}

function delimiterOf(text: string, source: string): string {
  if (/\.tsv$/i.test(source)) return '\t'
  const first = text.slice(0, text.search(/[\r\n]|$/))
  const count = (mark: string) => first.split(mark).length
  return DELIMITERS.reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}
