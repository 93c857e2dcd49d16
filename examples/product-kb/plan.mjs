// Compares the catalogue with what is stored, and says what there is to do. No store and no encoder are needed for that.
//
// Each record carries two hashes in its metadata: `textHash` of the text that was encoded and `hash` of the whole
// product. So a new price is stored without the encoder, and a second run of the same catalogue does nothing.

import { createHash } from 'node:crypto'

/**
 * @typedef {import('./clean.mjs').Product} Product
 * @typedef {{ textHash: string, hash: string }} Hashes
 */

/**
 * What the encoder reads of a product. Chosen by the mean reciprocal rank of the right product for thirty questions,
 * English with all-MiniLM-L6-v2 and Chinese with multilingual-e5-small: 0.88 and 0.79 for description and
 * specifications; 0.92 and 0.80 with the name before them; 0.93 and 0.83 with category and name, as here. The name with
 * the category in brackets after it is worse: 0.87 and 0.80. The description alone: 0.85 in English.
 * @param {Product} product
 */
export function productText({ name, category, description, specs }) {
  return [`${category}: ${name}.`, description, specs].filter(Boolean).join(' ')
}

/**
 * @param {Product[]} products
 * @param {Map<string, Hashes>} stored
 */
export function planSync(products, stored) {
  /** @type {{ encode: Product[], relabel: Product[], remove: string[] }} */
  const plan = { encode: [], relabel: [], remove: [] }
  const counts = { added: 0, updated: 0, unchanged: 0, removed: 0 }
  for (const product of products) {
    const before = stored.get(product.id)
    const now = hashes(product)
    if (!before) counts.added += 1
    else if (before.hash === now.hash) counts.unchanged += 1
    else counts.updated += 1
    if (before?.textHash !== now.textHash) plan.encode.push(product)
    else if (before.hash !== now.hash) plan.relabel.push(product)
  }
  const current = new Set(products.map(product => product.id))
  plan.remove = [...stored.keys()].filter(id => !current.has(id))
  counts.removed = plan.remove.length
  return { ...plan, counts }
}

/** @param {Product} product @returns {Hashes} */
export function hashes(product) {
  const textHash = sha256(productText(product))
  return { textHash, hash: sha256(textHash + JSON.stringify(product)) }
}

/** @param {string} text */
function sha256(text) {
  return createHash('sha256').update(text).digest('hex')
}
