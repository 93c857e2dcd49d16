// Turns the rows of an export into products worth storing, and says what it had to repair.
//
// Two rules need a decision rather than a rule of spelling. A row equal to an earlier one is dropped. A row with
// the id of an earlier one but other content replaces it: exports are appended to, so the later row is the newer.

import { cleanText } from './text.mjs'

const COLUMNS = ['id', 'name', 'category', 'brand', 'price', 'description', 'specs']

/**
 * @typedef {{ id: string, name: string, category: string, brand: string, price: number | null,
 *   description: string, specs: string }} Product
 */

/**
 * @param {{ header: string[], rows: { line: number, fields: Record<string, string> }[] }} csv
 * @returns {{ products: Product[], rows: number, repairs: [what: string, count: number][] }}
 */
export function cleanProducts({ header, rows }) {
  const missing = COLUMNS.filter(column => !header.includes(column))
  if (missing.length > 0) {
    throw new Error(
      `the columns ${missing.join(', ')} are missing: the first line must be ${COLUMNS.join(',')}`,
    )
  }
  const repairs = repairCounter()
  /** @type {Map<string, Product>} */
  const products = new Map()
  for (const { fields } of rows) {
    const product = cleanProduct(fields, repairs.count)
    if (product.id === '' || product.name === '') {
      repairs.count('row without an id or a name, left out')
      continue
    }
    const earlier = products.get(product.id)
    if (earlier && JSON.stringify(earlier) === JSON.stringify(product)) {
      repairs.count('exact duplicate, dropped')
      continue
    }
    if (earlier) repairs.count('older row of the same id, replaced')
    products.set(product.id, product)
  }
  const kept = [...products.values()]
  repairs.count(
    'product without a description, kept',
    kept.filter(p => p.description === '').length,
  )
  repairs.count('product without a price, kept', kept.filter(p => p.price === null).length)
  return { products: kept, rows: rows.length, repairs: repairs.list() }
}

/**
 * @param {Record<string, string>} fields
 * @param {(what: string) => void} count
 * @returns {Product}
 */
function cleanProduct(fields, count) {
  const text = (/** @type {string} */ column, /** @type {string} */ lineBreak) =>
    cleanText(fields[column] ?? '', lineBreak, count)
  return {
    id: text('id', ''),
    name: text('name', ' '),
    category: lowerCase(text('category', ' '), count),
    brand: text('brand', ' '),
    price: readPrice(text('price', ''), count),
    description: text('description', ' '),
    specs: text('specs', '; '),
  }
}

/** So that a filter on "headphones" also finds what somebody filed under "Headphones". */
function lowerCase(/** @type {string} */ category, /** @type {(what: string) => void} */ count) {
  const lower = category.toLowerCase()
  if (lower !== category) count('category in capitals')
  return lower
}

/**
 * "1,249.00", "$2,199.00", "3899 USD", "￥8,699.00" and "14,999元" are prices; "" and "on request" are none.
 * @param {string} text
 * @param {(what: string) => void} count
 * @returns {number | null}
 */
function readPrice(text, count) {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  const amount = /^[$€£¥￥]?\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s*(?:元|[A-Z]{3})?$/.exec(text)
  if (!amount?.[1]) {
    if (text !== '') count('price that is no number, left empty')
    return null
  }
  count('price with currency or thousands signs')
  return Number(amount[1].replaceAll(',', '') + (amount[2] ?? ''))
}

function repairCounter() {
  /** @type {Map<string, number>} */
  const counts = new Map()
  return {
    count(/** @type {string} */ what, /** @type {number} */ by = 1) {
      if (by > 0) counts.set(what, (counts.get(what) ?? 0) + by)
    },
    list: () => [...counts],
  }
}
