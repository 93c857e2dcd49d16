/**
 * PDF, page by page.
 *
 * By pdfjs-dist itself, not one of the smaller packages around it: only it brings the character maps without which Chinese,
 * Japanese and Korean PDFs with fonts that aren't embedded have no text.
 */
import { dirname, join, sep } from 'node:path'
import { HippocampError } from '../../errors.js'
import { peer } from '../../peers.js'
import { broken, type Parsed, reason, tooLarge } from './parsed.js'
import { measureStreams } from './pdf-streams.js'

/** How to read PDF. */
export interface PdfOptions {
  /** The password of an encrypted file. */
  readonly password?: string | undefined
  /**
   * Pages of a file at most.
   * @default 5000
   */
  readonly maxPages?: number | undefined
}

const MAX_PAGES = 5_000

/** @throws {HippocampError} ERR_PEER_MISSING without the package pdfjs-dist, ERR_DOCUMENT_INVALID, ERR_LIMIT_EXCEEDED */
export async function parsePdf(
  bytes: Buffer,
  source: string,
  { password, maxPages = MAX_PAGES }: PdfOptions,
): Promise<Parsed> {
  const { getDocument } = await peer('pdfjs-dist', 'PDF files', load)
  await measureStreams(bytes, source)
  const folder = dirname(require.resolve('pdfjs-dist/package.json'))
  const task = getDocument({
    data: new Uint8Array(bytes), // a copy: it is given away
    password,
    cMapUrl: join(folder, 'cmaps') + sep,
    cMapPacked: true,
    standardFontDataUrl: join(folder, 'standard_fonts') + sep,
    disableFontFace: true,
    isEvalSupported: false,
    useSystemFonts: false,
    verbosity: 0,
  })
  try {
    const document = await task.promise
    if (document.numPages > maxPages) {
      throw tooLarge(
        source,
        `it has ${document.numPages} pages, more than ${maxPages}: raise pdf.maxPages`,
      )
    }
    const text: string[] = []
    for (let number = 1; number <= document.numPages; number++) {
      const page = await document.getPage(number)
      const { items } = await page.getTextContent()
      text.push(pageText(items as readonly TextItem[]))
      page.cleanup()
    }
    if (text.every(page => page.trim() === '')) {
      throw broken(source, 'it has no text, only pictures of it: run it through OCR first')
    }
    const { info } = await document.getMetadata()
    return { text, ...properties(info as Record<string, unknown>) }
  } catch (error) {
    if (error instanceof HippocampError) throw error
    if ((error as Error).name === 'PasswordException') {
      throw broken(source, 'it is encrypted: give its password by pdf.password', error)
    }
    throw broken(source, `it is no PDF, or damaged (${reason(error)})`, error)
  } finally {
    await task.destroy()
  }
}

async function load() {
  try {
    return await import('pdfjs-dist/legacy/build/pdf.mjs')
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    // It takes classes of browsers from there, whether it draws or not.
    throw new HippocampError(
      'ERR_PEER_MISSING',
      'pdfjs-dist needs the package "@napi-rs/canvas", which is not installed: npm install @napi-rs/canvas',
      { cause: error },
    )
  }
}

/** A run of text on a page. */
interface TextItem {
  readonly str: string
  readonly hasEOL: boolean
  readonly height: number
  /** The last two numbers are its place; the second counts from the bottom. */
  readonly transform: readonly number[]
}

/** Lines further apart than this, in heights of text, are of different paragraphs. */
const PARAGRAPH = 1.7
/** So are lines whose heights differ by more than this part: one of them is a heading. */
const HEADING = 0.15

/** The lines of a page, paragraphs apart. */
function pageText(items: readonly TextItem[]): string {
  let text = ''
  let last = { y: 0, height: 0 }
  let ended = false
  for (const { str, hasEOL, height: given, transform } of items) {
    if (str !== '') {
      const next = { y: transform[5] ?? 0, height: given || last.height }
      if (ended) text += isParagraph(last, next) ? '\n\n' : '\n'
      ended = false
      text += str
      last = next
    }
    if (hasEOL) ended = text !== ''
  }
  return text
}

interface Line {
  readonly y: number
  readonly height: number
}

function isParagraph(last: Line, next: Line): boolean {
  const height = Math.max(last.height, next.height, 1)
  return (
    Math.abs(last.y - next.y) > PARAGRAPH * height ||
    Math.abs(last.height - next.height) > HEADING * height
  )
}

function properties({ Title: title, Author: author }: Record<string, unknown>) {
  const given = (value: unknown) => (typeof value === 'string' ? value.trim() : '')
  return {
    ...(given(title) && { title: given(title) }),
    ...(given(author) && { metadata: { author: given(author) } }),
  }
}
