// Brings the store in line with the catalogue, and encodes only what is new or reads differently.
//
// The same vectors are kept once more in a collection with the metric l2. It is copied from the first, so nothing is
// encoded twice, and it is compared by hash as well: whatever an interrupted run left undone, the next one does.

import { hashes, planSync, productText } from './plan.mjs'

const BATCH = 16

/**
 * @typedef {import('./clean.mjs').Product} Product
 * @typedef {import('./plan.mjs').Hashes} Hashes
 */

/**
 * @param {object} options
 * @param {import('hippocamp').Store} options.store
 * @param {import('hippocamp').Encoder} options.encoder
 * @param {Product[]} options.products
 * @param {(done: number, total: number) => void} [options.onProgress] called while texts are encoded
 * @returns the two collections, what was done, and the time that encoding and storing took
 */
export async function syncCatalogue({ store, encoder, products, onProgress }) {
  const collection = store.collection('products')
  const plan = planSync(products, await storedHashes(collection))

  const start = performance.now()
  let tokens = 0
  for (let from = 0; from < plan.encode.length; from += BATCH) {
    const batch = plan.encode.slice(from, from + BATCH)
    const encoded = await encoder.encode(batch.map(productText), documentPrompt(encoder))
    const vectors = batch.map((_, at) =>
      encoded.data.subarray(at * encoded.dimension, (at + 1) * encoded.dimension),
    )
    await collection.upsert(batch.map((product, at) => record(product, vectors[at])))
    tokens += encoded.tokens
    onProgress?.(from + batch.length, plan.encode.length)
  }
  const seconds = (performance.now() - start) / 1000

  await relabel(collection, plan.relabel)
  if (plan.remove.length > 0) await collection.delete(plan.remove)
  const l2 = store.collection('products-l2', { metric: 'l2' })
  await mirror(collection, l2, products)

  return { collection, l2, ...plan.counts, encoded: plan.encode.length, tokens, seconds }
}

/**
 * @param {Product} product
 * @param {Float32Array | undefined} vector
 */
function record(product, vector) {
  const { id, ...rest } = product
  return { id, text: productText(product), metadata: { ...rest, ...hashes(product) }, vector }
}

/** Stored products whose text is the same keep their vector. */
async function relabel(
  /** @type {import('hippocamp').Collection} */ collection,
  /** @type {Product[]} */ products,
) {
  const ids = products.map(product => product.id)
  const stored = await collection.get(ids, { vector: true })
  await collection.upsert(products.map((product, at) => record(product, stored[at]?.vector)))
}

/** Copies records with their vectors from one collection to another where they differ. */
async function mirror(
  /** @type {import('hippocamp').Collection} */ from,
  /** @type {import('hippocamp').Collection} */ to,
  /** @type {Product[]} */ products,
) {
  const plan = planSync(products, await storedHashes(to))
  const differing = [...plan.encode, ...plan.relabel]
  const originals = await from.get(
    differing.map(product => product.id),
    { vector: true },
  )
  await to.upsert(differing.map((product, at) => record(product, originals[at]?.vector)))
  if (plan.remove.length > 0) await to.delete(plan.remove)
}

/** @param {import('hippocamp').Collection} collection @returns {Promise<Map<string, Hashes>>} */
async function storedHashes(collection) {
  const found = new Map()
  let cursor
  do {
    const page = await collection.list({ limit: 500, cursor })
    for (const { id, metadata } of page.records) found.set(id, metadata)
    cursor = page.cursor
  } while (cursor)
  return found
}

/** The collection would use this prompt by itself; who calls the encoder says it. */
function documentPrompt(/** @type {import('hippocamp').Encoder} */ encoder) {
  return 'document' in encoder.prompts ? { prompt: 'document' } : {}
}
