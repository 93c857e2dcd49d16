// How fast the nearest vectors are found, from JavaScript, for one caller and for eight at once.

import { open } from 'hippocamp'
import { timeCalls } from './latency.mjs'
import { readVectors, syntheticVectors } from './vectors.mjs'

const BATCH = 5_000

export const options = {
  vectors: { type: 'string', value: 'FILE', help: 'stored vectors, raw little-endian f32' },
  queries: { type: 'string', value: 'FILE', help: 'vectors to search with, in the same form' },
  dim: { type: 'number', value: 'D', help: 'values in a vector', default: 384 },
  n: { type: 'number', value: 'N', help: 'vectors to store (default all, or 10000 made-up ones)' },
  k: { type: 'number', value: 'K', help: 'hits asked for', default: 10 },
  metric: {
    type: 'string',
    value: 'METRIC',
    help: 'cosine, l2 or dot',
    default: 'cosine',
    choices: ['cosine', 'l2', 'dot'],
  },
  searches: { type: 'number', value: 'N', help: 'searches for each row', default: 500 },
}

export function check({ vectors, queries }) {
  return (vectors === undefined) !== (queries === undefined)
    ? '--vectors and --queries belong together'
    : undefined
}

export async function run({ vectors: file, queries: queryFile, dim, n, k, metric, searches }) {
  const stored = file ? readVectors(file, dim, n) : syntheticVectors(n ?? 10_000, dim, 1)
  const pool = queryFile
    ? readVectors(queryFile, dim)
    : syntheticVectors(Math.min(searches, 1_000), dim, 2)
  const queries = Array.from({ length: searches }, (_, at) => pool[at % pool.length])

  const store = await open(':memory:', { durability: 'memory' })
  try {
    const collection = store.collection('vectors', { dimension: dim, metric })
    for (let from = 0; from < stored.length; from += BATCH) {
      await collection.add(
        stored.slice(from, from + BATCH).map((vector, at) => ({ id: String(from + at), vector })),
      )
    }
    const search = vector => collection.searchByVector(vector, { k })
    const start = performance.now()
    await search(queries[0])
    const first = performance.now() - start

    const rows = []
    for (const callers of [1, 8]) {
      const { perSecond, p50, p99 } = await timeCalls(queries, callers, search)
      rows.push({ callers, perSecond, p50, p99, rss: process.memoryUsage.rss() / 2 ** 20 })
    }
    const count = stored.length.toLocaleString('en')
    return [
      {
        key: 'search',
        title: `${count} vectors of ${dim}, ${metric}, k = ${k}; exact; first search ${first.toFixed(1)} ms`,
        columns: {
          callers: 'callers',
          perSecond: 'searches/s',
          p50: { title: 'p50 ms', digits: 3 },
          p99: { title: 'p99 ms', digits: 3 },
          rss: 'RSS MiB',
        },
        rows,
      },
    ]
  } finally {
    await store.close()
  }
}
