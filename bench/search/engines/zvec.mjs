// zvec: a graph (HNSW) over f32, over bytes refined by f32, or over RaBitQ codes refined by f32; M of 15, which the project's
// own benchmarks take, and the package's default efConstruction of 500. `optimize` builds the graph.

import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const BATCH = 1_000
const EFS = [8, 16, 32, 64, 128, 256, 512]

/** @type {import('../engines.mjs').Open} */
export async function openEngine({ variant, dimension, metric, folder, load }) {
  const z = load('@zvec/zvec')
  const threads = availableParallelism()
  z.ZVecInitialize({
    logLevel: z.ZVecLogLevel.ERROR,
    optimizeThreads: threads,
    queryThreads: threads,
  })
  const rabitq = variant === 'rabitq'
  const indexType = rabitq ? z.ZVecIndexType.HNSW_RABITQ : z.ZVecIndexType.HNSW
  const schema = new z.ZVecCollectionSchema({
    name: 'bench',
    vectors: {
      name: 'v',
      dataType: z.ZVecDataType.VECTOR_FP32,
      dimension,
      indexParams: {
        indexType,
        metricType: metric === 'l2' ? z.ZVecMetricType.L2 : z.ZVecMetricType.IP,
        m: 15,
        efConstruction: 500,
        ...(variant === 'int8' ? { quantizeType: z.ZVecQuantizeType.INT8 } : {}),
      },
    },
  })
  const collection = z.ZVecCreateAndOpen(join(folder, 'zvec'), schema)
  const insert = (count, first, vectorAt) => {
    const documents = Array.from({ length: count }, (_, at) => ({
      id: String(first + at),
      vectors: { v: vectorAt(at) },
    }))
    const failed = collection.insertSync(documents).find(({ ok }) => !ok)
    if (failed) throw new Error(`zvec: ${failed.message}`)
  }
  return {
    settings: EFS.map(ef => ({ name: `ef ${ef}`, ef })),
    standard: 'ef 64',
    async add(vectors) {
      const count = vectors.length / dimension
      for (let from = 0; from < count; from += BATCH) {
        insert(Math.min(BATCH, count - from), from, at =>
          vectors.subarray((from + at) * dimension, (from + at + 1) * dimension),
        )
      }
    },
    index: () => collection.optimize(),
    use({ ef }) {
      // Without quantisation there is nothing to refine, and asking for it is an error.
      const params = { indexType, ef, isUsingRefiner: variant !== 'fp32' }
      const ask = (vector, topk) => ({ fieldName: 'v', vector, topk, params, outputFields: [] })
      return {
        search: (vector, k) => collection.query(ask(vector, k)),
        searchSync: (vector, k) => collection.querySync(ask(vector, k)),
      }
    },
    rows: documents => documents.map(({ id }) => Number(id)),
    async insert(vectors, from) {
      insert(vectors.length, from, at => vectors[at])
    },
    async bytesOnDisk() {},
    close: () => collection.closeSync(),
  }
}
