/**
 * The packed streams of a PDF, measured before anybody unpacks them: a small one can unpack to gigabytes, and the library
 * unpacks a stream as a whole.
 *
 * Only what is packed once and not encrypted can be measured without reading the PDF; the rest is limited by time.
 */
import { createInflate } from 'node:zlib'
import { tooLarge } from './parsed.js'

const MARK = Buffer.from('stream')
const [LF, CR] = [0x0a, 0x0d]
/** Bytes that a stream may unpack to: more than the largest scanned page. */
const MOST = 256 * 2 ** 20

/** @throws {HippocampError} ERR_LIMIT_EXCEEDED */
export async function measureStreams(bytes: Buffer, source: string): Promise<void> {
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) {
    const packed = bytes.subarray(lineAfter(bytes, at + MARK.length))
    if (isDeflated(packed) && (await unpacksToMore(packed)))
      throw tooLarge(source, `a part of it unpacks to more than ${MOST >> 20} MiB: leave it out`)
  }
}

/** The beginning of the next line. */
function lineAfter(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at++
  return at + (bytes[at] === CR && bytes[at + 1] === LF ? 2 : 1)
}

/** Whether it begins as data in the zlib format do (RFC 1950). */
function isDeflated(bytes: Buffer): boolean {
  const [method = 0, flags = 0] = bytes
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0
}

async function unpacksToMore(packed: Buffer): Promise<boolean> {
  const stream = createInflate()
  stream.end(packed)
  let size = 0
  try {
    for await (const { length } of stream as AsyncIterable<Buffer>) {
      size += length
      if (size > MOST) return true
    }
  } catch {
    // Damaged, or no packed stream: as far as it goes.
  }
  return false
}
