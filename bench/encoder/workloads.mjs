// The texts that are encoded. No text is handed out twice, so no cache can answer, and all engines of a round are given the
// same.

import { documents, shortTexts } from '../texts.mjs'

/** As long as the questions are that are asked one at a time, special tokens included. */
export const QUERY_TOKENS = 10

/** The shortest and the longest of the mixed texts, in characters. */
const SHORTEST = 20
const LONGEST = 600

export class Texts {
  #taken = { short: 0, documents: 0 }

  /** @param {number} count @returns {string[]} names of products, about 11 tokens each */
  short(count) {
    return this.#next('short', shortTexts, count)
  }

  /** @param {number} count @returns {string[]} of 600 characters */
  documents(count) {
    return this.#next('documents', documents, count)
  }

  /** @param {number} count @returns {string[]} of 20 to 600 characters, as many from 20 to 40 as from 300 to 600 */
  mixed(count) {
    return this.documents(count).map((text, at) => {
      const share = (at * 0.618034) % 1
      const length = SHORTEST * (LONGEST / SHORTEST) ** share
      return text.slice(0, Math.max(SHORTEST, text.lastIndexOf(' ', length)))
    })
  }

  /** @param {'short' | 'documents'} kind @param {(count: number) => string[]} make @param {number} count */
  #next(kind, make, count) {
    const from = this.#taken[kind]
    this.#taken[kind] += count
    return make(from + count).slice(from)
  }
}

/**
 * Those of about the right length.
 * @param {string[]} texts
 * @param {number[]} tokens of each, special tokens included
 * @param {number} count
 */
export function nearestInLength(texts, tokens, count) {
  return texts
    .map((text, at) => ({ text, off: Math.abs(tokens[at] - QUERY_TOKENS) }))
    .sort((a, b) => a.off - b.off)
    .slice(0, count)
    .map(({ text }) => text)
}
