/**
 * The parts of a zip archive in memory, measured before anybody unpacks them: the sizes that an archive states can be lies,
 * and so can the names: any part can be said to be the document.
 *
 * Others read archives more leniently: more parts than are counted, a directory elsewhere. What could be read in two ways is
 * refused, so that what was measured is what is unpacked.
 */
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import {
  DEFLATED,
  directoryEnd,
  entryAt,
  headerLength,
  STORED,
  type ZipEntry,
} from '../../zip-directory.js'
import { broken, tooLarge } from './parsed.js'

const MAX_PARTS = 10_000

const inflate = promisify(inflateRaw)

/**
 * The parts of an archive, all of which together unpack to no more than so many bytes.
 * @throws {HippocampError} ERR_DOCUMENT_INVALID, ERR_LIMIT_EXCEEDED
 */
export async function unpackedWithin(
  bytes: Buffer,
  source: string,
  maxBytes: number,
): Promise<ZipEntry[]> {
  const parts = directory(bytes, source)
  let left = maxBytes
  for (const part of parts) {
    left -= (await unpack(bytes, part, source, left, maxBytes)).length
  }
  return parts
}

/** The text of a part, if there is one of this name. */
export async function readPart(
  bytes: Buffer,
  parts: readonly ZipEntry[],
  name: string,
  source: string,
): Promise<string | undefined> {
  const part = parts.find(part => part.name === name)
  return part && (await unpack(bytes, part, source, MAX_SMALL, MAX_SMALL)).toString('utf8')
}

/** Bytes of a part that is read as a whole. */
const MAX_SMALL = 1 << 20

async function unpack(
  bytes: Buffer,
  part: ZipEntry,
  source: string,
  left: number,
  maxBytes: number,
): Promise<Buffer> {
  const header = headerLength(bytes.subarray(part.headerOffset))
  if (header === undefined) throw damaged(source)
  const start = part.headerOffset + header
  const packed = bytes.subarray(start, start + part.packed)
  if (part.method === STORED && packed.length <= left) return packed
  if (part.method !== STORED && part.method !== DEFLATED) throw damaged(source)
  try {
    if (part.method === STORED) throw Object.assign(new Error(), { code: TOO_LARGE })
    return (await inflate(packed, { maxOutputLength: Math.max(left, 1) })) as Buffer
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== TOO_LARGE) throw damaged(source, error)
    const limit = maxBytes.toLocaleString('en')
    throw tooLarge(
      source,
      `it unpacks to more than ${limit} bytes: leave it out, or raise maxUnpackedBytes`,
    )
  }
}

const TOO_LARGE = 'ERR_BUFFER_TOO_LARGE'

function directory(bytes: Buffer, source: string): ZipEntry[] {
  const end = directoryEnd(bytes)
  if (!end) throw broken(source, 'it is no DOCX: it is not a zip archive')
  if (end.isZip64 || end.start + end.length !== end.at) throw damaged(source)
  const parts: ZipEntry[] = []
  const entries = bytes.subarray(0, end.at)
  for (let at = end.start; at < end.at; ) {
    const found = entryAt(entries, at)
    if (!found) throw damaged(source)
    if (parts.length === MAX_PARTS) {
      const most = MAX_PARTS.toLocaleString('en')
      throw tooLarge(source, `it has more than ${most} parts: leave it out`)
    }
    parts.push(found.entry)
    at = found.next
  }
  return parts
}

function damaged(source: string, cause?: unknown) {
  return broken(source, 'it is no DOCX, or damaged: its archive cannot be read', cause)
}
