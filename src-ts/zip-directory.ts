/**
 * How a zip archive says what is in it (PKWARE APPNOTE 4.3; no encryption, no zip64). Here it is only read: which archives are
 * to be refused is decided by those who unpack them, model wheels that were verified or documents that nobody vouches for.
 */

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_HEADER = 0x04034b50
const END_LENGTH = 22
const LONGEST_COMMENT = 0xffff
const ENTRY_LENGTH = 46

/** Bytes at the end of an archive among which the end of its directory is. */
export const TAIL = END_LENGTH + LONGEST_COMMENT
/** Bytes of the header before an entry's data, without its name and extra field. */
export const HEADER = 30

/** How an entry is packed. */
export const STORED = 0
export const DEFLATED = 8

/** What the end of the directory says. */
export interface DirectoryEnd {
  /** Where it stands. */
  readonly at: number
  /** Entries of the directory. */
  readonly count: number
  /** Bytes of the directory, and where in the archive they begin. */
  readonly length: number
  readonly start: number
  /** Whether a number is too large for it and stands elsewhere. */
  readonly isZip64: boolean
}

/** What the directory says of a file. */
export interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly crc: number
  /** Bytes in the archive. */
  readonly packed: number
  /** Bytes of the file. */
  readonly size: number
  readonly headerOffset: number
}

/** The end of the directory, in the last bytes of an archive; undefined if there is none. */
export function directoryEnd(tail: Buffer): DirectoryEnd | undefined {
  let at = tail.length - END_LENGTH
  const first = Math.max(0, tail.length - TAIL)
  while (at >= first && tail.readUInt32LE(at) !== END_OF_DIRECTORY) at--
  if (at < first) return undefined
  return {
    at,
    count: tail.readUInt16LE(at + 10),
    length: tail.readUInt32LE(at + 12),
    start: tail.readUInt32LE(at + 16),
    isZip64: [4, 6, 8, 10].some(field => tail.readUInt16LE(at + field) === 0xffff),
  }
}

/** The entry at a place of a directory, and where the next one is; undefined if there is none. */
export function entryAt(
  directory: Buffer,
  at: number,
): { readonly entry: ZipEntry; readonly next: number } | undefined {
  if (at + ENTRY_LENGTH > directory.length || directory.readUInt32LE(at) !== DIRECTORY_ENTRY) {
    return undefined
  }
  const nameEnd = at + ENTRY_LENGTH + directory.readUInt16LE(at + 28)
  const entry = {
    name: directory.toString('utf8', at + ENTRY_LENGTH, nameEnd),
    method: directory.readUInt16LE(at + 10),
    crc: directory.readUInt32LE(at + 16),
    packed: directory.readUInt32LE(at + 20),
    size: directory.readUInt32LE(at + 24),
    headerOffset: directory.readUInt32LE(at + 42),
  }
  return {
    entry,
    next: nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32),
  }
}

/** Bytes of a header, its name and its extra field, which can differ in length from those of the directory; undefined for none. */
export function headerLength(header: Buffer): number | undefined {
  if (header.length < HEADER || header.readUInt32LE(0) !== LOCAL_HEADER) return undefined
  return HEADER + header.readUInt16LE(26) + header.readUInt16LE(28)
}
