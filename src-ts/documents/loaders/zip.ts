/**
 * The parts of a zip archive in memory (PKWARE APPNOTE 4.3; no encryption, no zip64), measured before anybody unpacks them:
 * the sizes that an archive states can be lies, and so can the names: any part can be said to be the document.
 *
 * Others read archives more leniently: more parts than are counted, a directory elsewhere. What could be read in two ways is
 * refused, so that what was measured is what is unpacked.
 */
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { broken, tooLarge } from './parsed.js'

export interface Part {
  readonly name: string
  readonly method: number
  /** Bytes in the archive. */
  readonly packed: number
  readonly headerOffset: number
}

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_HEADER = 0x04034b50
const STORED = 0
const DEFLATED = 8
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
): Promise<Part[]> {
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
  parts: readonly Part[],
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
  part: Part,
  source: string,
  left: number,
  maxBytes: number,
): Promise<Buffer> {
  const { headerOffset: at } = part
  if (at + 30 > bytes.length || bytes.readUInt32LE(at) !== LOCAL_HEADER) throw damaged(source)
  const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28)
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

function directory(bytes: Buffer, source: string): Part[] {
  let end = bytes.length - 22
  const first = Math.max(0, end - 0xffff)
  while (end >= first && bytes.readUInt32LE(end) !== END_OF_DIRECTORY) end--
  if (end < first) throw broken(source, 'it is no DOCX: it is not a zip archive')
  const offset = bytes.readUInt32LE(end + 16)
  const isZip64 = [4, 6, 8, 10].some(field => bytes.readUInt16LE(end + field) === 0xffff)
  if (isZip64 || offset + bytes.readUInt32LE(end + 12) !== end) throw damaged(source)
  const parts: Part[] = []
  for (let at = offset; at < end; ) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) throw damaged(source)
    if (parts.length === MAX_PARTS) {
      const most = MAX_PARTS.toLocaleString('en')
      throw tooLarge(source, `it has more than ${most} parts: leave it out`)
    }
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28)
    parts.push({
      name: bytes.toString('utf8', at + 46, nameEnd),
      method: bytes.readUInt16LE(at + 10),
      packed: bytes.readUInt32LE(at + 20),
      headerOffset: bytes.readUInt32LE(at + 42),
    })
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  return parts
}

function damaged(source: string, cause?: unknown) {
  return broken(source, 'it is no DOCX, or damaged: its archive cannot be read', cause)
}
