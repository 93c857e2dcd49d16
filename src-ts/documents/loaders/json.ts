/**
 * JSON and JSON lines: a document for each object.
 */

import { type Fields, fieldDocument, wordsOf } from './fields.js'
import { broken, type Parsed, reason, tooLarge } from './parsed.js'

/** How to read JSON. */
export interface JsonOptions {
  /**
   * Where the objects are that are documents: a JSON pointer (RFC 6901) to an array, such as `/data/articles`.
   * @default the whole file: each element, if it is an array
   */
  readonly records?: string | undefined
  /**
   * The values that are an object's text: keys, or JSON pointers such as `/body/text`. Other plain values become metadata, by
   * their dotted paths.
   * @default all plain values, each as a line "path: value"
   */
  readonly text?: string | readonly string[] | undefined
}

/** Levels of objects and arrays at most. */
const DEPTH = 200

/** @throws {HippocampError} ERR_DOCUMENT_INVALID, ERR_LIMIT_EXCEEDED */
export function parseJson(text: string, source: string, options: JsonOptions): Parsed[] {
  const root = parsed(text, source, 'it')
  const records = options.records === undefined ? root : at(root, options.records)
  if (records === undefined) {
    throw broken(source, `there is nothing at ${options.records}, where json.records points`)
  }
  const all = Array.isArray(records) ? records : [records]
  return all.map(record => documentOf(record, source, options))
}

/** @throws {HippocampError} ERR_DOCUMENT_INVALID, ERR_LIMIT_EXCEEDED */
export function parseJsonLines(text: string, source: string, options: JsonOptions): Parsed[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const record = parsed(line, source, `line ${index + 1}`)
    const lines = { from: index + 1, to: index + 1 }
    return [{ ...documentOf(record, source, options), lines }]
  })
}

function parsed(json: string, source: string, what: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw broken(source, `${what} is no JSON (${reason(error)})`, error)
  }
}

function documentOf(record: unknown, source: string, { text }: JsonOptions): Parsed {
  if (typeof record !== 'object' || record === null) return { text: String(record ?? '') }
  const wanted = typeof text === 'string' ? [text] : text
  const fields = [...leaves(record, [], source)]
  if (!wanted) return fieldDocument(named(fields), undefined, source)
  const paths = wanted.map(path => (path.startsWith('/') ? path : `/${escaped(path)}`))
  const texts = paths.map(path => {
    const value = at(record, path)
    if (value === undefined) throw broken(source, `an object has no ${path}, which is to be text`)
    return typeof value === 'object' && value !== null
      ? named([...leaves(value, [], source)]).map(([, leaf]) => leaf)
      : [value]
  })
  const others = fields.filter(({ path }) => {
    const pointer = path.map(key => `/${escaped(key)}`).join('')
    return !paths.some(one => pointer === one || pointer.startsWith(`${one}/`))
  })
  return {
    text: texts
      .flat()
      .filter(value => value !== null && value !== '')
      .map(wordsOf)
      .join('\n\n'),
    metadata: Object.fromEntries(named(others).filter(([, value]) => value !== null)),
  }
}

interface Leaf {
  readonly path: readonly string[]
  readonly value: unknown
}

/** The plain values, and arrays of such, with their paths. */
function* leaves(value: unknown, path: readonly string[], source: string): Generator<Leaf> {
  if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) {
    yield { path, value }
    return
  }
  if (path.length >= DEPTH) {
    throw tooLarge(source, `its values are nested more than ${DEPTH} deep: leave it out`)
  }
  for (const [key, inner] of Object.entries(value as object))
    yield* leaves(inner, [...path, key], source)
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

function named(all: readonly Leaf[]): Fields {
  return all.map(({ path, value }) => [path.join('.'), value] as const)
}

/** The value that a JSON pointer points to. */
function at(root: unknown, pointer: string): unknown {
  let value = root
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
