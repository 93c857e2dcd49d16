/**
 * Checksums of files, always computed from what is on the disk, never from what went through memory.
 *
 * The hub names a file's content by SHA-256 when it is large (LFS) and by git's blob id, a SHA-1 over a header and the
 * content, when it is small. Both stand in the ETag and are the file's name in the cache.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { HippocampError } from '../errors.js'

export interface Digest {
  readonly algorithm: 'sha256' | 'git-sha1'
  /** Hexadecimal, lower case. */
  readonly hex: string
}

export function sha256(hex: string): Digest {
  return { algorithm: 'sha256', hex }
}

/** The digest that an ETag is, or undefined when a server names its content in another way. */
export function digestOfEtag(etag: string): Digest | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return { algorithm: 'sha256', hex: etag }
  if (/^[0-9a-f]{40}$/.test(etag)) return { algorithm: 'git-sha1', hex: etag }
  return undefined
}

/** The digest of a file, hexadecimal. */
export async function hashFile(
  path: string,
  algorithm: Digest['algorithm'],
  signal?: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash(algorithm === 'sha256' ? 'sha256' : 'sha1')
  if (algorithm === 'git-sha1') hash.update(`blob ${(await stat(path)).size}\0`)
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}

/** The error for a file whose content is not what it must be. */
export function checksumError(
  file: string,
  expected: Digest,
  found: string,
  remedy: string,
): HippocampError {
  const name = expected.algorithm === 'sha256' ? 'SHA-256' : 'git blob id'
  return new HippocampError(
    'ERR_MODEL_CHECKSUM',
    `${file} has ${name} ${found}, expected is ${expected.hex}: ${remedy}`,
  )
}
