/**
 * Where a found chunk comes from, for the reader.
 */
import { invalid } from '../errors.js'
import { isObject, show } from '../options.js'
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
  /** In one line: `manuals/kettle.pdf, page 2`, or `guide.md, lines 3–9 (Use › Descaling)`. */
  readonly label: string
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
export function cite(hit: Citable): Citation {
  if (!isObject(hit) || !isObject(hit.metadata))
    throw invalid(`the hit is ${show(hit)}: give a hit of a search, or a record`)
  const { source, title, page, lastPage, lines, headings, ingest } =
    hit.metadata as Partial<ChunkMetadata>
  if (typeof source !== 'string' || !ingest)
    throw invalid('the hit was not stored by ingest(), so that it has no source: cite only such')
  const place = pagesOf(page, lastPage) ?? linesOf(lines)
  const path = headings && headings.length > 0 ? ` (${headings.join(' › ')})` : ''
  return {
    file: source,
    ...(title !== undefined && { title }),
    ...(page !== undefined && { page }),
    ...(lines && { lines }),
    ...(headings && { headings }),
    text: hit.text ?? '',
    label: [source, place].filter(part => part !== undefined).join(', ') + path,
  }
}

function pagesOf(page: number | undefined, lastPage: number | undefined): string | undefined {
  if (page === undefined) return undefined
  return lastPage === undefined ? `page ${page}` : `pages ${page}–${lastPage}`
}

function linesOf(lines: Lines | undefined): string | undefined {
  if (!lines) return undefined
  return lines.from === lines.to ? `line ${lines.from}` : `lines ${lines.from}–${lines.to}`
}
