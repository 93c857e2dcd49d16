/**
 * Cleans texts: what cannot be seen, or was made by a page's layout, neither helps a search nor belongs into a citation.
 *
 * The cleaned text is the one that is split, stored and cited; all offsets are offsets in it.
 */
import { boolean, optionsOf, text as string } from '../options.js'

/** What to clean. */
export interface CleanOptions {
  /**
   * Characters that can be written in several ways are written in one: Unicode's normal form C.
   * @default true
   */
  readonly normalize?: boolean | undefined
  /**
   * Control characters are removed, and byte order marks inside; form feeds become spaces.
   * @default true
   */
  readonly controls?: boolean | undefined
  /**
   * Soft hyphens, which mark where a word may be divided, are removed.
   * @default true
   */
  readonly softHyphens?: boolean | undefined
  /**
   * Spaces that follow each other become one, those at the ends of lines go, and so does all of several empty lines but one.
   * Changes the numbers of lines.
   * @default true; false when anything but PDF is loaded: lines are those of the file, or indented on purpose
   */
  readonly whitespace?: boolean | undefined
  /**
   * Words that were divided at the end of a line are put together: at a hyphen between small letters ("descal-" and "ing"), and
   * between two Chinese characters.
   * @default false
   */
  readonly hyphenation?: boolean | undefined
  /**
   * Headers and footers are removed: lines at the top or bottom of pages that most pages have, page numbers apart. Of documents
   * with three pages or more.
   * @default true
   */
  readonly repeatedLines?: boolean | undefined
}

/** Options that have been checked, all of them there. */
export type Cleaning = { readonly [K in keyof CleanOptions]-?: boolean }

const DEFAULTS: Cleaning = {
  normalize: true,
  controls: true,
  softHyphens: true,
  whitespace: true,
  hyphenation: false,
  repeatedLines: true,
}

/**
 * A text, cleaned. Line ends become "\n", and lone surrogates U+FFFD, whatever the options.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function clean(text: string, options?: CleanOptions): string {
  return cleaned(string('the text', text), cleaningOf(options))
}

/** Options of cleaning, checked, with defaults for what is left out. */
export function cleaningOf(options: CleanOptions | undefined, defaults = DEFAULTS): Cleaning {
  const given = optionsOf(options, 'clean', Object.keys(DEFAULTS) as (keyof CleanOptions)[])
  const all: { [name: string]: boolean } = { ...defaults }
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) all[name] = boolean(name, value)
  return all as Cleaning
}

/** For formats whose lines mean something. */
export const KEEP_LINES: Cleaning = { ...DEFAULTS, whitespace: false }

/** For pages. */
export const LAID_OUT: Cleaning = DEFAULTS

/** Tabs and line breaks are layout, not control. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const CONTROLS = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufeff]/g
const FORM_FEEDS = /[\v\f]/g
const SOFT_HYPHENS = /\u00ad/g
/** Spaces of every width, but no line breaks. */
const SPACES = /[^\S\n]+/g
const DIVIDED = /(\p{Ll})-\n(\p{Ll})/gu
const DIVIDED_CHINESE = /(?<=[\p{Script=Han}，、：])\n(?=\p{Script=Han})/gu

export function cleaned(text: string, cleaning: Cleaning): string {
  let result = text.toWellFormed().replaceAll(/\r\n?/g, '\n')
  if (cleaning.controls) result = result.replaceAll(CONTROLS, '').replaceAll(FORM_FEEDS, ' ')
  if (cleaning.softHyphens) result = result.replaceAll(SOFT_HYPHENS, '')
  if (cleaning.whitespace) {
    result = result.replaceAll(SPACES, ' ').replaceAll(/ ?\n ?/g, '\n')
    result = result.replaceAll(/\n{3,}/g, '\n\n').trim()
  }
  if (cleaning.hyphenation) {
    result = result.replaceAll(DIVIDED, '$1$2').replaceAll(DIVIDED_CHINESE, '')
  }
  return cleaning.normalize ? normalized(result) : result
}

/** More marks over one character than any language writes. */
const MANY_MARKS = /\p{M}{31}/u
const FEW_MARKS = /\P{M}+\p{M}{0,30}|\p{M}{1,30}/gu

/**
 * Normal form C. Putting marks in order takes a time that grows with the square of how many there are, so that of a longer
 * run only so many are put in order at a time, as Unicode's stream-safe format has it.
 */
function normalized(text: string): string {
  if (!MANY_MARKS.test(text)) return text.normalize('NFC')
  return text.replaceAll(FEW_MARKS, part => part.normalize('NFC'))
}
