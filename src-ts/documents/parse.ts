/**
 * Bytes to documents. Each step is a module of its own: decode, parse by format, clean, find headings.
 */
import { type Cleaning, cleaned, cleaningOf, KEEP_LINES, LAID_OUT } from './clean.js'
import { withoutRepeatedLines } from './clean-pages.js'
import type { DocumentFormat, LoadedDocument, PageSpan } from './document.js'
import { headingsOf } from './headings.js'
import type { Loading } from './load-options.js'
import { parseCsv } from './loaders/csv.js'
import { decode } from './loaders/decode.js'
import { parseDocx } from './loaders/docx.js'
import { frontMatter } from './loaders/front-matter.js'
import { charsetOf, parseHtml } from './loaders/html.js'
import { parseJson, parseJsonLines } from './loaders/json.js'
import type { Parsed } from './loaders/parsed.js'
import { parsePdf } from './loaders/pdf.js'

/** How to parse: all of it can be sent to a thread. */
export type Parsing = Omit<Loading, 'signal' | 'format' | 'maxBytes' | 'timeout'>

/** Content that is to be parsed. */
export interface Parsable {
  readonly name: string
  readonly content: string | Uint8Array
  readonly format: DocumentFormat
  readonly parsing: Parsing
}

/** The documents of content, cleaned and with their headings. */
export async function parse(parsable: Parsable): Promise<LoadedDocument[]> {
  const { name, content, format, parsing } = parsable
  const all = await PARSERS[format](content, name, parsing)
  return all.map(parsed => documentOf(parsed, name, format, parsing))
}

type Parser = (
  content: string | Uint8Array,
  name: string,
  parsing: Parsing,
) => Promise<readonly Parsed[]>

const PARSERS: Readonly<Record<DocumentFormat, Parser>> = {
  text: async (content, name, parsing) => [
    { text: textOf(content, name, parsing), linesBefore: 0 },
  ],
  markdown: async (content, name, parsing) => {
    const text = textOf(content, name, parsing)
    const matter = parsing.frontMatter ? await frontMatter(text, name) : undefined
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
  html: async (content, name, parsing) => {
    const declared = typeof content === 'string' ? undefined : charsetOf(content)
    return [await parseHtml(textOf(content, name, parsing, declared), name)]
  },
  csv: (content, name, parsing) => parseCsv(textOf(content, name, parsing), name, parsing.csv),
  json: async (content, name, parsing) =>
    parseJson(textOf(content, name, parsing), name, parsing.json),
  jsonl: async (content, name, parsing) =>
    parseJsonLines(textOf(content, name, parsing), name, parsing.json),
  pdf: async (content, name, { pdf }) => [await parsePdf(bytesOf(content), name, pdf)],
  docx: async (content, name, { maxUnpackedBytes }) => [
    await parseDocx(bytesOf(content), name, maxUnpackedBytes),
  ],
}

/** The text without a byte order mark. */
function textOf(
  content: string | Uint8Array,
  name: string,
  { encoding }: Parsing,
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
  { clean }: Parsing,
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
