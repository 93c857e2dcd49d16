// What a filter costs and finds: few and many records pass it, at random, or because they lie near the query or far from it.

import { open } from 'hippocamp'
import { addAll, indexed } from './collection.mjs'
import { percentile } from './latency.mjs'
import { checkData, DATA_OPTIONS, loadData } from './search/data.mjs'
import { rows } from './vectors.mjs'

const SHARES = [0.5, 0.1, 0.01, 0.001]
const KINDS = ['random', 'near', 'far']
/** Queries of which each has masks of its own, of the records near to it and far from it. */
const ANCHORS = 24

export const options = {
  ...DATA_OPTIONS,
  searches: { type: 'number', value: 'N', help: 'searches for each row', default: 1_200 },
}

export const check = checkData

export async function run({ k, searches, ...what }) {
  const data = loadData({ ...what, metric: 'cosine' })
  const vectors = rows(data.vectors, data.dimension)
  const queries = rows(data.queries, data.dimension)
  const anchors = queries.slice(0, ANCHORS)
  const passes = marks(vectors, anchors)
  const store = await open(':memory:', { durability: 'memory' })
  try {
    const collection = store.collection('vectors', { dimension: data.dimension })
    await addAll(collection, vectors.length, at => ({
      id: String(at),
      vector: vectors[at],
      metadata: { passes: passes[at] },
    }))
    await collection.searchByVector(anchors[0])
    await indexed(collection)

    const measure = filters => measured(collection, filters, k, searches)
    const results = [{ kind: 'no filter', share: 1, ...measure([{ queries }]) }]
    for (const kind of KINDS) {
      for (const share of SHARES) {
        const filters =
          kind === 'random'
            ? [{ queries, where: { passes: mark(kind, share) } }]
            : anchors.map((query, at) => ({
                queries: [query],
                where: { passes: mark(kind, share, at) },
              }))
        results.push({ kind, share, ...measure(filters) })
      }
    }
    for (const result of results) {
      result.ratio50 = result.p50 / results[0].p50
      result.ratio99 = result.p99 / results[0].p99
    }
    const count = vectors.length.toLocaleString('en')
    return [
      {
        key: 'filters',
        title: `${count} vectors of ${data.dimension}, cosine, k = ${k}, targetRecall 0.99; one caller`,
        columns: {
          kind: 'passes',
          share: { title: 'share', digits: 3 },
          recall: { title: 'recall', digits: 4 },
          p50: { title: 'p50 ms', digits: 3 },
          p99: { title: 'p99 ms', digits: 3 },
          ratio50: { title: 'p50 / no filter', digits: 2 },
          ratio99: { title: 'p99 / no filter', digits: 2 },
          first: { title: 'new filter ms', digits: 2 },
        },
        rows: results,
      },
    ]
  } finally {
    await store.close()
  }
}

/** The filters that each record passes. @param {Float32Array[]} vectors @param {Float32Array[]} anchors */
function marks(vectors, anchors) {
  const passes = vectors.map(() => [])
  const give = (/** @type {ArrayLike<number>} */ order, kind, at) => {
    for (const share of SHARES) {
      const count = Math.max(1, Math.round(share * vectors.length))
      for (let place = 0; place < count; place++) passes[order[place]].push(mark(kind, share, at))
    }
  }
  // Multiplying by a number without a common factor with the count is a permutation that looks random.
  let step = Math.floor(vectors.length * 0.618) | 1
  while (commonFactor(step, vectors.length) > 1) step += 2
  give(
    Uint32Array.from(vectors, (_, at) => (at * step) % vectors.length),
    'random',
  )
  for (const [at, anchor] of anchors.entries()) {
    const scores = vectors.map(vector =>
      vector.reduce((sum, value, i) => sum + value * anchor[i], 0),
    )
    const order = Uint32Array.from(vectors, (_, row) => row).sort((a, b) => scores[b] - scores[a])
    give(order, 'near', at)
    give(order.reverse(), 'far', at)
  }
  return passes
}

function mark(kind, share, at) {
  return at === undefined ? `${kind} ${share}` : `${kind} ${share} ${at}`
}

function commonFactor(a, b) {
  return b === 0 ? a : commonFactor(b, a % b)
}

/** All filters have as many searches, each with its queries in turn; the first of each counts by itself. */
function measured(collection, filters, k, searches) {
  const each = Math.ceil(searches / filters.length)
  const times = new Float64Array(each * filters.length)
  const recalls = []
  let [first, call] = [0, 0]
  for (const { queries, where } of filters) {
    const how = { k, idsOnly: true, ...(where && { where }) }
    const start = performance.now()
    collection.searchByVectorSync(queries[0], how)
    first = Math.max(first, performance.now() - start)
    const found = []
    for (let at = 0; at < each; at++) {
      const query = queries[at % queries.length]
      const start = performance.now()
      const hits = collection.searchByVectorSync(query, how)
      times[call++] = performance.now() - start
      if (at < queries.length) found.push(hits)
    }
    // Afterwards, as it drives everything else out of the caches.
    for (const [at, hits] of found.entries()) {
      recalls.push(share(hits, collection.searchByVectorSync(queries[at], { ...how, exact: true })))
    }
  }
  times.sort()
  const recall = recalls.reduce((sum, one) => sum + one, 0) / recalls.length
  return { recall, first, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** What part of the right hits was found; one as near as the last of them is right too. */
function share(hits, right) {
  const most = right.at(-1).distance + 1e-6
  return hits.filter(({ distance }) => distance <= most).length / right.length
}
