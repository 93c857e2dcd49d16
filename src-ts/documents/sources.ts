/**
 * What is to be ingested: every file, with the names under which it is stored.
 */
import { stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { invalid } from '../errors.js'
import { filePath, isObject, label, show } from '../options.js'
import { filesIn, isHidden, type Wanted, wantedBy } from './files.js'
import type { Ingesting } from './ingest-options.js'
import { type DocumentSource, sourceOf } from './load.js'
import { readFileUpTo } from './loaders/read-file.js'
import type { StoredName } from './stored-chunk.js'

/** What can be ingested: a file, a folder, a document in memory, or several files and documents. */
export type IngestSource =
  | string
  | URL
  | DocumentSource
  | readonly (string | URL | DocumentSource)[]

/** Something to be ingested. */
export interface Entry extends StoredName {
  /** Its path, or its name. */
  readonly path: string
  read(): Promise<string | Uint8Array>
}

/** Everything to be ingested. */
export interface Sources {
  readonly entries: readonly Entry[]
  /** The roots of what is stored that they concern. */
  readonly roots: ReadonlySet<string>
  /** What could not be looked into. */
  readonly failed: readonly { readonly path: string; readonly error: Error }[]
  /** Whether a source that is stored, but not among the entries, is gone. */
  isGone(name: StoredName): boolean
}

/** @throws {HippocampError} ERR_INVALID_ARGUMENT */
export async function sourcesOf(source: IngestSource, ingesting: Ingesting): Promise<Sources> {
  const wanted = await wantedBy(ingesting.glob)
  let isAbsent = false
  if (!Array.isArray(source) && !isMemory(source)) {
    const path = filePath('the source', source, 'a file or a folder')
    const kind = await kindOf(path)
    if (kind === 'folder') return folder(path, wanted, ingesting)
    isAbsent = kind === 'absent'
  }
  const all = (Array.isArray(source) ? source : [source]) as readonly (string | DocumentSource)[]
  const entries = all.map(one => (isMemory(one) ? memory(one, ingesting) : file(one, ingesting)))
  // What is absent may have been a folder: that it is gone says nothing of others under its root.
  const isGone = () => !isAbsent && (ingesting.prune ?? false)
  const roots = new Set(entries.map(({ root }) => root))
  return { entries: once(entries), roots, failed: [], isGone }
}

async function folder(path: string, wanted: Wanted, ingesting: Ingesting): Promise<Sources> {
  const base = resolve(path)
  const top = ingesting.root === undefined ? base : resolve(ingesting.root)
  const root = ingesting.name ?? slashed(top)
  const below = within(top, base)
  const sourceAt = (inner: string) => [below, inner].filter(part => part !== '').join('/')
  const { loading, followSymlinks } = ingesting
  const found = await filesIn(base, wanted, followSymlinks, loading.signal)
  return {
    entries: found.files.map(inner => ({
      root,
      source: sourceAt(inner),
      path: resolve(base, inner),
      read: () => readFileUpTo(resolve(base, inner), loading.maxBytes, loading.signal),
    })),
    roots: new Set([root]),
    failed: found.failed.map(({ path, error }) => ({ path: resolve(base, path), error })),
    isGone: ({ source }) => {
      if (ingesting.prune === false) return false
      // Only what would have been found here: below this folder, wanted, and in no folder that could not be read.
      if (below !== '' && !source.startsWith(`${below}/`)) return false
      const inner = below === '' ? source : source.slice(below.length + 1)
      if (isHidden(inner) || !wanted(inner)) return false
      return !found.failed.some(({ path }) => path === '' || inner.startsWith(`${path}/`))
    },
  }
}

function file(given: string | URL, { root, name, loading }: Ingesting): Entry {
  const path = resolve(filePath('a source', given))
  const top = root === undefined ? dirname(path) : resolve(root)
  return {
    root: name ?? slashed(top),
    source: within(top, path) || basename(path),
    path,
    read: () => readFileUpTo(path, loading.maxBytes, loading.signal),
  }
}

function memory(given: DocumentSource, { name: root = '' }: Ingesting): Entry {
  const { name, content } = sourceOf(given)
  label('the name of a source', name)
  return { root, source: name, path: name, read: async () => content }
}

/** Each only once: two at a time would be in each other's way. */
function once(entries: readonly Entry[]): Entry[] {
  const byName = new Map(entries.map(entry => [JSON.stringify([entry.root, entry.source]), entry]))
  return [...byName.values()]
}

/** The path inside a folder. */
function within(folder: string, path: string): string {
  const inner = relative(folder, path)
  if (inner === '..' || inner.startsWith(`..${sep}`) || isAbsolute(inner))
    throw invalid(`${path} is not in ${folder}, the root: give a root that contains every source`)
  return slashed(inner)
}

function slashed(path: string): string {
  return sep === '/' ? path : path.split(sep).join('/')
}

async function kindOf(path: string): Promise<'folder' | 'file' | 'absent'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch {
    return 'absent' // reading it will say why
  }
}

function isMemory(source: unknown): source is DocumentSource {
  if (typeof source === 'string' || source instanceof URL) return false
  if (isObject(source)) return true
  throw invalid(
    `a source is ${show(source)}: give a path, or a document in memory with name and content`,
  )
}
