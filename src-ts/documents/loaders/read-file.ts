/**
 * Reads a file that is no larger than it may be. Only regular files are read: a pipe would be waited for, a device never ends.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { HippocampError } from '../../errors.js'
import { reason, tooLarge } from './parsed.js'

/**
 * @throws {HippocampError} ERR_IO, ERR_LIMIT_EXCEEDED
 */
export async function readFileUpTo(
  path: string,
  maxBytes: number,
  signal?: AbortSignal | undefined,
): Promise<Buffer> {
  let file: FileHandle | undefined
  try {
    // Without waiting for whoever writes, should it be a pipe.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stat = await file.stat()
    if (!stat.isFile()) throw unreadable(path, 'it is no regular file')
    if (stat.size > maxBytes) throw tooLarge(path, sizeComplaint(stat.size, maxBytes))
    return await contentOf(file, stat.size, path, maxBytes, signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof HippocampError) throw error
    throw unreadable(path, reason(error), error)
  } finally {
    await file?.close()
  }
}

/** At most so many bytes, whatever the file's size was: it may be written to, and some files of the system say that it is 0. */
async function contentOf(
  file: FileHandle,
  size: number,
  path: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  let content = Buffer.allocUnsafeSlow(Math.min(size, maxBytes) + 1)
  let length = 0
  for (;;) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(content, length, content.length - length)
    length += bytesRead
    if (length > maxBytes) throw tooLarge(path, sizeComplaint(length, maxBytes))
    if (bytesRead === 0) return content.subarray(0, length)
    if (length < content.length) continue
    const larger = Buffer.allocUnsafeSlow(Math.min(2 * length, maxBytes) + 1)
    content.copy(larger)
    content = larger
  }
}

/** A complaint about a size. */
export function sizeComplaint(size: number, maxBytes: number): string {
  return `it has ${size.toLocaleString('en')} bytes, more than ${maxBytes.toLocaleString('en')}: leave it out, or raise maxBytes`
}

function unreadable(path: string, problem: string, cause?: unknown): HippocampError {
  return new HippocampError('ERR_IO', `cannot read ${path}: ${problem}`, { cause })
}
