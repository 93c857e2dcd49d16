// Importing the indexes that usearch has saved. crates/index/tests/data/usearch says what is in them.
import { writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { openStore, refused, storePath, usearchFile } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

const idOf = (entry: number) => String(BigInt(entry) * 2n ** 40n + 7n)
const vectorOf = (entry: number, length: number) =>
  Float32Array.from({ length }, (_, j) => (((entry * 7 + j * 3) % 17) - 8) / 8)

test('a new collection takes vectors, dimension and metric from the file', async t => {
  const c = (await openStore(t)).collection('c')
  t.is(await c.importUsearch(usearchFile('f16-ip')), 9)
  t.like(await c.stats(), { dimension: 5, metric: 'dot', records: 9 })
  const record = await c.get(idOf(4), { vector: true })
  t.like(record, { id: idOf(4), metadata: {}, vector: vectorOf(4, 5) })
  t.is(await c.get(idOf(3)), undefined)
  const hits = await c.searchByVector(vectorOf(10, 5), { k: 9 })
  t.true(hits.some(({ id }) => id === idOf(10)))
})

test('ids that are there are replaced, or refused with mode add', async t => {
  const c = (await openStore(t)).collection('c', { metric: 'l2' })
  await c.add({ id: idOf(5), text: 'mine', vector: [1, 2, 3] })
  const url = pathToFileURL(usearchFile('f64-l2sq'))
  await refused(t, 'ERR_RECORD_EXISTS', () => c.importUsearch(url, { mode: 'add' }))
  t.is(await c.count(), 1)
  t.is(await c.importUsearch(url, { mode: 'upsert' }), 9)
  t.is(await c.count(), 9)
  const replaced = await c.get(idOf(5), { vector: true })
  t.deepEqual([replaced?.text, replaced?.vector], [undefined, vectorOf(5, 3)])
})

test('what cannot be imported is refused by name, and nothing is changed', async t => {
  const store = await openStore(t)
  const c = store.collection('c', { metric: 'l2', dimension: 3 })
  const text = await storePath(t, 'export.csv')
  await writeFile(text, 'id,a,b,c\n1,2,3,4\n')
  const error = await refused(t, 'ERR_INDEX_FILE_INVALID', () => c.importUsearch(text))
  t.true(error.message.startsWith(`${text}: not a usearch index`), error.message)
  const cases = [
    ['multi', 'ERR_INDEX_FILE_INVALID', /several vectors under key 7/],
    ['without-vectors', 'ERR_INDEX_FILE_INVALID', /exclude_vectors/],
    ['pearson', 'ERR_INDEX_FILE_INVALID', /pearson/],
    ['reused', 'ERR_COLLECTION_MISMATCH', /cosine.*l2/],
    ['bf16-l2sq', 'ERR_DIMENSION_MISMATCH', /5 dimensions/],
    ['absent', 'ERR_IO', /cannot read/],
  ] as const
  for (const [name, code, message] of cases) {
    const refusal = await refused(t, code, () => c.importUsearch(usearchFile(name)))
    t.regex(refusal.message, message)
    t.true(refusal.message.includes(`${name}.usearch`), refusal.message)
  }
  t.deepEqual(await store.collections(), [])
})

test('a file that is too large for the limit is refused', async t => {
  const store = await openStore(t, { limits: { importBytes: 100 } })
  const call = () => store.collection('c').importUsearch(usearchFile('f32-cos'))
  t.regex((await refused(t, 'ERR_LIMIT_EXCEEDED', call)).message, /limits\.importBytes/)
})

test('arguments that cannot be right are refused', async t => {
  const c = (await openStore(t)).collection('c')
  const file = usearchFile('f32-cos')
  const cases: [Anything, Anything, RegExp][] = [
    ['', {}, /the file is ""/],
    ['a\0', {}, /the file is/],
    [3, {}, /the file is 3: give the path of a file/],
    [new URL('https://example.com/index'), {}, /the file is a URL/],
    [file, { mode: 'replace' }, /mode is "replace": use "upsert", "add"/],
    [file, { modes: 'add' }, /unknown option "modes" of importUsearch: did you mean "mode"\?/],
  ]
  for (const [path, options, message] of cases) {
    const call = () => c.importUsearch(path, options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', call)).message, message)
  }
})
