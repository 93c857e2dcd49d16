/**
 * Chunks as they are stored: a record's text, id and metadata.
 *
 * The id is made of root, source and text, and of a number where one text comes several times in a file. So a chunk that a
 * change of the file left as it was keeps its record and its vector, wherever it has moved to, and two ingests at the same
 * time write the same records.
 */
import { createHash } from 'node:crypto'
import type { Chunk, DocumentFormat, Lines, LoadedDocument, PageSpan } from './document.js'
import { headingFinder } from './headings.js'
import { lineCounter } from './lines.js'
import { Pace } from './pace.js'

/** What cuts texts: any of the splitters. */
export interface Splitter {
  split(text: string): Promise<Chunk[]>
  /** All that chunks depend on, besides the text: when it changes, files are split again. JSON. */
  readonly settings?: unknown
}

/** The metadata of a stored chunk, beside what its document says about itself. */
export interface ChunkMetadata {
  /** The file, relative to the root, with forward slashes; or the name of a document in memory. */
  readonly source: string
  readonly format: DocumentFormat
  readonly title?: string
  /** The page on which it begins, counted from 1. */
  readonly page?: number
  /** The page on which it ends, if that is another. */
  readonly lastPage?: number
  /** Its lines in the file, if that has lines: not in PDF, DOCX and HTML. */
  readonly lines?: Lines
  /** The titles of the headings that it stands under, the highest first. */
  readonly headings?: readonly string[]
  /** Where it begins in the text of its document, as `loadFile` gives it. */
  readonly start: number
  /** Where it ends: the first position after it. */
  readonly end: number
  /** What the next ingest needs to know. */
  readonly ingest: IngestMetadata
}

export interface IngestMetadata {
  /** The folder that the source is relative to, or its name. */
  readonly root: string
  /** Which chunk of the file it is, counted from 0. */
  readonly chunk: number
  /** Which document of the file it is in, counted from 0, if there are several. */
  readonly document?: number
  /** Of the file, in its first chunk only. */
  readonly file?: FileState
}

/** What was ingested of a file. It is written last, so that it is there only if all of the file's chunks are. */
export interface FileState {
  /** SHA-256 of its content. */
  readonly hash: string
  /** How many chunks it has. */
  readonly chunks: number
  /** A hash of all settings that its chunks depend on. */
  readonly settings: string
}

/** A chunk that is to be stored. */
export interface NewChunk {
  readonly id: string
  readonly text: string
  readonly metadata: ChunkMetadata & Record<string, unknown>
}

/** A file, or a document in memory, by the names under which it is stored. */
export interface StoredName {
  readonly root: string
  readonly source: string
}

/** The chunks of a file's documents. */
export async function chunksOf(
  { root, source }: StoredName,
  documents: readonly LoadedDocument[],
  splitter: Splitter,
  extra: object,
): Promise<NewChunk[]> {
  const chunks: NewChunk[] = []
  const seen = new Map<string, number>()
  const pace = new Pace()
  for (const [at, document] of documents.entries()) {
    const placeOf = placer(document)
    for (const { text, start, end } of await splitter.split(document.text)) {
      if (text.trim() === '') continue
      const times = seen.get(text) ?? 0
      seen.set(text, times + 1)
      const metadata = {
        ...document.metadata,
        ...extra,
        source,
        format: document.format,
        ...(document.title !== undefined && { title: document.title }),
        ...placeOf({ text, start, end }),
        start,
        end,
        ingest: {
          root,
          chunk: chunks.length,
          ...(documents.length > 1 && { document: at }),
        },
      }
      chunks.push({ id: idOf(root, source, text, times), text, metadata: plain(metadata) })
      if (pace.isDue(text.length)) await pace.turn()
    }
  }
  return chunks
}

export function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** Of 160 bits: two different chunks have one id about never. */
function idOf(root: string, source: string, text: string, times: number): string {
  return sha256(JSON.stringify([root, source, times]), text).slice(0, 40)
}

/** A function from a chunk to its pages, lines and headings. */
function placer(document: LoadedDocument): (chunk: Chunk) => object {
  const { pages, headings, lines, linesBefore } = document
  const linesOf = linesBefore === undefined ? undefined : lineCounter(document.text)
  const titlesAt = headings && headingFinder(headings)
  return chunk => {
    const titles = titlesAt?.(chunk.start) ?? []
    const own = linesOf?.(chunk)
    const before = linesBefore ?? 0
    return {
      ...(pages && pagesOf(pages, chunk)),
      ...(own && { lines: { from: own.from + before, to: own.to + before } }),
      ...(lines && { lines }),
      ...(titles.length > 0 && { headings: titles }),
    }
  }
}

function pagesOf(pages: readonly PageSpan[], { start, end }: Chunk): object {
  const first = pages.find(page => page.end > start)?.page
  const last = pages.findLast(page => page.start < end)?.page
  return { page: first, ...(last !== first && { lastPage: last }) }
}

/** As it will be read back, so that it can be compared. */
function plain<T extends object>(metadata: T): T {
  return JSON.parse(JSON.stringify(metadata)) as T
}
