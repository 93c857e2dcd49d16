// Writing, reading and searching collections, with vectors that are given.
import test from 'ava'
import type { Hit } from 'hippocamp'
import { direction, openStore, randomVectors, refused } from './support/stores.js'

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/

const rounded = (hits: Hit[]) =>
  hits.map(({ id, score, distance }) => [
    id,
    Number(score.toFixed(4)),
    Number(distance?.toFixed(4)),
  ])

test('a record comes back as it was given', async t => {
  const c = (await openStore(t)).collection('c')
  const before = Date.now()
  const metadata = { user: 'ann', tags: ['a', 'b'], deep: { n: 1.5, yes: true, no: null } }
  const vector = Float32Array.of(0.1, -2, 3e-20)
  t.deepEqual(await c.add({ id: 'a', text: 'soccer ⚽ 足球', metadata, vector }), ['a'])
  const record = await c.get('a', { vector: true })
  t.like(record, { id: 'a', text: 'soccer ⚽ 足球', metadata, vector })
  const { createdAt, updatedAt } = record ?? {}
  t.true(createdAt instanceof Date && createdAt.getTime() >= before - 1)
  t.deepEqual(updatedAt, createdAt)
})

test('what was not given is absent, and vectors come only when asked for', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add({ id: 'a', vector: [1, 2] })
  const record = await c.get('a')
  t.deepEqual(Object.keys(record ?? {}), ['id', 'metadata', 'createdAt', 'updatedAt'])
  t.deepEqual(record?.metadata, {})
  t.deepEqual((await c.searchByVector([1, 2], { vector: true }))[0]?.vector, Float32Array.of(1, 2))
  t.deepEqual((await c.list({ vector: true })).records[0]?.vector, Float32Array.of(1, 2))
})

test('ids are made where there are none, and sort by time', async t => {
  const c = (await openStore(t)).collection('c')
  const ids = await c.add([{ vector: [1] }, { id: 'mine', vector: [2] }, { vector: [3] }])
  t.is(ids[1], 'mine')
  t.regex(ids[0] ?? '', ULID)
  t.regex(ids[2] ?? '', ULID)
  const [later] = await c.add({ vector: [4] })
  t.true((ids[0] ?? '') < (ids[2] ?? '') && (ids[2] ?? '') < (later ?? ''))
})

test('a batch is written wholly or not at all', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add({ id: 'there', text: 'old', vector: [1, 0] })
  const error = await refused(t, 'ERR_RECORD_EXISTS', () =>
    c.add([
      { id: 'new', vector: [0, 1] },
      { id: 'there', text: 'new', vector: [0, 1] },
    ]),
  )
  t.true(error.message.includes('there'))
  await refused(t, 'ERR_RECORD_EXISTS', () =>
    c.add([
      { id: 'twice', vector: [0, 1] },
      { id: 'twice', vector: [1, 0] },
    ]),
  )
  t.is(await c.count(), 1)
  t.is((await c.get('there'))?.text, 'old')
})

test('upsert replaces all of a record and keeps when it was created', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add({ id: 'a', text: 'old', metadata: { v: 1 }, vector: [1, 0] })
  const created = (await c.get('a'))?.createdAt
  await new Promise(resolve => setTimeout(resolve, 5))
  await c.upsert([
    { id: 'a', text: 'never', vector: [1, 1] },
    { id: 'b', vector: [1, 0] },
    { id: 'a', metadata: { v: 2 }, vector: [0, 1] },
  ])
  const record = await c.get('a', { vector: true })
  t.is(record?.text, undefined)
  t.like(record, { metadata: { v: 2 }, vector: Float32Array.of(0, 1), createdAt: created })
  t.true((record?.updatedAt ?? 0) > (created ?? 0))
  t.is(await c.count(), 2)
  t.deepEqual(rounded(await c.searchByVector([0, 1])), [
    ['a', 1, 0],
    ['b', 0, 1],
  ])
})

test('records are got in the order of the ids, with gaps', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(['a', 'b', 'c'].map(id => ({ id, vector: [id.charCodeAt(0)] })))
  const records = await c.get(['c', 'nobody', 'a', 'c'], { vector: true })
  t.deepEqual(
    records.map(record => record?.id),
    ['c', undefined, 'a', 'c'],
  )
  t.deepEqual(
    records.map(record => record?.vector?.[0]),
    [99, undefined, 97, 99],
  )
  t.is(await c.get('nobody'), undefined)
  t.deepEqual(await c.get([]), [])
})

test('a deleted record never comes back', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(['a', 'b', 'c'].map((id, i) => ({ id, vector: direction(i * 10) })))
  await c.searchByVector(direction(0))
  t.is(await c.delete(['a', 'nobody']), 1)
  t.is(await c.delete('a'), 0)
  t.is(await c.get('a'), undefined)
  t.deepEqual(
    (await c.searchByVector(direction(0))).map(hit => hit.id),
    ['b', 'c'],
  )
  t.deepEqual(
    (await c.list()).records.map(record => record.id),
    ['b', 'c'],
  )
  t.is(await c.clear(), 2)
  t.is(await c.clear(), 0)
  t.deepEqual(await c.searchByVector(direction(0)), [])
  t.deepEqual(await c.add({ id: 'a', vector: direction(5) }), ['a'])
})

test('cosine, l2 and dot score and rank as they say', async t => {
  const store = await openStore(t)
  const records = [
    { id: 'far', vector: [3, 4] },
    { id: 'near', vector: [1, 0] },
    { id: 'back', vector: [-1, 0] },
  ]
  const search = async (metric: 'cosine' | 'l2' | 'dot') => {
    const c = store.collection(metric, { metric })
    await c.add(records)
    return rounded(await c.searchByVector([2, 0], { ranking: { background: false } }))
  }
  t.deepEqual(await search('cosine'), [
    ['near', 1, 0],
    ['far', 0.6, 0.4],
    ['back', 0, 2],
  ])
  t.deepEqual(await search('dot'), [
    ['far', Number((6 / 7).toFixed(4)), -6],
    ['near', Number((2 / 3).toFixed(4)), -2],
    ['back', 0, 2],
  ])
  t.deepEqual(await search('l2'), [
    ['near', 0.5, 1],
    ['back', 0.25, 3],
    ['far', Number((1 / (1 + Math.sqrt(17))).toFixed(4)), Number(Math.sqrt(17).toFixed(4))],
  ])
})

test('k hits are returned while there are k, ten unless told otherwise', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(Array.from({ length: 25 }, (_, i) => ({ id: `r${i}`, vector: direction(i) })))
  const ids = async (k?: number) =>
    (await c.searchByVector(direction(0), k === undefined ? {} : { k })).map(hit => hit.id)
  t.is((await ids()).length, 10)
  t.deepEqual(await ids(3), ['r0', 'r1', 'r2'])
  t.is((await ids(25)).length, 25)
  t.is((await ids(10_000)).length, 25)
})

test('many hits arrive complete and in order', async t => {
  const c = (await openStore(t)).collection('c')
  const count = 5000
  const vectors = randomVectors(count, 8)
  const vector = (i: number) => vectors.subarray(8 * i, 8 * i + 8)
  await c.add(
    Array.from({ length: count }, (_, i) => ({
      id: `r${i}`,
      text: `text ${i}`,
      metadata: { i },
      vector: vector(i),
    })),
  )
  const hits = await c.searchByVector(vector(7), { k: count, vector: true })
  t.is(new Set(hits.map(hit => hit.id)).size, count)
  for (const [rank, hit] of hits.entries()) {
    const i = Number(hit.metadata.i)
    if (hit.id !== `r${i}` || hit.text !== `text ${i}`) return t.fail(`rank ${rank} is mixed up`)
    if (hit.score > (hits[rank - 1]?.score ?? 2)) return t.fail(`rank ${rank} is out of order`)
    if (!hit.vector?.every((value, j) => value === vector(i)[j]))
      return t.fail(`vector of rank ${rank}`)
  }
  t.is(hits[0]?.id, 'r7')
  const all = await c.get(Array.from({ length: count }, (_, i) => `r${count - 1 - i}`))
  t.true(all.every((record, i) => record?.id === `r${count - 1 - i}`))
})

test('a filter holds while searching, listing and counting', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(
    Array.from({ length: 30 }, (_, i) => ({
      id: `r${i}`,
      metadata: { third: i % 3, tag: i % 2 ? ['odd', 'x'] : ['even'], a: { b: `v${i}` }, no: null },
      vector: direction(i),
    })),
  )
  const ids = (where: Record<string, string | number | boolean | null>) =>
    c.searchByVector(direction(0), { where, k: 100 }).then(hits => hits.map(hit => hit.id))
  t.deepEqual((await ids({ third: 1 })).slice(0, 3), ['r1', 'r4', 'r7'])
  t.is((await ids({ third: 1 })).length, 10)
  t.deepEqual(await ids({ third: 1, tag: 'odd', 'a.b': 'v13' }), ['r13'])
  t.is((await ids({ no: null })).length, 30)
  t.deepEqual(await ids({ third: '1' }), [])
  t.is((await ids({})).length, 30)
  t.is(await c.count({ where: { tag: 'even' } }), 15)
  t.is(await c.count({}), 30)
  const page = await c.list({ where: { third: 2 }, limit: 4 })
  t.deepEqual(
    page.records.map(record => record.id),
    ['r2', 'r5', 'r8', 'r11'],
  )
})

test('a cosine counts above what all records have in common', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add([0, 30, 60, 90].map(angle => ({ id: `${angle}`, vector: direction(angle) })))
  const mean = (1 + Math.cos(Math.PI / 6) + 0.5) / 4
  // Of few records each is a large part of what they have in common.
  const background = (mean * 4) / (4 + 8)
  for (const { score, distance = 2 } of await c.searchByVector(direction(0))) {
    const expected = Math.max(0, (1 - distance - background) / (1 - background))
    t.true(Math.abs(score - expected) < 1e-6)
  }
})

test('minScore drops what is worse', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add([0, 30, 60, 90].map(angle => ({ id: `${angle}`, vector: direction(angle) })))
  const hits = await c.searchByVector(direction(0), {
    minScore: 0.49,
    ranking: { background: false },
  })
  t.deepEqual(
    hits.map(hit => hit.id),
    ['0', '30', '60'],
  )
})

test('pages follow each other in the order of insertion', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(Array.from({ length: 10 }, (_, i) => ({ id: `r${9 - i}`, vector: [i + 1] })))
  await c.upsert({ id: 'r9', vector: [100] })
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await c.list({ limit: 4, cursor })
    ids.push(...page.records.map(record => record.id))
    cursor = page.cursor
  } while (cursor !== undefined)
  t.deepEqual(
    ids,
    Array.from({ length: 10 }, (_, i) => `r${9 - i}`),
  )
  t.deepEqual(await c.namespace(['empty']).list(), { records: [] })
})

test('namespaces are worlds of their own', async t => {
  const c = (await openStore(t)).collection('c')
  const paths = [[], ['a', 'b'], ['a/b'], ['a'], ['b', 'a'], ['用户', '42']]
  for (const [i, path] of paths.entries()) {
    const n = c.namespace(path)
    t.deepEqual(n.path, path)
    await n.add({ id: 'same', text: `${i}`, vector: direction(i) })
  }
  for (const [i, path] of paths.entries()) {
    const hits = await c.namespace(path).searchByVector(direction(0))
    t.deepEqual(
      hits.map(hit => hit.text),
      [`${i}`],
    )
  }
  t.is((await c.namespaces()).length, 6)
  t.is(await c.namespace(['a']).clear(), 1)
  t.is(await c.namespace(['a', 'b']).count(), 1)
  const namespaces = (await c.namespaces()).map(info => info.path)
  t.false(namespaces.some(path => path.length === 1 && path[0] === 'a'))
  t.is((await c.namespace(['a', 'b']).namespace([]).get('same'))?.text, '0')
})

test('stats tell what a namespace is like', async t => {
  const c = (await openStore(t)).collection('c', { metric: 'dot' })
  t.deepEqual(await c.stats(), {
    name: 'c',
    namespace: [],
    records: 0,
    indexed: 0,
    indexBytes: 0,
    growing: false,
  })
  await c.add([{ vector: [1, 2] }, { vector: [3, 4] }])
  t.like(await c.stats(), { dimension: 2, metric: 'dot', records: 2 })
  await c.searchByVector([1, 1])
  const { indexed, indexBytes, index } = await c.stats()
  t.is(indexed, 2)
  t.deepEqual(index, { lists: 0, bits: 0, graph: 0, tail: 0, calibration: [] })
  t.true(indexBytes >= 16)
})

test('a large namespace is searched as exactly as is asked for', async t => {
  const c = (await openStore(t)).collection('large')
  const values = randomVectors(3_000, 64)
  const vector = (i: number) => values.subarray(i * 64, (i + 1) * 64)
  await c.add(Array.from({ length: 3_000 }, (_, i) => ({ id: `${i}`, vector: vector(i) })))
  const query = vector(0)
  const ids = async (options: object) =>
    (await c.searchByVector(query, { k: 50, ...options })).map(({ id }) => id)
  const exact = await ids({ exact: true })
  t.is(exact[0], '0')
  t.deepEqual(await ids({ targetRecall: 1 }), exact)
  for (const options of [{}, { targetRecall: 0.8 }, { targetRecall: 0.999 }]) {
    const found = await ids(options)
    t.is(found.length, 50)
    t.is(found[0], '0')
    t.true(found.filter(id => exact.includes(id)).length >= 30)
  }
  for (const targetRecall of [0, -1, 1.01, Number.NaN])
    await refused(t, 'ERR_INVALID_ARGUMENT', () => c.searchByVector(query, { targetRecall }))
})

test('a rebuilt index tells what it has measured', async t => {
  const c = (await openStore(t)).collection('large')
  const values = randomVectors(2_000, 64)
  await c.add(
    Array.from({ length: 2_000 }, (_, i) => ({ vector: values.subarray(i * 64, (i + 1) * 64) })),
  )
  await c.searchByVector(values.subarray(0, 64))
  while ((await c.stats()).growing) await new Promise(resolve => setTimeout(resolve, 10))
  const { index } = await c.stats()
  t.like(index, { lists: 1, tail: 0 })
  const point = index?.calibration.find(({ k, target }) => k === 10 && target === 0.99)
  t.true(point !== undefined && point.recall >= 0.99 && point.candidates >= 10)
})

test('ids alone, and searches on the calling thread, find the same', async t => {
  const store = await openStore(t)
  const c = store.collection('c')
  t.deepEqual(c.searchByVectorSync([1, 2], { idsOnly: true }), [])
  await c.add([
    { id: 'a', vector: [1, 0], metadata: { lang: 'zh' } },
    { vector: [0, 1] },
    { id: '足球', vector: [1, 1], metadata: { lang: 'zh' } },
  ])
  for (const options of [
    {},
    { k: 2 },
    { where: { lang: 'zh' } },
    { minScore: 0.5 },
    { exact: true },
  ]) {
    const hits = await c.searchByVector([1, 0.1], options)
    t.deepEqual(c.searchByVectorSync([1, 0.1], options), hits)
    const ids = hits.map(({ id, score, distance }) => ({ id, score, distance }))
    t.deepEqual(await c.searchByVector([1, 0.1], { ...options, idsOnly: true }), ids)
    t.deepEqual(c.searchByVectorSync([1, 0.1], { ...options, idsOnly: true }), ids)
  }
  await c.add(Array.from({ length: 600 }, (_, i) => ({ id: `${i}`, vector: [-1, i] })))
  t.is(c.searchByVectorSync([-1, 3], { k: 700, idsOnly: true }).length, 603)
  t.is(c.searchByVectorSync([-1, 3], { k: 1, idsOnly: true })[0]?.id, '3')
  t.is((await c.searchByVector([-1, 3], { k: 700, idsOnly: true })).length, 603)
  t.is(c.searchByVectorSync([-1, 3], { k: 700 }).length, 603)
  await c.upsert({ id: '3', vector: [0, -1] })
  t.not(c.searchByVectorSync([-1, 3], { k: 1, idsOnly: true })[0]?.id, '3')
  await c.delete('a')
  t.false(c.searchByVectorSync([1, 0], { k: 700, idsOnly: true }).some(({ id }) => id === 'a'))
  t.throws(() => c.searchByVectorSync([1], { idsOnly: true }), { code: 'ERR_DIMENSION_MISMATCH' })
  t.throws(() => c.searchByVectorSync([1, 2], { idsOnly: true, vector: true }), {
    code: 'ERR_INVALID_ARGUMENT',
  })
  await store.close()
  t.throws(() => c.searchByVectorSync([1, 0], { idsOnly: true }), { code: 'ERR_CLOSED' })
})

test('ids follow a collection that is dropped and made again', async t => {
  const store = await openStore(t)
  const c = store.collection('c')
  await c.add({ id: 'old', vector: [1, 0] })
  t.is(c.searchByVectorSync([1, 0], { idsOnly: true })[0]?.id, 'old')
  await store.dropCollection('c')
  t.deepEqual(c.searchByVectorSync([1, 0], { idsOnly: true }), [])
  await c.add({ id: 'new', vector: [1, 0] })
  t.deepEqual(
    c.searchByVectorSync([1, 0], { idsOnly: true }).map(({ id }) => id),
    ['new'],
  )
})

test('a handle must agree with what is stored', async t => {
  const store = await openStore(t)
  await store.collection('c', { dimension: 2, metric: 'l2' }).add({ vector: [1, 2] })
  t.is(await store.collection('c').count(), 1)
  const [other, metric] = [
    store.collection('c', { dimension: 3 }),
    store.collection('c', { metric: 'dot' }),
  ]
  await refused(t, 'ERR_COLLECTION_MISMATCH', () => other.add({ vector: [1, 2, 3] }))
  await refused(t, 'ERR_COLLECTION_MISMATCH', () => metric.searchByVector([1, 2]))
  const error = await refused(t, 'ERR_DIMENSION_MISMATCH', () =>
    store.collection('c').add([{ vector: [1, 2] }, { id: 'x', vector: [1, 2, 3] }]),
  )
  t.regex(error.message, /record 1.*"x".*3.*2/)
  await refused(t, 'ERR_DIMENSION_MISMATCH', () => store.collection('c').searchByVector([1]))
  await refused(t, 'ERR_ENCODER_REQUIRED', () => store.collection('c').search('text'))
  await refused(t, 'ERR_ENCODER_REQUIRED', () => store.collection('c').add({ text: 'text' }))
  await refused(t, 'ERR_ENCODER_REQUIRED', () => store.collection('new').add({ text: 'text' }))
  t.is(await store.collection('c').count(), 1)
})

test('a collection that does not exist yet is empty', async t => {
  const store = await openStore(t)
  const c = store.collection('c', { dimension: 4 })
  t.is(await c.count(), 0)
  t.is(await c.get('a'), undefined)
  t.is(await c.delete('a'), 0)
  t.is(await c.clear(), 0)
  t.deepEqual(await c.list(), { records: [] })
  t.deepEqual(await c.searchByVector([1, 2, 3, 4]), [])
  t.deepEqual(await c.add([]), [])
  t.deepEqual(await store.collections(), [])
})

test('calls that are made together are all answered', async t => {
  const c = (await openStore(t)).collection('c')
  const added = await Promise.all(
    Array.from({ length: 500 }, (_, i) => c.add({ id: `r${i}`, vector: direction(i % 360) })),
  )
  t.deepEqual(
    added,
    Array.from({ length: 500 }, (_, i) => [`r${i}`]),
  )
  const found = await Promise.all(
    Array.from({ length: 500 }, (_, i) => c.searchByVector(direction(i % 360), { k: 1 })),
  )
  t.true(found.every(([hit], i) => Number(hit?.id.slice(1)) % 360 === i % 360))
})

test('a batch is a snapshot of its array', async t => {
  const c = (await openStore(t)).collection('c')
  const records = Array.from({ length: 1000 }, (_, i) => ({ id: `r${i}`, vector: [i + 1] }))
  const adding = c.add(records)
  records.length = 0
  t.is((await adding).length, 1000)
  t.is(await c.count(), 1000)
})
