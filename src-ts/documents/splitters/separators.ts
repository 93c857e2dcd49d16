/**
 * Separators that are given, and those for Chinese.
 */
import { invalid } from '../../errors.js'
import { label, show } from '../../options.js'
import type { Separator } from './pieces.js'

/**
 * For Chinese, and for texts that mix it with others: paragraphs, lines, sentences, their parts, words, characters.
 *
 * A Chinese sentence ends at its full stop without a space, and a closing quotation mark or bracket after it still belongs to
 * it. The patterns match the place after both, so that every chunk ends with its own punctuation.
 */
export const CHINESE_SEPARATORS: readonly Separator[] = Object.freeze([
  '\n\n',
  '\n',
  after('。！？…'),
  after('；'),
  after('，、：'),
  ' ',
  '',
])

/**
 * For documents of any kind, in Chinese or in English: headings as in Markdown, paragraphs, lines, sentences, their parts,
 * words, characters.
 */
export const DOCUMENT_SEPARATORS: readonly Separator[] = Object.freeze([
  ...[1, 2, 3, 4, 5, 6].map(level => `\n${'#'.repeat(level)} `),
  '\n\n',
  '\n',
  new RegExp(`${after('。！？…').source}|(?= )(?<=[.!?]["'”’)]{0,4})`),
  ...CHINESE_SEPARATORS.slice(3),
])

/**
 * The place after a run of marks and what closes around it. Of closing marks a few are looked back over: without a limit, a
 * long run of them would be looked over once for each.
 */
function after(marks: string): RegExp {
  const closing = '”’」』）》】'
  return new RegExp(`(?![${marks}${closing}])(?<=[${marks}][${closing}]{0,4})`)
}

/** A separator as it was given. */
export function separatorOf(name: string, value: unknown): Separator {
  if (value instanceof RegExp) return value
  if (typeof value === 'string') return label(name, value)
  throw invalid(`${name} is ${show(value)}: give a string or a RegExp`)
}

/** Several separators as they were given. */
export function separatorsOf(value: unknown): readonly Separator[] {
  if (!Array.isArray(value))
    throw invalid(`separators is ${show(value)}: give an array of strings or patterns`)
  return value.map((one, at) => separatorOf(`separator ${at}`, one))
}
