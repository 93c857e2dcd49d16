/**
 * Reads the zip container of a Python wheel (PKWARE APPNOTE 4.3; no encryption, no zip64, stored or deflated entries).
 *
 * Only wheels whose SHA-256 was verified get here; still, nothing outside the target folder is written, and each entry's
 * length and CRC-32 are checked, because a full disk or a failing one is not the wheel's fault.
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import {
  DEFLATED,
  directoryEnd,
  entryAt,
  HEADER,
  headerLength,
  STORED,
  TAIL,
  type ZipEntry,
} from '../zip-directory.js'
import { SourceFailure } from './source-failure.js'

/**
 * Unpacks the files below `folder` (ending in a slash) that `select` wants; names are given without the folder.
 *
 * Errors: SourceFailure that says what is wrong with the archive.
 */
export async function unpackZip(
  archive: string,
  folder: string,
  into: string,
  select: (name: string) => boolean,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const file = await open(archive, 'r')
  try {
    for (const entry of await readDirectory(file)) {
      const name = entry.name.startsWith(folder) ? entry.name.slice(folder.length) : ''
      if (name === '' || name.endsWith('/') || !select(name)) continue
      if (name.split('/').includes('..') || name.startsWith('/') || /[\\:\0]/.test(name)) {
        throw new SourceFailure(
          `the archive has an entry "${entry.name}" that leads out of its folder`,
        )
      }
      await unpackEntry(archive, entry, await dataOffset(file, entry), join(into, name), signal)
    }
  } finally {
    await file.close()
  }
}

async function readDirectory(file: FileHandle): Promise<ZipEntry[]> {
  const { size } = await file.stat()
  const end = directoryEnd(await readAt(file, Math.max(0, size - TAIL), size))
  if (!end) throw new SourceFailure('it is not a zip archive')
  const { count, length, start } = end
  if (start + length > size) throw new SourceFailure('its directory lies outside of the archive')
  const directory = await readAt(file, start, start + length)
  const entries: ZipEntry[] = []
  for (let at = 0; entries.length < count; ) {
    const found = entryAt(directory, at)
    if (!found) throw new SourceFailure('its directory is damaged')
    entries.push(found.entry)
    at = found.next
  }
  return entries
}

async function dataOffset(file: FileHandle, entry: ZipEntry): Promise<number> {
  const { headerOffset } = entry
  const length = headerLength(await readAt(file, headerOffset, headerOffset + HEADER))
  if (length === undefined) throw damaged(entry)
  return headerOffset + length
}

async function unpackEntry(
  archive: string,
  entry: ZipEntry,
  start: number,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const output = await open(target, 'wx')
  try {
    let crc = 0
    let size = 0
    const write = async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        crc = crc32(piece, crc)
        size += piece.length
        if (size <= entry.size) await output.writeFile(piece)
      }
    }
    if (entry.packed > 0) {
      const input = createReadStream(archive, { start, end: start + entry.packed - 1 })
      const options = { signal }
      if (entry.method === DEFLATED) await pipeline(input, createInflateRaw(), write, options)
      else if (entry.method === STORED) await pipeline(input, write, options)
      else throw new SourceFailure(`its entry "${entry.name}" has compression ${entry.method}`)
    }
    if (size !== entry.size || crc !== entry.crc) throw damaged(entry)
    await output.sync()
  } catch (error) {
    const isInflateError = String((error as NodeJS.ErrnoException).code).startsWith('Z_')
    throw isInflateError ? damaged(entry, error) : error
  } finally {
    await output.close()
  }
}

function damaged(entry: ZipEntry, cause?: unknown): SourceFailure {
  return new SourceFailure(`its entry "${entry.name}" is damaged`, { cause })
}

/** Bytes from `start` to `end`, or to the end of the file. */
async function readAt(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(end - start)
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
  return buffer.subarray(0, bytesRead)
}
