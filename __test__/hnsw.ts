// Collections that are searched by a graph.
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { type Collection, open } from 'hippocamp'
import { openStore, refused, storePath } from './support/stores.js'

/** Points around a few centres, the same ones in every run. */
function vectors(count: number): Float32Array[] {
  let state = 1
  const next = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647 - 0.5
  }
  const centres = Array.from({ length: 20 }, () => Array.from({ length: 8 }, () => 2 * next()))
  return Array.from({ length: count }, (_, i) =>
    Float32Array.from(centres[i % 20] ?? [], x => x + next()),
  )
}

async function grown(c: Collection, count: number): Promise<void> {
  await c.searchByVector(new Float32Array(8), { k: 1 })
  while ((await c.stats()).index?.graph !== count) await delay(20)
}

test('a graph finds what comparing everything finds, under a filter too', async t => {
  const c = (await openStore(t)).collection('c', { index: 'hnsw', metric: 'l2' })
  const all = vectors(3_000)
  await c.add(all.map((vector, i) => ({ id: `${i}`, vector, metadata: { third: i % 3 } })))
  await grown(c, 3_000)
  t.like((await c.stats()).index, { lists: 0, bits: 0, graph: 3_000, tail: 0 })
  let found = 0
  for (const vector of all.slice(0, 40)) {
    for (const where of [{}, { third: 1 }]) {
      const exact = await c.searchByVector(vector, { where, exact: true })
      const hits = await c.searchByVector(vector, { where })
      const ids = new Set(hits.map(hit => hit.id))
      found += exact.filter(hit => ids.has(hit.id)).length / exact.length
    }
  }
  t.true(found / 80 >= 0.95, `${found / 80}`)
})

test('a collection is opened with the index that it was made with, or as it is', async t => {
  const path = await storePath(t)
  await withStore(path, async store => {
    await store.collection('graph', { index: 'hnsw' }).add({ id: 'a', vector: [1, 0] })
    await store.collection('codes').add({ id: 'a', vector: [1, 0] })
  })
  await withStore(path, async store => {
    t.is(await store.collection('graph').count(), 1)
    t.is(await store.collection('graph', { index: 'hnsw' }).count(), 1)
    t.is(await store.collection('codes', { index: 'native' }).count(), 1)
    for (const [name, index] of [
      ['graph', 'native'],
      ['codes', 'hnsw'],
    ] as const) {
      const c = store.collection(name, { index })
      const error = await refused(t, 'ERR_COLLECTION_MISMATCH', () => c.count())
      t.regex(error.message, new RegExp(`has index \\w+, not ${index}: open it with`))
    }
  })
})

async function withStore(
  path: string,
  work: (store: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const store = await open(path)
  await work(store).finally(() => store.close())
}

test('an index that does not exist is refused', async t => {
  const store = await openStore(t)
  // biome-ignore lint/suspicious/noExplicitAny: what a program without types may pass
  const options = { index: 'ivf' } as any
  const error = await refused(t, 'ERR_INVALID_ARGUMENT', async () => store.collection('c', options))
  t.is(error.message, 'index is "ivf": use "native", "hnsw"')
})
