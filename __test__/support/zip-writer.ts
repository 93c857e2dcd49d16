/** Writes zip archives, and wheels, which are such. */
import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly content: Buffer
  /** @default 8, deflated */
  readonly method?: number
  /** What the directory says in place of the truth. */
  readonly crc?: number
  readonly size?: number
}

export function zip(entries: readonly ZipEntry[], comment = ''): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const {
    name,
    content,
    method = 8,
    crc = crc32(content),
    size = content.length,
  } of entries) {
    const packed = method === 8 ? deflateRawSync(content) : content
    const path = Buffer.from(name)
    // A local extra field which the directory does not have.
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(path.length, 26)
    local.writeUInt16LE(4, 28)
    locals.push(local, path, Buffer.from([1, 0, 0, 0]), packed)

    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(0x0800, 8)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(crc, 16)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(size, 24)
    entry.writeUInt16LE(path.length, 28)
    entry.writeUInt32LE(offset, 42)
    directory.push(entry, path)
    // Readers other than ours take method, checksum and sizes from the local header.
    local.writeUInt16LE(0x0800, 6)
    entry.copy(local, 8, 10, 12)
    entry.copy(local, 14, 16, 28)
    offset += 30 + path.length + 4 + packed.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...locals, listed, end, Buffer.from(comment)])
}

/** A package that pip takes for one, with these files in it. */
export function wheel(name: string, version: string, entries: readonly ZipEntry[]): Buffer {
  const info = `${name}-${version}.dist-info`
  const text = (file: string, content: string) => ({
    name: `${info}/${file}`,
    content: Buffer.from(content),
  })
  return zip([
    ...entries,
    text('METADATA', `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`),
    text(
      'WHEEL',
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    ),
    text('RECORD', ''),
  ])
}
