/**
 * Loads files: bytes to documents. Each step is a module of its own: read, decode, parse by format, clean, find headings.
 */
import { invalid } from '../errors.js'
import { filePath, isObject, optionsOf, show, text as string } from '../options.js'
import { type Cleaning, cleaned, cleaningOf, KEEP_LINES, LAID_OUT } from './clean.js'
import { withoutRepeatedLines } from './clean-pages.js'
import type { DocumentFormat, LoadedDocument, PageSpan } from './document.js'
import { formatByName } from './formats.js'
import { headingsOf } from './headings.js'
import { LOAD_OPTIONS, type Loading, type LoadOptions, loadingOf } from './load-options.js'
import { parseCsv } from './loaders/csv.js'
import { decode } from './loaders/decode.js'
import { parseDocx } from './loaders/docx.js'
import { frontMatter } from './loaders/front-matter.js'
import { charsetOf, parseHtml } from './loaders/html.js'
import { parseJson, parseJsonLines } from './loaders/json.js'
import { type Parsed, tooLarge } from './loaders/parsed.js'
import { parsePdf } from './loaders/pdf.js'
import { readFileUpTo, sizeComplaint } from './loaders/read-file.js'

/** A file's content that is in memory. */
export interface DocumentSource {
  /** Its name, which tells its format and is the source of its documents. */
  readonly name: string
  readonly content: string | Uint8Array
}

/**
 * The documents of a file: one, or one for each row of CSV, line of JSONL or element of a JSON array.
 * @throws {HippocampError} ERR_IO if it cannot be read, ERR_LIMIT_EXCEEDED, ERR_DOCUMENT_INVALID if it is damaged, encrypted or
 * not of its format, ERR_PEER_MISSING, ERR_INVALID_ARGUMENT
 */
export async function loadFile(
  path: string | URL,
  options?: LoadOptions,
): Promise<LoadedDocument[]> {
  const loading = loadingOf(optionsOf(options, 'loadFile', LOAD_OPTIONS))
  const name = filePath('the file', path)
  const content = await readFileUpTo(name, loading.maxBytes, loading.signal)
  return documentsOf({ name, content }, loading)
}

/**
 * The documents of a file's content; otherwise as {@link loadFile}.
 */
export async function load(
  source: DocumentSource,
  options?: LoadOptions,
): Promise<LoadedDocument[]> {
  const loading = loadingOf(optionsOf(options, 'load', LOAD_OPTIONS))
  return documentsOf(sourceOf(source), loading)
}

/** Content that was given, checked. */
export function sourceOf(source: unknown): DocumentSource {
  if (!isObject(source)) {
    throw invalid(`the source is ${show(source)}: give an object with name and content`)
  }
  const { name, content } = optionsOf(source as DocumentSource, 'a source', ['name', 'content'])
  if (string('the name of a source', name) === '')
    throw invalid('the name of a source is "": give a name')
  if (typeof content === 'string' || content instanceof Uint8Array)
    return { name: name as string, content }
  throw invalid(`the content of ${show(name)} is ${show(content)}: give a string or bytes`)
}

/** Content as documents, cleaned and with their headings. */
export async function documentsOf(
  { name, content }: DocumentSource,
  loading: Loading,
): Promise<LoadedDocument[]> {
  loading.signal?.throwIfAborted()
  if (content.length > loading.maxBytes) {
    throw tooLarge(name, sizeComplaint(content.length, loading.maxBytes))
  }
  const format = loading.format ?? formatByName(name) ?? 'text'
  const all = await PARSERS[format](content, name, loading)
  return all.map(parsed => documentOf(parsed, name, format, loading))
}

type Parser = (
  content: string | Uint8Array,
  name: string,
  loading: Loading,
) => Promise<readonly Parsed[]>

const PARSERS: Readonly<Record<DocumentFormat, Parser>> = {
  text: async (content, name, loading) => [
    { text: textOf(content, name, loading), linesBefore: 0 },
  ],
  markdown: async (content, name, loading) => {
    const text = textOf(content, name, loading)
    const matter = loading.frontMatter ? await frontMatter(text, name) : undefined
    if (!matter) return [{ text, linesBefore: 0 }]
    const { title } = matter.metadata
    return [
      {
        text: matter.body,
        metadata: matter.metadata,
        linesBefore: matter.lines,
        ...(typeof title === 'string' && { title }),
      },
    ]
  },
  html: async (content, name, loading) => {
    const declared = typeof content === 'string' ? undefined : charsetOf(content)
    return [await parseHtml(textOf(content, name, loading, declared), name)]
  },
  csv: (content, name, loading) => parseCsv(textOf(content, name, loading), name, loading.csv),
  json: async (content, name, loading) =>
    parseJson(textOf(content, name, loading), name, loading.json),
  jsonl: async (content, name, loading) =>
    parseJsonLines(textOf(content, name, loading), name, loading.json),
  pdf: async (content, name, { pdf, signal }) => [
    await parsePdf(bytesOf(content), name, pdf, signal),
  ],
  docx: async (content, name, { maxUnpackedBytes }) => [
    await parseDocx(bytesOf(content), name, maxUnpackedBytes),
  ],
}

/** The text without a byte order mark. */
function textOf(
  content: string | Uint8Array,
  name: string,
  { encoding }: Loading,
  declared?: string,
): string {
  if (typeof content === 'string') return content.startsWith('\ufeff') ? content.slice(1) : content
  return decode(content, name, encoding, declared)
}

function bytesOf(content: string | Uint8Array): Buffer {
  if (typeof content === 'string') return Buffer.from(content)
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength)
}

/** Formats that have, or are written with, headings like Markdown's. */
const WITH_HEADINGS: readonly DocumentFormat[] = ['markdown', 'html', 'docx']

function documentOf(
  { text: raw, title, metadata = {}, lines, linesBefore }: Parsed,
  source: string,
  format: DocumentFormat,
  { clean }: Loading,
): LoadedDocument {
  const defaults = format === 'pdf' ? LAID_OUT : KEEP_LINES
  const cleaning = clean === false ? undefined : cleaningOf(clean, defaults)
  const { text, pages } = typeof raw === 'string' ? { text: raw } : joined(raw, cleaning)
  const whole = pages === undefined && cleaning ? cleaned(text, cleaning) : text.toWellFormed()
  const headings = WITH_HEADINGS.includes(format) ? headingsOf(whole) : undefined
  const name = title ?? headings?.find(({ title }) => title !== '')?.title
  return {
    text: whole,
    source,
    format,
    ...(name !== undefined && { title: cleaning ? cleaned(name, cleaning).trim() : name }),
    metadata,
    ...(pages && { pages }),
    ...(headings && { headings }),
    ...(lines && { lines }),
    ...(linesBefore !== undefined && { linesBefore }),
  }
}

/** Between pages, as between paragraphs. */
const PAGE_BREAK = '\n\n'

/** The text of all pages, and where each of them is. */
function joined(all: readonly string[], cleaning: Cleaning | undefined) {
  const kept = cleaning?.repeatedLines ? withoutRepeatedLines(all) : all
  const pages: PageSpan[] = []
  let text = ''
  for (const [at, page] of kept.entries()) {
    const words = cleaning ? cleaned(page, cleaning) : page
    if (text !== '' && words !== '') text += PAGE_BREAK
    pages.push({ page: at + 1, start: text.length, end: text.length + words.length })
    text += words
  }
  return { text, pages }
}
