// LanceDB: a table on disk with one of its vector indexes; all calls are asynchronous. Partitions and graphs are as its
// documentation recommends. Each setting is tried without and with refining, which reads vectors from the table.

const BATCH = 5_000
const METRICS = { cosine: 'cosine', dot: 'dot', l2: 'l2' }
const EFS = [16, 32, 64, 128, 256]
const PROBES = [4, 8, 16, 32, 64]

/** @type {import('../engines.mjs').Open} */
export async function openEngine({ variant, dimension, metric, folder, load }) {
  process.env.LANCEDB_LOG ??= 'error'
  const lancedb = load('@lancedb/lancedb')
  const distanceType = METRICS[metric]
  const kinds = {
    hnsw_sq: {
      config: () => lancedb.Index.hnswSq({ distanceType, numPartitions: 1 }),
      settings: refined('ef', EFS, [1, 2]),
    },
    ivf_rq: {
      config: () => lancedb.Index.ivfRq({ distanceType }),
      settings: refined('nprobes', PROBES, [1, 4]),
    },
    ivf_pq: {
      config: () => lancedb.Index.ivfPq({ distanceType }),
      settings: refined('nprobes', PROBES, [1, 10]),
    },
  }
  const { config, settings } = kinds[variant]
  const connection = await lancedb.connect(folder)
  let table
  const insert = async documents => {
    if (table) await table.add(documents)
    else table = await connection.createTable('vectors', documents)
  }
  return {
    settings,
    standard: settings[Math.floor(settings.length / 4) * 2].name,
    async add(vectors) {
      const count = vectors.length / dimension
      for (let from = 0; from < count; from += BATCH) {
        await insert(
          Array.from({ length: Math.min(BATCH, count - from) }, (_, at) => ({
            id: from + at,
            vector: vectors.subarray((from + at) * dimension, (from + at + 1) * dimension),
          })),
        )
      }
    },
    async index() {
      await table.createIndex('vector', { config: config() })
      await table.waitForIndex(['vector_idx'], 3_600)
    },
    use({ ef, nprobes, refine }) {
      const search = (vector, k) => {
        const query = table.query().nearestTo(vector).distanceType(distanceType)
        // The graph refuses to find fewer than will be refined.
        if (ef) query.ef(Math.max(ef, k * refine))
        else query.nprobes(nprobes)
        if (refine > 1) query.refineFactor(refine)
        // The distance is named because leaving it out makes every search write a warning.
        return query.select(['id', '_distance']).limit(k).toArray()
      }
      return { search }
    },
    rows: documents => documents.map(({ id }) => Number(id)),
    insert: (vectors, from) => insert(vectors.map((vector, at) => ({ id: from + at, vector }))),
    async bytesOnDisk() {},
    close: () => connection.close(),
  }
}

/** @param {string} parameter @param {number[]} values @param {number[]} factors */
function refined(parameter, values, factors) {
  return values.flatMap(value =>
    factors.map(refine => ({
      name: `${parameter} ${value}${refine > 1 ? ` refine ${refine}` : ''}`,
      [parameter]: value,
      refine,
    })),
  )
}
