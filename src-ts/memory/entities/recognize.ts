/**
 * Named things in a text, by rules and short word lists, in English and Chinese: no model, no network, and a time that is
 * linear in the text. docs/memory.md has what it finds and what it misses.
 */
import { text } from '../../options.js'
import { findChinese } from './chinese.js'
import { type Entity, Findings } from './entity.js'
import { findLatin } from './latin.js'
import { findDates, findHandles, findNumbers, findQuoted } from './patterns.js'

/**
 * The named things in a text, in their order, none inside another.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function recognizeEntities(source: string): Entity[] {
  const findings = new Findings(text('the text', source))
  for (const find of [findQuoted, findHandles, findDates, findNumbers, findChinese, findLatin]) {
    find(findings)
  }
  return findings.inOrder()
}
