/**
 * Loads files: reads them, and has them parsed where that is in nobody's way.
 */
import { invalid } from '../errors.js'
import { filePath, isObject, optionsOf, show, text as string } from '../options.js'
import type { DocumentFormat, LoadedDocument } from './document.js'
import { formatByName } from './formats.js'
import { LOAD_OPTIONS, type Loading, type LoadOptions, loadingOf } from './load-options.js'
import { tooLarge } from './loaders/parsed.js'
import { readFileUpTo, sizeComplaint } from './loaders/read-file.js'
import { parse } from './parse.js'
import { parseInThread } from './parse-threads.js'

/** A file's content that is in memory. */
export interface DocumentSource {
  /** Its name, which tells its format and is the source of its documents. */
  readonly name: string
  readonly content: string | Uint8Array
}

/**
 * The documents of a file: one, or one for each row of CSV, line of JSONL or element of a JSON array.
 * @throws {HippocampError} ERR_IO if it cannot be read, ERR_LIMIT_EXCEEDED if it is too large or too much work, ERR_DOCUMENT_INVALID if it is damaged, encrypted or
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

/** Formats of which a small file can be much work. */
const IN_THREADS: readonly DocumentFormat[] = ['pdf', 'docx']
/** Bytes of a file of other formats that takes longer than a few milliseconds. */
const LARGE = 128 * 1024

/** Content as documents, cleaned and with their headings. */
export async function documentsOf(
  { name, content }: DocumentSource,
  loading: Loading,
): Promise<LoadedDocument[]> {
  const { format: given, maxBytes, timeout, signal, ...parsing } = loading
  signal?.throwIfAborted()
  if (content.length > maxBytes) throw tooLarge(name, sizeComplaint(content.length, maxBytes))
  const format = given ?? formatByName(name) ?? 'text'
  const parsable = { name, content, format, parsing }
  if (content.length < LARGE && !IN_THREADS.includes(format)) return parse(parsable)
  return parseInThread(parsable, timeout, signal)
}
