// hnswlib-node: a graph (HNSW) over f32, built by one thread because the package has no other way, with the M and
// efConstruction of its documentation. It takes only arrays of numbers; queries are turned into these before the clock starts.

import { join } from 'node:path'

const EFS = [8, 16, 32, 64, 128, 256, 512]
const METRICS = { cosine: 'ip', dot: 'ip', l2: 'l2' }

/** @type {import('../engines.mjs').Open} */
export async function openEngine({ dimension, metric, count, spare, folder, load }) {
  const { HierarchicalNSW } = load('hnswlib-node')
  const index = new HierarchicalNSW(METRICS[metric], dimension)
  index.initIndex({ maxElements: count + spare, m: 16, efConstruction: 200 })
  return {
    settings: EFS.map(ef => ({ name: `ef ${ef}`, ef })),
    standard: 'ef 64',
    query: vector => Array.from(vector),
    async add(vectors) {
      for (let row = 0; row < vectors.length / dimension; row++) {
        index.addPoint(Array.from(vectors.subarray(row * dimension, (row + 1) * dimension)), row)
      }
    },
    use({ ef }) {
      index.setEf(ef)
      return { searchSync: (vector, k) => index.searchKnn(vector, k) }
    },
    rows: ({ neighbors }) => neighbors,
    async insert(vectors, from) {
      vectors.forEach((vector, at) => {
        index.addPoint(Array.from(vector), from + at)
      })
    },
    async bytesOnDisk() {
      index.writeIndexSync(join(folder, 'hnswlib.index'))
    },
  }
}
