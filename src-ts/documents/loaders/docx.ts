/**
 * DOCX, by way of HTML, so that headings, lists and tables are written as those of web pages.
 *
 * A DOCX is a zip archive, and a small one can unpack to gigabytes. So its parts are first unpacked by us, up to a limit and
 * without keeping them.
 */
import { HippocampError } from '../../errors.js'
import { peer } from '../../peers.js'
import { parseHtml } from './html.js'
import { broken, type Parsed, reason } from './parsed.js'
import { readPart, unpackedWithin } from './zip.js'

/** @throws {HippocampError} ERR_PEER_MISSING without mammoth or parse5, ERR_DOCUMENT_INVALID, ERR_LIMIT_EXCEEDED */
export async function parseDocx(
  bytes: Buffer,
  source: string,
  maxUnpackedBytes: number,
): Promise<Parsed> {
  const parts = await unpackedWithin(bytes, source, maxUnpackedBytes)
  const title = titleOf(await readPart(bytes, parts, 'docProps/core.xml', source))
  const { default: mammoth } = await peer('mammoth', 'DOCX files', () => import('mammoth'))
  let html: string
  try {
    const convertImage = mammoth.images.imgElement(async () => ({ src: '' }))
    html = (await mammoth.convertToHtml({ buffer: bytes }, { convertImage })).value
  } catch (error) {
    if (error instanceof HippocampError) throw error
    throw broken(source, `it is no DOCX, or damaged (${reason(error)})`, error)
  }
  const { text } = await parseHtml(html, source)
  return { text, ...(title && { title }) }
}

/** The title in a document's properties. */
function titleOf(xml: string | undefined): string | undefined {
  const escaped = /<dc:title>([^<]*)<\/dc:title>/.exec(xml ?? '')?.[1]
  const names: Readonly<Record<string, string>> = {
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    amp: '&',
  }
  return escaped?.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name) => names[name] ?? '').trim()
}
