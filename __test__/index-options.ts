// How a collection's index is to be, and whether it finds what it is to find.
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { type Collection, type CollectionOptions, open } from 'hippocamp'
import { openStore, randomVectors, refused, storePath } from './support/stores.js'

const DIMENSION = 128

async function filled(c: Collection, count: number): Promise<void> {
  const all = randomVectors(count, DIMENSION, 1)
  await c.add(
    Array.from({ length: count }, (_, i) => ({
      id: `${i}`,
      vector: all.slice(i * DIMENSION, (i + 1) * DIMENSION),
    })),
  )
  await c.searchByVector(all.slice(0, DIMENSION), { k: 1 })
  while ((await c.stats()).growing) await delay(20)
}

test('a collection keeps the precision and the recall that it was made with', async t => {
  const path = await storePath(t)
  const chosen = { precision: 'int8', targetRecall: 0.9 } as const
  const made = await open(path)
  await made.collection('small', chosen).add({ id: 'a', vector: [1, 0] })
  await made.collection('usual').add({ id: 'a', vector: [1, 0] })
  await made.close()

  const store = await open(path)
  t.is(await store.collection('small').count(), 1)
  t.is(await store.collection('small', chosen).count(), 1)
  t.is(await store.collection('usual', { precision: 'f32', targetRecall: 0.99 }).count(), 1)
  for (const [name, options, message] of [
    ['small', { precision: 'f16' }, 'has precision int8, not f16: open it with int8'],
    ['small', { targetRecall: 0.95 }, 'has targetRecall 0.9, not 0.95: open it with 0.9'],
    ['usual', { precision: 'int8' }, 'has precision f32, not int8: open it with f32'],
    ['usual', { targetRecall: 0.9 }, 'has targetRecall 0.99, not 0.9: open it with 0.99'],
  ] satisfies [string, CollectionOptions, string][]) {
    const c = store.collection(name, options)
    const error = await refused(t, 'ERR_COLLECTION_MISMATCH', () => c.count())
    t.true(error.message.includes(message), error.message)
  }
  await store.close()
})

test('options out of their range are refused', async t => {
  const store = await openStore(t)
  const cases: [object, string][] = [
    [{ precision: 'f64' }, 'precision is "f64": use "f32", "f16", "int8"'],
    [{ targetRecall: 0 }, 'targetRecall is 0: give a number above 0 and up to 1'],
    [{ targetRecall: 1.1 }, 'targetRecall is 1.1: give a number above 0 and up to 1'],
  ]
  for (const [options, message] of cases) {
    // biome-ignore lint/suspicious/noExplicitAny: what a program without types may pass
    const make = async () => store.collection('c', options as any)
    const error = await refused(t, 'ERR_INVALID_ARGUMENT', make)
    t.is(error.message, message)
  }
})

test('less precision takes less memory and finds the same', async t => {
  const store = await openStore(t)
  const bytes = new Map<string, number>()
  for (const precision of ['f32', 'f16', 'int8'] as const) {
    const c = store.collection(precision, { precision })
    await filled(c, 3_000)
    const { indexBytes } = await c.stats()
    bytes.set(precision, indexBytes / 3_000)
    const { recall, ...numbers } = await c.check({ queries: 50 })
    t.deepEqual(numbers, { records: 3_000, indexed: 3_000, queries: 50, k: 10 })
    t.true(recall > 0.95, `${precision}: ${recall}`)
  }
  const [f32 = 0, f16 = 0, int8 = 0] = bytes.values()
  t.true(f32 - f16 > 1.9 * DIMENSION && f16 - int8 > 0.9 * DIMENSION, `${[...bytes]}`)
})

test('a check tells how much of the truth is found, at the recall that is asked for', async t => {
  const store = await openStore(t)
  const c = store.collection('c', { targetRecall: 0.8 })
  t.deepEqual(await c.check(), { records: 0, indexed: 0, recall: 1, queries: 100, k: 10 })
  await filled(c, 4_000)
  const usual = await c.check({ k: 100, queries: 64 })
  t.true(usual.recall > 0.7 && usual.recall < 1, `${usual.recall}`)
  const better = await c.check({ k: 100, queries: 64, targetRecall: 0.999 })
  t.true(better.recall > usual.recall, `${better.recall} > ${usual.recall}`)
  t.is((await c.check({ targetRecall: 1 })).recall, 1)

  await c.delete(Array.from({ length: 1_000 }, (_, i) => `${i}`))
  t.like(await c.check({ targetRecall: 1 }), { records: 3_000, indexed: 3_000, recall: 1 })
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.check({ k: 101 }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.check({ queries: 0 }))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => c.check({ queries: 100_001 }))
  const aborted = c.check({ queries: 10_000, signal: AbortSignal.timeout(50) })
  await t.throwsAsync(aborted, { any: true, name: 'TimeoutError' })
})
