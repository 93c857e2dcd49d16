/**
 * What a format's loader makes of a file, before it is cleaned and its headings are found.
 */
import { HippocampError } from '../../errors.js'
import type { Lines } from '../document.js'

export interface Parsed {
  /** The text, or that of each page. */
  readonly text: string | readonly string[]
  readonly title?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly lines?: Lines
  readonly linesBefore?: number
}

/** A file that is not what it should be. */
export function broken(source: string, problem: string, cause?: unknown): HippocampError {
  return new HippocampError('ERR_DOCUMENT_INVALID', `${source}: ${problem}`, { cause })
}

/** A file that is larger than it may be. */
export function tooLarge(source: string, problem: string): HippocampError {
  return new HippocampError('ERR_LIMIT_EXCEEDED', `${source}: ${problem}`)
}

/** What another library said, in one line. */
export function reason(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] as string
}
