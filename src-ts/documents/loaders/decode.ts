/**
 * Bytes to text: by byte order mark, as UTF-8 if it is, or else as GB18030 if that reads like Chinese, or as Windows-1252.
 *
 * Almost any bytes are some GB18030, accented Latin letters too: "né" followed by a letter reads as a rare character. Chinese
 * texts consist of frequent ones, which have a range of bytes of their own (GB 2312, rows of punctuation and of level 1).
 */
import { invalid } from '../../errors.js'
import { show } from '../../options.js'
import { broken } from './parsed.js'

/**
 * The text without its byte order mark.
 * @param encoding a name that TextDecoder knows; found out if undefined
 * @throws {HippocampError} ERR_INVALID_ARGUMENT for an unknown encoding, ERR_DOCUMENT_INVALID for bytes that aren't in it or
 * are no text
 */
export function decode(bytes: Uint8Array, source: string, encoding?: string): string {
  const name = encoding ?? markOf(bytes)
  const text = name === undefined ? detected(bytes) : decoded(bytes, source, name)
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
  const decoder = decoderOf(encoding)
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw broken(source, `it is not in ${encoding}: give its encoding`, error)
  }
}

function decoderOf(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch {
    throw invalid(`encoding is ${show(encoding)}: give a name such as "utf-8" or "gb18030"`)
  }
}

function detected(bytes: Uint8Array): string {
  const utf8 = attempt(bytes, 'utf-8')
  if (utf8 !== undefined) return utf8
  const chinese = readsLikeChinese(bytes) ? attempt(bytes, 'gb18030') : undefined
  return chinese ?? new TextDecoder('windows-1252').decode(bytes)
}

function attempt(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Whether most characters of two bytes are frequent ones. */
function readsLikeChinese(bytes: Uint8Array): boolean {
  let pairs = 0
  let frequent = 0
  for (let at = 0; at + 1 < bytes.length; at++) {
    const [lead, trail] = [bytes[at] as number, bytes[at + 1] as number]
    if (lead < 0x81) continue
    at++
    pairs++
    const isFrequent = (lead >= 0xb0 && lead <= 0xd7) || (lead >= 0xa1 && lead <= 0xa3)
    if (isFrequent && trail >= 0xa1) frequent++
  }
  return pairs > 0 && frequent >= 0.6 * pairs
}
