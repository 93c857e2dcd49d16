/**
 * HTML, to text in the manner of Markdown.
 *
 * Parsed by parse5, which follows the HTML standard to the letter, so that broken pages are read as browsers read them; the
 * libraries that turn HTML into text drop headings or tables, which chunks need for their context.
 */
import { peer } from '../../peers.js'
import { readable } from './html-text.js'
import type { Parsed } from './parsed.js'

/** @throws {HippocampError} ERR_PEER_MISSING without the package parse5, ERR_LIMIT_EXCEEDED for pages nested too deep */
export async function parseHtml(html: string, source: string): Promise<Parsed> {
  const { parse } = await peer('parse5', 'HTML files', () => import('parse5'))
  return readable(parse(html), source)
}

/** The encoding that a page says it is in; it need not be one. */
export function charsetOf(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1')
  const name = /<meta[^>]+charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(head)?.[1]
  // A page that can be read at all as bytes is not in UTF-16, whatever it says.
  return name && /^utf-?16/i.test(name) ? 'utf-8' : name
}
