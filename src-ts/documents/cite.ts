/**
 * Where a found chunk comes from, for the reader.
 */
import { invalid } from '../errors.js'
import { isObject, oneOf, optionsOf, show } from '../options.js'
import type { Lines } from './document.js'
import type { ChunkMetadata } from './stored-chunk.js'

/** The place of a chunk. */
export interface Citation {
  /** The file, relative to the root that was ingested, or the name of a document in memory. */
  readonly file: string
  readonly title?: string
  /** The page on which it begins. */
  readonly page?: number
  /** Its lines in the file. */
  readonly lines?: Lines
  /** The headings that it stands under, the highest first. */
  readonly headings?: readonly string[]
  /** What it says. */
  readonly text: string
  /**
   * In one line: `manuals/kettle.pdf, page 2`, `guide.md, lines 3–9 (Use › Descaling)`, or in Chinese
   * `说明书.pdf，第 2 页`.
   */
  readonly label: string
}

/** How to cite. */
export interface CiteOptions {
  /**
   * The language of the label.
   * @default 'en'
   */
  readonly language?: 'en' | 'zh' | undefined
}

/** A record that was ingested: a hit, or one that was read. */
export interface Citable {
  readonly text?: string | undefined
  readonly metadata: object
}

/**
 * Where a hit comes from.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT for a record that was not ingested
 */
export function cite(hit: Citable, options?: CiteOptions): Citation {
  const { language = 'en' } = optionsOf(options, 'cite', ['language'])
  const words = WORDS[oneOf('language', language, ['en', 'zh'])]
  if (!isObject(hit) || !isObject(hit.metadata))
    throw invalid(`the hit is ${show(hit)}: give a hit of a search, or a record`)
  const { source, ingest, ...given } = hit.metadata as { [K in keyof ChunkMetadata]?: unknown }
  if (typeof source !== 'string' || !ingest)
    throw invalid('the hit was not stored by ingest(), so that it has no source: cite only such')
  const { title, page, lastPage, lines, headings } = placeOf(given)
  const place =
    page !== undefined ? words.pages(page, lastPage ?? page) : lines && words.lines(lines)
  return {
    file: source,
    ...(title !== undefined && { title }),
    ...(page !== undefined && { page }),
    ...(lines && { lines }),
    ...(headings && { headings }),
    text: hit.text ?? '',
    label: inOneLine(
      source + (place ?? '') + (headings ? words.headings(headings.join(' › ')) : ''),
    ),
  }
}

/** The place as `ingest` writes it. What a document says of itself may have the same names, and mean something else by them. */
function placeOf(given: { [K in keyof ChunkMetadata]?: unknown }): Partial<ChunkMetadata> {
  const { title, page, lastPage, lines, headings } = given
  return {
    ...(typeof title === 'string' && { title }),
    ...(Number.isInteger(page) && { page: page as number }),
    ...(Number.isInteger(lastPage) && { lastPage: lastPage as number }),
    ...(areLines(lines) && { lines }),
    ...(Array.isArray(headings) && headings.every(one => typeof one === 'string') && { headings }),
  }
}

function areLines(value: unknown): value is Lines {
  const { from, to } = (value ?? {}) as Partial<Lines>
  return Number.isInteger(from) && Number.isInteger(to)
}

/** Names of files may have line breaks. */
function inOneLine(label: string): string {
  return label.replaceAll(/\s+/g, ' ')
}

interface Words {
  pages(from: number, to: number): string
  lines(lines: Lines): string
  headings(path: string): string
}

const WORDS: Readonly<Record<'en' | 'zh', Words>> = {
  en: {
    pages: (from, to) => (from === to ? `, page ${from}` : `, pages ${from}–${to}`),
    lines: ({ from, to }) => (from === to ? `, line ${from}` : `, lines ${from}–${to}`),
    headings: path => ` (${path})`,
  },
  zh: {
    pages: (from, to) => `，第 ${range(from, to)} 页`,
    lines: ({ from, to }) => `，第 ${range(from, to)} 行`,
    headings: path => `（${path}）`,
  },
}

function range(from: number, to: number): string {
  return from === to ? String(from) : `${from}–${to}`
}
