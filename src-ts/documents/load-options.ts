/**
 * Options of loading, and what they are by default.
 */
import { invalid } from '../errors.js'
import { boolean, integer, oneOf, optionsOf, signalOf, text } from '../options.js'
import { type CleanOptions, cleaningOf } from './clean.js'
import type { DocumentFormat } from './document.js'
import { FORMATS } from './formats.js'
import type { CsvOptions } from './loaders/csv.js'
import { fieldNames } from './loaders/fields.js'
import type { JsonOptions } from './loaders/json.js'
import type { PdfOptions } from './loaders/pdf.js'

/** How to load. */
export interface LoadOptions {
  /**
   * What the file is.
   * @default by the ending of its name; text if that is unknown
   */
  readonly format?: DocumentFormat | undefined
  /**
   * What the characters of a text file are written in, by a name that TextDecoder knows: `utf-8`, `gb18030`, `big5`, …
   * @default by its byte order mark, or what a page says; UTF-8 if it is; or else GB18030 or Windows-1252, whichever it reads like
   */
  readonly encoding?: string | undefined
  /**
   * Bytes of a file at most.
   * @default 52428800 (50 MiB)
   */
  readonly maxBytes?: number | undefined
  /**
   * Bytes that a DOCX may unpack to.
   * @default 67108864 (64 MiB)
   */
  readonly maxUnpackedBytes?: number | undefined
  /**
   * What is cleaned, or false: nothing.
   * @default what {@link CleanOptions} says
   */
  readonly clean?: boolean | CleanOptions | undefined
  /**
   * Whether front matter of Markdown is read; otherwise it is text.
   * @default true
   */
  readonly frontMatter?: boolean | undefined
  readonly csv?: CsvOptions | undefined
  readonly json?: JsonOptions | undefined
  readonly pdf?: PdfOptions | undefined
  /**
   * Milliseconds that parsing a file may take, once it has begun. Files below 128 KiB are not timed, PDF and DOCX aside.
   * @default 120000 (2 minutes)
   */
  readonly timeout?: number | undefined
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export const LOAD_OPTIONS = [
  'format',
  'encoding',
  'maxBytes',
  'maxUnpackedBytes',
  'clean',
  'frontMatter',
  'csv',
  'json',
  'pdf',
  'timeout',
  'signal',
] as const

/** Options that have been checked. */
export interface Loading {
  readonly format: DocumentFormat | undefined
  readonly encoding: string | undefined
  readonly maxBytes: number
  readonly maxUnpackedBytes: number
  /** undefined: the defaults; false: nothing. */
  readonly clean: CleanOptions | false | undefined
  readonly frontMatter: boolean
  readonly csv: CsvOptions
  readonly json: JsonOptions
  readonly pdf: PdfOptions
  readonly timeout: number
  readonly signal: AbortSignal | undefined
}

const MAX_BYTES = 50 * 2 ** 20
const MAX_UNPACKED = 64 * 2 ** 20
const TIMEOUT = 120_000

/** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
export function loadingOf(options: LoadOptions): Loading {
  const { format, encoding, maxBytes, maxUnpackedBytes, frontMatter, csv, json, pdf } = options
  return {
    format: format === undefined ? undefined : oneOf('format', format, FORMATS),
    encoding: encoding === undefined ? undefined : text('encoding', encoding),
    maxBytes: integer('maxBytes', maxBytes ?? MAX_BYTES, 1),
    maxUnpackedBytes: integer('maxUnpackedBytes', maxUnpackedBytes ?? MAX_UNPACKED, 1),
    clean: cleanOf(options.clean),
    frontMatter: boolean('frontMatter', frontMatter ?? true),
    csv: csvOf(csv),
    json: jsonOf(json),
    pdf: pdfOf(pdf),
    timeout: integer('timeout', options.timeout ?? TIMEOUT, 1),
    signal: signalOf(options.signal),
  }
}

/** All that a loaded text depends on, besides the file. */
export function loadingSettings(loading: Loading): Record<string, unknown> {
  const { format, encoding, clean, frontMatter, csv, json } = loading
  return { format, encoding, clean, frontMatter, csv, json }
}

function cleanOf(clean: LoadOptions['clean']): CleanOptions | false | undefined {
  if (clean === undefined || clean === true) return undefined
  if (clean === false) return false
  cleaningOf(clean)
  return clean
}

function csvOf(options: CsvOptions | undefined): CsvOptions {
  const {
    rows,
    text: names,
    delimiter,
    header,
  } = optionsOf(options, 'csv', ['rows', 'text', 'delimiter', 'header'])
  if (delimiter !== undefined && text('csv.delimiter', delimiter) === '')
    throw invalid('csv.delimiter is "": give what stands between columns')
  if (rows !== undefined) boolean('csv.rows', rows)
  if (header !== undefined) boolean('csv.header', header)
  return { rows, text: fieldNames('csv.text', names), delimiter, header }
}

function jsonOf(options: JsonOptions | undefined): JsonOptions {
  const { records, text: names } = optionsOf(options, 'json', ['records', 'text'])
  if (records !== undefined && !/^(\/|$)/.test(text('json.records', records)))
    throw invalid(`json.records is "${records}": give a JSON pointer such as "/data/articles"`)
  return { records, text: fieldNames('json.text', names) }
}

function pdfOf(options: PdfOptions | undefined): PdfOptions {
  const { password, maxPages } = optionsOf(options, 'pdf', ['password', 'maxPages'])
  if (password !== undefined) text('pdf.password', password)
  if (maxPages !== undefined) integer('pdf.maxPages', maxPages, 1)
  return { password, maxPages }
}
