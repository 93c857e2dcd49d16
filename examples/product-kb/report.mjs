// Measures what a user waits for, and shows it as the last table.

import { columns } from './columns.mjs'

const RUNS = 50

/**
 * @param {object} options
 * @param {import('hippocamp').Store} options.store
 * @param {import('hippocamp').Encoder} options.encoder
 * @param {import('hippocamp').Collection} options.collection
 * @param {import('./clean.mjs').Product[]} options.products
 * @param {{ encoded: number, tokens: number, seconds: number }} options.sync
 */
export async function report({ store, encoder, collection, products, sync }) {
  const queries = products.slice(0, RUNS).map(product => product.name)
  const prompt = 'query' in encoder.prompts ? { prompt: 'query' } : {}
  const encode = await latencies(queries, query => encoder.encode(query, prompt))
  const text = await latencies(queries, query => collection.search(query, { k: 5 }))
  const vectors = await encoder.encode(queries, prompt)
  const vector = await latencies(queries, (_, at) =>
    collection.searchByVector(
      vectors.data.subarray(at * vectors.dimension, (at + 1) * vectors.dimension),
      { k: 5 },
    ),
  )
  const { bytes } = await store.stats()
  const rate = (/** @type {number} */ count) =>
    sync.encoded > 0
      ? `${Math.round(count / sync.seconds).toLocaleString('en')} a second`
      : 'nothing to encode'

  console.log(
    columns([
      ['records encoded and stored', rate(sync.encoded)],
      ['tokens encoded', rate(sync.tokens)],
      ['encode one question', spread(encode)],
      ['search by text', spread(text)],
      ['search by vector', spread(vector)],
      ['store on disk', `${(bytes / 2 ** 20).toFixed(1)} MiB`],
    ]),
  )
}

/**
 * One call after the other, each timed in milliseconds; the first, which warms up, does not count.
 * @template T
 * @param {T[]} inputs
 * @param {(input: T, at: number) => Promise<unknown>} call
 */
async function latencies(inputs, call) {
  const times = []
  for (const [at, input] of inputs.entries()) {
    const start = performance.now()
    await call(input, at)
    times.push(performance.now() - start)
  }
  return times.slice(1).sort((a, b) => a - b)
}

/** @param {number[]} sorted */
function spread(sorted) {
  const at = (/** @type {number} */ share) =>
    (sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0).toFixed(2)
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`
}
