/**
 * Front matter of Markdown: YAML between lines of three dashes, at the very beginning.
 */
import { isObject, show } from '../../options.js'
import { peer } from '../../peers.js'
import { broken, reason } from './parsed.js'

export interface FrontMatter {
  readonly metadata: Record<string, unknown>
  /** The text after it. */
  readonly body: string
  /** Lines before the body. */
  readonly lines: number
}

const BLOCK = /^---[ \t]*\r?\n([\s\S]*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/m

/**
 * The front matter of a text; undefined if there is none.
 * @throws {HippocampError} ERR_PEER_MISSING without the package yaml, ERR_DOCUMENT_INVALID for what is not YAML
 */
export async function frontMatter(text: string, source: string): Promise<FrontMatter | undefined> {
  if (!text.startsWith('---')) return undefined
  const block = BLOCK.exec(text)
  if (block?.index !== 0) return undefined
  const [whole, yaml = ''] = block
  const { parse } = await peer('yaml', 'Markdown files with front matter', () => import('yaml'))
  let value: unknown
  try {
    // As it will be stored: what refers to itself cannot be.
    value = JSON.parse(JSON.stringify(parse(yaml)))
  } catch (error) {
    throw broken(
      source,
      `its front matter is no YAML (${reason(error)}): repair it, or set frontMatter to false`,
      error,
    )
  }
  if (value !== null && !isObject(value)) {
    // A rule, some text, and another rule.
    if (typeof value === 'string') return undefined
    throw broken(source, `its front matter is ${show(value)}: make it a mapping of names to values`)
  }
  return {
    metadata: { ...(value ?? {}) },
    body: text.slice(whole.length),
    lines: whole.split('\n').length - 1,
  }
}
