// usearch: a graph (HNSW) over values of 4, 2 or 1 bytes, with the settings that its documentation gives as defaults.
//
// How wide a search is can only be set when an index is made, so each setting loads the one index that was built and saved.

import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const EXPANSIONS = [8, 16, 32, 64, 128, 256, 512]
const METRICS = { cosine: 'ip', dot: 'ip', l2: 'l2sq' }

/** @type {import('../engines.mjs').Open} */
export async function openEngine({ variant, dimension, metric, folder, load }) {
  const { Index } = load('usearch')
  const threads = availableParallelism()
  const file = join(folder, 'usearch.index')
  const make = expansion =>
    new Index({
      metric: METRICS[metric],
      dimensions: dimension,
      quantization: variant,
      connectivity: 16,
      expansion_add: 128,
      expansion_search: expansion,
    })
  let index = make(64)
  let changed = true
  return {
    settings: EXPANSIONS.map(expansion => ({ name: `expansion ${expansion}`, expansion })),
    standard: 'expansion 64',
    async add(vectors) {
      index.add(keys(0, vectors.length / dimension), vectors, threads)
    },
    use({ expansion }) {
      if (changed) index.save(file)
      changed = false
      index = make(expansion)
      index.load(file)
      return { searchSync: (vector, k) => index.search(vector, k, 1) }
    },
    rows: matches => Array.from(matches.keys, Number),
    async insert(vectors, from) {
      index.add(keys(from, vectors.length), vectors, 1)
      changed = true
    },
    async bytesOnDisk() {
      index.save(file)
    },
  }
}

/** @param {number} from @param {number} count */
function keys(from, count) {
  return BigUint64Array.from({ length: count }, (_, at) => BigInt(from + at))
}
