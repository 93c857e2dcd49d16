/**
 * Bytes to text: by byte order mark, as UTF-8 if it is (a few bytes may be damaged), or else as GB18030 if that reads like
 * Chinese, or as Windows-1252.
 *
 * Many bytes are some GB18030, accented Latin letters too: "né" followed by a letter reads as a rare character. But these stand
 * alone, and Chinese characters follow each other, or are frequent ones, which have a range of bytes of their own (GB 2312, rows
 * of punctuation and of level 1).
 */
import { invalid } from '../../errors.js'
import { show } from '../../options.js'
import { broken } from './parsed.js'

/**
 * The text without its byte order mark.
 * @param encoding a name that TextDecoder knows; found out if undefined
 * @param declared what the file says that it is in, which may be wrong
 * @throws {HippocampError} ERR_INVALID_ARGUMENT for an unknown encoding, ERR_DOCUMENT_INVALID for bytes that aren't in it or
 * are no text
 */
export function decode(
  bytes: Uint8Array,
  source: string,
  encoding?: string,
  declared?: string,
): string {
  const name = encoding ?? markOf(bytes)
  const text =
    name === undefined
      ? ((declared && attempt(bytes, declared)) ?? detected(bytes))
      : decoded(bytes, source, name)
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    throw broken(
      source,
      `it is no text, there is a NUL character at ${nul}: leave it out, or give its format or encoding`,
    )
  }
  return text
}

/** The encoding that a byte order mark stands for. */
function markOf(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  return a === 0xfe && b === 0xff ? 'utf-16be' : undefined
}

function decoded(bytes: Uint8Array, source: string, encoding: string): string {
  try {
    return decodedAs(bytes, encoding)
  } catch (error) {
    if (error instanceof RangeError)
      throw invalid(`encoding is ${show(encoding)}: give a name such as "utf-8" or "gb18030"`)
    throw broken(source, `it is not in ${encoding}: give its encoding`, error)
  }
}

/** @throws {RangeError} for an unknown encoding; {TypeError} for bytes that are not in it */
function decodedAs(bytes: Uint8Array, encoding: string): string {
  const decoder = new TextDecoder(encoding, { fatal: true })
  return decoder.encoding === 'windows-1252' ? western(bytes) : decoder.decode(bytes)
}

function detected(bytes: Uint8Array): string {
  const utf8 = attempt(bytes, 'utf-8') ?? damagedUtf8(bytes)
  if (utf8 !== undefined) return utf8
  const chinese = readsLikeChinese(bytes) ? attempt(bytes, 'gb18030') : undefined
  return chinese ?? western(bytes)
}

/** What the bytes from 0x80 on are in Windows-1252, where it differs from Latin 1. */
const WESTERN = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

/** Windows-1252, which the TextDecoder of some versions of Node.js takes for Latin 1. */
function western(bytes: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = bytes
  return Buffer.from(buffer, byteOffset, byteLength)
    .toString('latin1')
    .replaceAll(/[\x80-\x9f]/g, unit => WESTERN[unit.charCodeAt(0) - 0x80] ?? unit)
}

function attempt(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return decodedAs(bytes, encoding)
  } catch {
    return undefined
  }
}

/**
 * UTF-8 that was cut off, or has some bytes that are not in it: these become U+FFFD. In other encodings hardly any sequence of
 * bytes is UTF-8 by chance.
 */
function damagedUtf8(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes)
  let [damaged, whole] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0xfffd) damaged++
    else if (unit > 0x7f) whole++
  }
  return damaged * WHOLE <= whole ? text : undefined
}

/** For each damaged character so many are whole. */
const WHOLE = 3

/** Whether most characters of two bytes are frequent ones, or follow another. */
function readsLikeChinese(bytes: Uint8Array): boolean {
  let [pairs, frequent, following, end] = [0, 0, 0, -1]
  for (let at = 0; at + 1 < bytes.length; at++) {
    const [lead, trail] = [bytes[at] as number, bytes[at + 1] as number]
    if (lead < 0x81) continue
    pairs++
    if (at === end) following++
    const isFrequent = (lead >= 0xb0 && lead <= 0xd7) || (lead >= 0xa1 && lead <= 0xa3)
    if (isFrequent && trail >= 0xa1) frequent++
    at++
    end = at + 1
  }
  return pairs > 0 && Math.max(frequent, following) >= MOST * pairs
}

const MOST = 0.6
