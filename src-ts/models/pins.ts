/**
 * The pinned files of known models, checked at each use.
 *
 * Hashing 90 MB takes about a quarter of a second, so a file that was verified leaves a note in our cache: its size, its
 * times of modification and of change in nanoseconds, and its inode. While these are the same it is not read again. A
 * note is worth what the cache folder is worth: who can write there could have changed the model itself.
 */
import { createHash } from 'node:crypto'
import { readFile, readlink, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { checksumError, digestOfEtag, hashFile, sha256 } from './checksum.js'
import { writeWhole } from './durable.js'
import type { KnownModel } from './known.js'

/** What can be done about a pinned file which is whole but not the one that is pinned. */
export const ANOTHER_EDITION =
  'it is another edition than the one known here; pass a revision, such as "main", to take it all the same'

/** Deals with a file that is wrong and says what the caller can do. */
export type OnWrong = (path: string) => Promise<string>

/**
 * Checks every pinned file in a model folder.
 *
 * Errors: ERR_MODEL_CHECKSUM naming the file.
 */
export async function verifyPins(
  folder: string,
  pins: KnownModel['pins'],
  ownCache: string,
  onWrong: OnWrong,
  signal?: AbortSignal | undefined,
): Promise<void> {
  for (const [name, expected] of Object.entries(pins)) {
    const path = join(folder, name)
    const note = await noteOf(path, expected)
    const notePath = join(ownCache, 'verified', `${hashText(note.path)}.json`)
    const text = JSON.stringify(note)
    if ((await readFile(notePath, 'utf8').catch(() => '')) === text) continue
    const found = await hashFile(path, 'sha256', signal)
    if (found !== expected) {
      throw checksumError(path, sha256(expected), found, await onWrong(path))
    }
    // Where the cache cannot be written the file is hashed each time.
    await writeWhole(notePath, text).catch(() => {})
  }
}

/** For a model in a folder that is ours: the whole folder goes. */
export function discardFolder(folder: string): OnWrong {
  return async () => {
    await rm(folder, { recursive: true, force: true })
    return 'the folder was removed; fetch again'
  }
}

/**
 * For a model in the hub's cache: a blob whose content is not what its name says is corrupt for everybody and goes. One
 * that is what it says is another edition of the model and stays.
 */
export async function discardCorruptBlob(path: string): Promise<string> {
  const link = await readlink(path).catch(() => undefined)
  const blob = resolve(dirname(path), link ?? '')
  const named = link === undefined ? undefined : digestOfEtag(basename(link))
  if (named === undefined) {
    return 'delete it and fetch again, or pass its folder as the model to use it as it is'
  }
  if ((await hashFile(blob, named.algorithm)) === named.hex) {
    return ANOTHER_EDITION
  }
  await rm(blob, { force: true })
  return 'it was corrupt and was removed; fetch again'
}

async function noteOf(path: string, digest: string) {
  const real = await realpath(path)
  const { size, mtimeNs, ctimeNs, ino } = await stat(real, { bigint: true })
  return {
    path: real,
    sha256: digest,
    size: String(size),
    modified: String(mtimeNs),
    changed: String(ctimeNs),
    inode: String(ino),
  }
}

function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
