/**
 * The readable text of a parsed page: headings with `#`, lists with `-` or numbers, tables with `|`, blocks apart. What is
 * not shown is left out.
 */
import { type Parsed, tooLarge } from './parsed.js'

/** A node of the tree, as far as it is looked at. */
export interface HtmlNode {
  readonly nodeName: string
  readonly childNodes?: readonly HtmlNode[]
  readonly value?: string
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
}

const HIDDEN = words(
  'script style noscript template head iframe object embed svg canvas audio video map datalist select textarea button',
)
const BLOCKS = words(
  'address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form header hgroup hr html legend main nav p section summary',
)
const CELLS = words('td th')
/** Levels of elements at most; browsers have a limit of the same kind. */
const DEPTH = 512

/** @throws {HippocampError} ERR_LIMIT_EXCEEDED for pages nested too deep */
export function readable(root: HtmlNode, source: string): Parsed {
  const writer = new Writer(source)
  writer.visit(root, 0)
  const title = find(root, 'title', 0)
  const name = title && collapse(textOf(title)).trim()
  return { text: writer.finish(), ...(name && { title: name }) }
}

/** Writes text, with as much space between as the elements ask for. */
class Writer {
  readonly #parts: string[] = []
  /** Line breaks that are due before the next word. */
  #breaks = 0
  #space = false
  /** An item has begun, and nothing of it was written: breaks are not due. */
  #item = false
  /** What each line begins with, inside lists. */
  #indent = ''
  #preformatted = false
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  finish(): string {
    return this.#parts.join('')
  }

  visit(node: HtmlNode, depth: number): void {
    if (depth > DEPTH) throw tooDeep(this.#source)
    const { nodeName: name } = node
    const heading = /^h([1-6])$/.exec(name)
    if (name === '#text') this.#write(node.value ?? '')
    else if (HIDDEN.has(name) || isHidden(node)) return
    else if (heading) this.#heading(node, Number(heading[1]))
    else if (name === 'br') this.#break(1)
    else if (name === 'img') this.#write(attribute(node, 'alt') ?? '')
    else if (name === 'pre') this.#pre(node, depth)
    else if (name === 'ul' || name === 'ol') this.#list(node, depth)
    else if (name === 'table') this.#table(node, depth)
    else this.#element(node, depth)
  }

  #element(node: HtmlNode, depth: number): void {
    const isBlock = BLOCKS.has(node.nodeName)
    if (isBlock) this.#break(2)
    for (const child of node.childNodes ?? []) this.visit(child, depth + 1)
    if (isBlock) this.#break(2)
  }

  #heading(node: HtmlNode, level: number): void {
    const title = collapse(textOf(node)).trim()
    if (title === '') return
    this.#break(2)
    this.#write(`${'#'.repeat(level)} ${title}`)
    this.#break(2)
  }

  #pre(node: HtmlNode, depth: number): void {
    this.#break(2)
    this.#preformatted = true
    for (const child of node.childNodes ?? []) this.visit(child, depth + 1)
    this.#preformatted = false
    this.#break(2)
  }

  #list(node: HtmlNode, depth: number): void {
    const nested = this.#indent !== ''
    this.#break(nested ? 1 : 2)
    let number = Number(attribute(node, 'start') ?? 1)
    for (const item of node.childNodes ?? []) {
      if (item.nodeName !== 'li') {
        if (item.nodeName !== '#text') this.visit(item, depth + 1)
        continue
      }
      this.#break(1)
      this.#write(node.nodeName === 'ol' ? `${number++}.` : '-')
      const before = this.#indent
      this.#indent += '  '
      this.#item = true
      for (const child of item.childNodes ?? []) this.visit(child, depth + 1)
      this.#breaks = Math.min(this.#breaks, 1) // items stay together
      this.#indent = before
      this.#item = false
    }
    this.#break(nested ? 1 : 2)
  }

  #table(node: HtmlNode, depth: number): void {
    this.#break(2)
    for (const row of rowsOf(node, depth, this.#source)) {
      const cells = (row.childNodes ?? []).filter(({ nodeName }) => CELLS.has(nodeName))
      if (cells.length === 0) continue
      const texts = cells.map(cell => {
        const inner = new Writer(this.#source)
        for (const child of cell.childNodes ?? []) inner.visit(child, depth + 3)
        return collapse(inner.finish()).trim()
      })
      this.#break(1)
      this.#write(`| ${texts.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`)
    }
    this.#break(2)
  }

  #break(lines: number): void {
    this.#breaks = Math.max(this.#breaks, lines)
    this.#space = false
  }

  #write(text: string): void {
    if (this.#preformatted) {
      this.#append(text)
      return
    }
    const words = collapse(text)
    if (words.startsWith(' ')) this.#space = true
    const word = words.trim()
    if (word === '') return
    this.#append(word)
    this.#space = words.endsWith(' ')
  }

  #append(text: string): void {
    if (text === '') return
    if (this.#item) this.#parts.push(' ')
    else if (this.#breaks > 0 && this.#parts.length > 0)
      this.#parts.push('\n'.repeat(this.#breaks) + this.#indent)
    else if (this.#space && this.#parts.length > 0) this.#parts.push(' ')
    this.#breaks = 0
    this.#space = false
    this.#item = false
    this.#parts.push(text)
  }
}

/** The rows of a table, not those of tables inside. */
function rowsOf(node: HtmlNode, depth: number, source: string): HtmlNode[] {
  if (depth > DEPTH) throw tooDeep(source)
  return (node.childNodes ?? []).flatMap(child => {
    if (child.nodeName === 'tr') return [child]
    return /^(thead|tbody|tfoot)$/.test(child.nodeName) ? rowsOf(child, depth + 1, source) : []
  })
}

/** What an element's own style hides is no more shown than what its attributes hide. */
const NOT_SHOWN =
  /(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![\d.])|font-size\s*:\s*0(?![\d.]))/i

function isHidden(node: HtmlNode): boolean {
  if (!node.attrs || node.attrs.length === 0) return false
  return (
    attribute(node, 'hidden') !== undefined ||
    attribute(node, 'aria-hidden') === 'true' ||
    NOT_SHOWN.test(attribute(node, 'style') ?? '')
  )
}

function attribute(node: HtmlNode, name: string): string | undefined {
  return node.attrs?.find(attribute => attribute.name === name)?.value
}

function textOf(node: HtmlNode, depth = 0): string {
  if (depth > DEPTH || HIDDEN.has(node.nodeName)) return ''
  if (node.nodeName === 'br') return ' '
  return node.value !== undefined && node.nodeName === '#text'
    ? node.value
    : (node.childNodes ?? []).map(child => textOf(child, depth + 1)).join('')
}

function find(node: HtmlNode, name: string, depth: number): HtmlNode | undefined {
  if (node.nodeName === name) return node
  // A title is in the head: html, head, title.
  if (depth > 4) return undefined
  for (const child of node.childNodes ?? []) {
    const found = find(child, name, depth + 1)
    if (found) return found
  }
  return undefined
}

function collapse(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

function tooDeep(source: string) {
  return tooLarge(source, `its elements are nested more than ${DEPTH} deep: leave it out`)
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '))
}
