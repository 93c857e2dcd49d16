// Ours, through the public interface: a store in memory, records added in batches, an index that grows in the background.

import { open } from 'hippocamp'
import { rows } from '../../vectors.mjs'

const BATCH = 5_000
const TARGETS = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]
/** Without word from the index itself it counts as grown when it is no faster than so many probes before. */
const PROBES = 4
const PROBE_SEARCHES = 50
const PROBE_LIMIT = 5_000

/** @type {import('../engines.mjs').Open} */
export async function openEngine({ dimension, metric, folder }) {
  const store = await open(':memory:', { durability: 'memory' })
  const collection = store.collection('vectors', { dimension, metric })
  const settings = [
    ...TARGETS.map(targetRecall => ({ name: `targetRecall ${targetRecall}`, targetRecall })),
    { name: 'exact', exact: true },
  ]
  let first
  let idsOnly = {}
  return {
    settings,
    standard: 'targetRecall 0.99',
    async add(vectors) {
      await addTo(collection, rows(vectors, dimension), 0)
      first = vectors.subarray(0, dimension)
    },
    async index() {
      await collection.searchByVector(first)
      idsOnly = await supportedIdsOnly(collection, first)
      await grown(collection, first)
    },
    use({ name: _, ...how }) {
      const options = { ...how, ...idsOnly }
      return {
        search: (vector, k) => collection.searchByVector(vector, { ...options, k }),
        searchSync: collection.searchByVectorSync
          ? (vector, k) => collection.searchByVectorSync(vector, { ...options, k })
          : undefined,
      }
    },
    rows: hits => Array.from(hits.ids ?? hits, hit => Number(hit.id ?? hit)),
    insert: (vectors, from) => addTo(collection, vectors, from),
    async bytesOnDisk(vectors) {
      const stored = await open(`${folder}/store.db`)
      try {
        await addTo(
          stored.collection('vectors', { dimension, metric }),
          rows(vectors, dimension),
          0,
        )
      } finally {
        await stored.close()
      }
    },
    close: () => store.close(),
  }
}

/** While a batch is written, the next one is prepared. */
async function addTo(collection, vectors, first) {
  let before
  for (let from = 0; from < vectors.length; from += BATCH) {
    const batch = vectors.slice(from, from + BATCH)
    const records = batch.map((vector, at) => ({ id: String(first + from + at), vector }))
    const added = collection.add(records)
    await before
    before = added
  }
  await before
}

/** Options that make hits ids alone, if this build knows them. */
async function supportedIdsOnly(collection, vector) {
  try {
    await collection.searchByVector(vector, { idsOnly: true, k: 1 })
    return { idsOnly: true }
  } catch (error) {
    if (error.code !== 'ERR_INVALID_ARGUMENT') throw error
    return {}
  }
}

/** Waits until the index no longer changes: as it says itself, else until searches get no faster. */
async function grown(collection, vector) {
  const growing = async () => (await collection.stats()).growing
  if (typeof (await growing()) === 'boolean') {
    while (await growing()) await pause(20)
    return
  }
  const end = performance.now() + PROBE_LIMIT
  let fastest = Number.POSITIVE_INFINITY
  for (let since = 0; since < PROBES && performance.now() < end; since++) {
    const start = performance.now()
    for (let search = 0; search < PROBE_SEARCHES; search++) await collection.searchByVector(vector)
    const time = performance.now() - start
    if (time < 0.9 * fastest) since = 0
    fastest = Math.min(fastest, time)
    await pause(50)
  }
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
