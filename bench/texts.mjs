// Real texts for the benches, from the catalogue of the example: names are short texts, and descriptions one after
// the other make documents of about 600 characters.

import { readFileSync } from 'node:fs'
import { cleanProducts } from '../examples/product-kb/clean.mjs'
import { readCsv } from '../examples/product-kb/csv.mjs'

const DOCUMENT = 600

/** @param {number} count @returns {string[]} all different, 10 to 60 characters */
export function shortTexts(count) {
  const pieces = products().map(({ name, category }) => `${name}, ${category}`)
  return numbered(pieces, count)
}

/** @param {number} count @returns {string[]} all different, about 600 characters */
export function documents(count) {
  const pieces = []
  let document = ''
  for (const { description, specs } of products()) {
    document += ` ${description} ${specs}.`
    if (document.length < DOCUMENT) continue
    pieces.push(document.slice(1, DOCUMENT + 1))
    document = ''
  }
  return numbered(pieces, count)
}

function products() {
  const file = new URL('../examples/product-kb/products.en.csv', import.meta.url)
  return cleanProducts(readCsv(readFileSync(file, 'utf8'))).products
}

/** From the second round on, a number goes first: no text is asked for twice, so no cache can answer. */
function numbered(/** @type {string[]} */ pieces, /** @type {number} */ count) {
  return Array.from({ length: count }, (_, at) => {
    const round = Math.floor(at / pieces.length)
    const piece = pieces[at % pieces.length]
    return round === 0 ? piece : `${round} ${piece}`
  })
}
