// Searching for several queries at once, over several namespaces, and how much memory indexes take.
import test from 'ava'
import type { Hit, IdHit } from 'hippocamp'
import { openStore, randomVectors, refused } from './support/stores.js'

const DIMENSION = 8

function rows(count: number, seed: number): Float32Array[] {
  const all = randomVectors(count, DIMENSION, seed)
  return Array.from({ length: count }, (_, i) => all.slice(i * DIMENSION, (i + 1) * DIMENSION))
}

test('several queries find what each of them finds alone', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(rows(500, 1).map((vector, i) => ({ id: `${i}`, text: `text ${i}`, vector })))
  const queries = rows(40, 2)
  const options = { k: 7, minScore: 0.5, vector: true }
  const hits: Hit[][] = await c.searchMany(queries, options)
  t.is(hits.length, 40)
  for (const [i, query] of queries.entries())
    t.deepEqual(hits[i], await c.searchByVector(query, options))
  const ids: IdHit[][] = await c.searchMany(queries, { k: 3, idsOnly: true })
  for (const [i, query] of queries.entries())
    t.deepEqual(ids[i], await c.searchByVector(query, { k: 3, idsOnly: true }))
  t.deepEqual(await c.searchMany([]), [])
})

test('more hits than are handed over at once are split by their queries', async t => {
  const c = (await openStore(t)).collection('c', { metric: 'l2' })
  await c.add(Array.from({ length: 30 }, (_, i) => ({ id: `${i}`, vector: [i] })))
  const hits = await c.searchMany([[0], Float64Array.of(29)], { k: 20 })
  t.deepEqual(
    hits.map(found => found.map(({ id }) => Number(id))),
    [Array.from({ length: 20 }, (_, i) => i), Array.from({ length: 20 }, (_, i) => 29 - i)],
  )
  const none = await c.searchMany([[0], [29]], { minScore: 2 })
  t.deepEqual(none, [[], []])
})

test('ids of any characters come back whole', async t => {
  const c = (await openStore(t)).collection('c', { metric: 'l2' })
  const all = [
    'a',
    '中文',
    '🦛🧠',
    'é',
    '\ufffd',
    `${'长'.repeat(40)}-1`,
    'x'.repeat(100),
    ' ',
    '\n',
  ]
  await c.add(all.map((id, i) => ({ id, vector: [i] })))
  const found = await c.searchByVector([0], { k: 20, idsOnly: true })
  t.deepEqual(
    found.map(({ id, distance }) => [id, distance]),
    all.map((id, i) => [id, i]),
  )
  t.deepEqual(c.searchByVectorSync([0], { k: 20, idsOnly: true }), found)
})

test('queries that cannot be searched with are named, and none is answered', async t => {
  const store = await openStore(t)
  const c = store.collection('c')
  t.deepEqual(await c.searchMany([[1], 'words']), [[], []])
  await c.add({ vector: [1, 0] })
  const dimension = await refused(t, 'ERR_DIMENSION_MISMATCH', () => c.searchMany([[1, 0], [1]]))
  t.regex(dimension.message, /query 1/)
  const number = await refused(t, 'ERR_INVALID_VECTOR', () => c.searchMany([[1, Number.NaN]]))
  t.regex(number.message, /query 0/)
  await refused(t, 'ERR_ENCODER_REQUIRED', () => c.searchMany(['words']))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.searchMany('words' as unknown as string[]))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.searchMany([undefined as unknown as string]))
  const few = await openStore(t, { limits: { batchRecords: 2 } })
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => few.collection('c').searchMany([[1], [1], [1]]))
})

test('a recursive search finds what is in the namespaces below, and names them', async t => {
  const c = (await openStore(t)).collection('c', { metric: 'l2' })
  await c.add({ id: 'root', vector: [5] })
  await c.namespace(['用户', '1']).add({ id: 'a', vector: [1], metadata: { kind: 'x' } })
  await c.namespace(['用户', '2']).add({ id: 'a', vector: [2] })
  await c.namespace(['用户2']).add({ id: 'other', vector: [0] })
  const users = c.namespace(['用户'])
  t.deepEqual(await users.searchByVector([0]), [])
  const found = async (options: object) =>
    (await users.searchByVector([0], { recursive: true, ...options })).map(hit => [
      hit.id,
      hit.namespace,
    ])
  const [first, second] = [
    ['a', ['用户', '1']],
    ['a', ['用户', '2']],
  ]
  t.deepEqual(await found({}), [first, second])
  t.deepEqual(await found({ idsOnly: true }), [first, second])
  t.deepEqual(await found({ where: { kind: 'x' } }), [first])
  t.deepEqual(
    users.searchByVectorSync([0], { recursive: true, k: 1 }).map(hit => hit.namespace),
    [['用户', '1']],
  )
  const many = await c.searchMany([[0], [5]], { recursive: true, k: 1 })
  t.deepEqual(
    many.map(([hit]) => [hit?.id, hit?.namespace]),
    [
      ['other', ['用户2']],
      ['root', []],
    ],
  )
  t.is((await c.searchByVector([5], { k: 1 }))[0]?.namespace, undefined)
})

test('indexes stay within indexMemory', async t => {
  const indexMemory = 64 * 1024
  const store = await openStore(t, { indexMemory, durability: 'memory' })
  const c = store.collection('c')
  const vectors = rows(100, 3)
  for (const [i, vector] of vectors.entries())
    await c.namespace([`${i}`]).add({ id: `${i}`, vector })
  for (const [i, vector] of [...vectors.entries(), ...vectors.entries()]) {
    const [hit] = await c.namespace([`${i}`]).searchByVector(vector)
    t.is(hit?.id, `${i}`)
    t.true((await store.stats()).indexBytes <= indexMemory)
  }
  const { partitions } = await store.stats()
  t.true(partitions > 5 && partitions < 100, `${partitions} partitions`)
  await refused(t, 'ERR_INVALID_ARGUMENT', () => openStore(t, { indexMemory: 0 }))
})
