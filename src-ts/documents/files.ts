/**
 * Finds the files of a folder. Links to elsewhere are followed on demand only, and no folder is entered twice, so that a
 * loop of links ends.
 */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { peer } from '../peers.js'
import { formatByName } from './formats.js'

/** Which files. */
export interface GlobOptions {
  /**
   * Patterns of paths below the folder, with forward slashes, such as `**\/*.md`; needs the package picomatch. Files of unknown
   * endings are taken for text.
   * @default all files whose endings are known
   */
  readonly glob?: string | readonly string[] | undefined
  /**
   * Whether links to files and folders are followed.
   * @default false
   */
  readonly followSymlinks?: boolean | undefined
}

/** The files of a folder. */
export interface Found {
  /** Relative to the folder, with forward slashes, sorted. */
  readonly files: readonly string[]
  /** Folders that could not be read, and why. */
  readonly failed: readonly { readonly path: string; readonly error: Error }[]
}

/** Whether a path below a folder is wanted. */
export type Wanted = (path: string) => boolean

/** What the patterns want. @throws {HippocampError} ERR_PEER_MISSING without the package picomatch */
export async function wantedBy(glob: GlobOptions['glob']): Promise<Wanted> {
  if (glob === undefined) return path => formatByName(path) !== undefined
  const patterns = typeof glob === 'string' ? [glob] : [...glob]
  const load = () => import('picomatch')
  const { default: picomatch } = await peer('picomatch', 'patterns of files', load)
  return picomatch(patterns)
}

/** Whether a name, or one in a path, is of those that are passed over. */
export function isHidden(path: string): boolean {
  return path.split('/').some(name => name.startsWith('.') || name === 'node_modules')
}

/** The wanted files below a folder, without hidden ones and node_modules. */
export async function filesIn(
  folder: string,
  wanted: Wanted,
  followSymlinks: boolean,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const files: string[] = []
  const failed: { path: string; error: Error }[] = []
  const entered = new Set<string>()
  const enter = async (path: string): Promise<void> => {
    signal?.throwIfAborted()
    let entries: Dirent[]
    try {
      const real = await realpath(join(folder, path))
      if (entered.has(real)) return
      entered.add(real)
      entries = await readdir(real, { withFileTypes: true })
    } catch (error) {
      failed.push({ path, error: error as Error })
      return
    }
    // In an order that does not change: with links, the first way to a folder is the one by which it is known.
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (isHidden(entry.name)) continue
      const inner = path === '' ? entry.name : `${path}/${entry.name}`
      const kind = await kindOf(entry, join(folder, inner), followSymlinks)
      if (kind === 'folder') await enter(inner)
      else if (kind === 'file' && wanted(inner)) files.push(inner)
    }
  }
  await enter('')
  return { files: files.sort(), failed }
}

async function kindOf(
  entry: Dirent,
  path: string,
  followSymlinks: boolean,
): Promise<'file' | 'folder' | 'other'> {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'folder'
  if (!entry.isSymbolicLink() || !followSymlinks) return 'other'
  try {
    const target = await stat(path)
    return target.isFile() ? 'file' : target.isDirectory() ? 'folder' : 'other'
  } catch {
    return 'other' // it leads nowhere, or in a circle
  }
}
