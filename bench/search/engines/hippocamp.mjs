// Ours, through the public interface: a store in memory, records added in batches, an index that grows in the background.

import { open } from 'hippocamp'
import { addAll, indexed } from '../../collection.mjs'
import { rows } from '../../vectors.mjs'

const TARGETS = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]
/** @type {import('../engines.mjs').Open} */
export async function openEngine({ dimension, metric, folder }) {
  const store = await open(':memory:', { durability: 'memory' })
  const collection = store.collection('vectors', { dimension, metric })
  const settings = [
    ...TARGETS.map(targetRecall => ({ name: `targetRecall ${targetRecall}`, targetRecall })),
    { name: 'exact', exact: true },
  ]
  let first
  return {
    settings,
    standard: 'targetRecall 0.99',
    async add(vectors) {
      await addTo(collection, rows(vectors, dimension), 0)
      first = vectors.subarray(0, dimension)
    },
    async index() {
      await collection.searchByVector(first)
      await indexed(collection)
    },
    use({ name: _, ...how }) {
      const options = { ...how, idsOnly: true }
      return {
        search: (vector, k) => collection.searchByVector(vector, { ...options, k }),
        searchSync: (vector, k) => collection.searchByVectorSync(vector, { ...options, k }),
      }
    },
    rows: hits => hits.map(({ id }) => Number(id)),
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

/** Adds vectors under the numbers of their rows from `first` on. */
function addTo(collection, vectors, first) {
  return addAll(collection, vectors.length, at => ({ id: String(first + at), vector: vectors[at] }))
}
