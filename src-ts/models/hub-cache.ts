/**
 * The hub's own cache layout, so that what Python fetched is used here and the other way round:
 *
 *     models--org--name/
 *       blobs/<etag>                  the bytes, named by their content
 *       snapshots/<commit>/<file>     links to blobs; a folder that can be loaded
 *       refs/<revision>               the commit that a branch or tag was at
 *       .no_exist/<commit>/<file>     empty: known not to exist at that commit
 *
 * Invariants: everything gets its name by rename after fsync, and `refs` is written last, so a revision that is there
 * was fetched whole. Files that Python is writing (`*.incomplete`) are not touched.
 */
import { copyFile, link, mkdir, open, readFile, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { exists, moveInto, sizeOf, temporaryName, writeWhole } from './durable.js'
import { findMissingFiles, hasModules } from './model-folder.js'

/** How a snapshot's file refers to its blob. */
export type LinkKind = 'symlink' | 'hardlink' | 'copy'

/** What is known of a model at a revision. */
export type CacheState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'incomplete'; readonly folder: string; readonly missing: readonly string[] }
  | { readonly kind: 'complete'; readonly folder: string }

/** One model's part of the cache. */
export class HubCache {
  readonly folder: string
  readonly lockFile: string

  constructor(root: string, id: string) {
    const name = `models--${id.replaceAll('/', '--')}`
    this.folder = join(root, name)
    this.lockFile = join(root, '.locks', name, 'hippocamp.lock')
  }

  /** Looks a revision up without any network. */
  async find(revision: string): Promise<CacheState> {
    const commit = await this.#commitOf(revision)
    if (commit === undefined) return { kind: 'absent' }
    const folder = this.snapshot(commit)
    if (!(await exists(folder))) return { kind: 'absent' }
    const missing = await findMissingFiles(folder)
    // Programs that load a bare transformer leave modules.json out. Without it the pooling would be a guess.
    const modulesUnknown =
      !(await hasModules(folder)) &&
      !(await exists(join(this.folder, '.no_exist', commit, 'modules.json')))
    if (modulesUnknown) missing.push('modules.json')
    return missing.length === 0
      ? { kind: 'complete', folder }
      : { kind: 'incomplete', folder, missing }
  }

  blob(etag: string): string {
    return join(this.folder, 'blobs', etag)
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  /** Makes a blob appear under its name in a snapshot, in the first way that the file system allows. */
  async place(
    commit: string,
    file: string,
    etag: string,
    kinds: readonly LinkKind[],
  ): Promise<void> {
    const target = join(this.snapshot(commit), file)
    const blob = this.blob(etag)
    await mkdir(dirname(target), { recursive: true })
    const temporary = temporaryName(target)
    for (const [index, kind] of kinds.entries()) {
      try {
        if (kind === 'symlink') await symlink(relative(dirname(target), blob), temporary, 'file')
        else if (kind === 'hardlink') await link(blob, temporary)
        else await copySynced(blob, temporary)
        break
      } catch (error) {
        await rm(temporary, { force: true })
        if (index === kinds.length - 1) throw error
      }
    }
    await moveInto(temporary, target)
    // Renaming one hard link of a file over another one does nothing and leaves both names.
    await rm(temporary, { force: true })
  }

  /** Whether a snapshot has this file already, be it as a link or as a file of its own. */
  async has(commit: string, file: string, size: number | undefined): Promise<boolean> {
    const found = await sizeOf(join(this.snapshot(commit), file))
    return found !== undefined && (size === undefined || found === size)
  }

  /** Notes that the model has no modules.json at this commit. */
  async recordNoModules(commit: string): Promise<void> {
    await writeWhole(join(this.folder, '.no_exist', commit, 'modules.json'), '')
  }

  /** Makes a branch or tag name the commit. Call it last. */
  async recordRevision(revision: string, commit: string): Promise<void> {
    if (revision === commit) return
    await writeWhole(join(this.folder, 'refs', ...revision.split('/')), commit)
  }

  async #commitOf(revision: string): Promise<string | undefined> {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision
    const path = join(this.folder, 'refs', ...revision.split('/'))
    const commit = (await readFile(path, 'utf8').catch(() => '')).trim()
    return /^[0-9a-f]{40}$/.test(commit) ? commit : undefined
  }
}

async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  const file = await open(to, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
