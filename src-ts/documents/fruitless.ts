/**
 * Files of which nothing came: they have no text, or are broken. Nothing is stored of them by which the next ingest could tell
 * that they are unchanged, and a folder that is watched may have many, such as scanned pages. So the process remembers them,
 * of each backend, for as long as that is in use.
 */
import type { Backend } from '../backends/backend.js'
import { HippocampError } from '../errors.js'

/** A file of which nothing came, and why, if it is broken. */
interface Fruitless {
  /** What it depends on: the file's content, and all settings. */
  readonly state: string
  readonly error: HippocampError | undefined
}

const byBackend = new WeakMap<Backend, Map<string, Fruitless>>()

/** What is known of a backend's files, by their names. */
export function fruitlessOf(backend: Backend): Map<string, Fruitless> {
  const known = byBackend.get(backend) ?? new Map<string, Fruitless>()
  byBackend.set(backend, known)
  return known
}

/** Whether an error is one that the same content always ends with. */
export function isOfContent(error: unknown): error is HippocampError {
  return error instanceof HippocampError && error.code === 'ERR_DOCUMENT_INVALID'
}
