// How long searches take while vectors come in: 1,000 vectors a second in batches of 10, and 100 searches a second, for two
// seconds. A search's time runs from when it was due, not from when the event loop came to it, so that an engine which
// inserts on the event loop is charged for it.

import { setImmediate, setTimeout } from 'node:timers/promises'
import { percentile } from '../latency.mjs'
import { scaleToOne } from '../vectors.mjs'

const SECONDS = 2
const VECTORS_PER_SECOND = 1_000
const BATCH = 10
const SEARCHES_PER_SECOND = 100

/** As many vectors are inserted at most. */
export const SPARE = SECONDS * VECTORS_PER_SECOND

/**
 * @param {object} options
 * @param {import('./engines.mjs').Engine} options.engine
 * @param {import('./engines.mjs').Searcher} options.searcher
 * @param {Float32Array} options.vectors stored already, row after row
 * @param {unknown[]} options.asked
 * @param {number} options.dimension @param {string} options.metric @param {number} options.k
 * @returns {Promise<{ inserted: number, insertP50: number, insertP99: number }>} vectors a second, and milliseconds
 */
export async function searchWhileInserting({ engine, searcher, asked, k, ...data }) {
  const fresh = freshVectors(data)
  const first = data.vectors.length / data.dimension
  const search = searcher.search ?? searcher.searchSync
  const start = performance.now()
  const end = start + SECONDS * 1_000
  let inserted = 0
  let insertedFor = 0
  const insert = async () => {
    while (inserted < fresh.length && performance.now() < end) {
      await until(start + (inserted / VECTORS_PER_SECOND) * 1_000)
      await engine.insert(fresh.slice(inserted, inserted + BATCH), first + inserted)
      inserted += BATCH
    }
    insertedFor = (performance.now() - start) / 1_000
  }
  const times = []
  const searchOn = async () => {
    for (let at = 0; performance.now() < end; at++) {
      const due = start + (at / SEARCHES_PER_SECOND) * 1_000
      await until(due)
      await search(asked[at % asked.length], k)
      times.push(performance.now() - due)
    }
  }
  await Promise.all([insert(), searchOn()])
  const sorted = Float64Array.from(times).sort()
  return {
    inserted: inserted / Math.max(insertedFor, SECONDS),
    insertP50: percentile(sorted, 0.5),
    insertP99: percentile(sorted, 0.99),
  }
}

/** Vectors between stored ones: where data is, but equal to none. */
function freshVectors({ vectors, dimension, metric }) {
  const count = vectors.length / dimension
  const values = new Float32Array(SPARE * dimension)
  for (let row = 0; row < SPARE; row++) {
    const near = (row % count) * dimension
    const other = ((row * 7 + 1) % count) * dimension
    for (let at = 0; at < dimension; at++) {
      values[row * dimension + at] = (2 * vectors[near + at] + vectors[other + at]) / 3
    }
  }
  if (metric === 'cosine') scaleToOne(values, dimension)
  return Array.from({ length: SPARE }, (_, row) =>
    values.subarray(row * dimension, (row + 1) * dimension),
  )
}

/** Timers are late by up to a millisecond or two; what is left is waited for turn by turn of the event loop. */
async function until(/** @type {number} */ time) {
  const left = time - performance.now()
  if (left > 3) await setTimeout(left - 2)
  while (performance.now() < time) await setImmediate()
}
