// Aborting before, during and after: what was rejected as aborted has changed nothing.
import { getEventListeners } from 'node:events'
import test from 'ava'
import { open } from 'hippocamp'
import { testWithModel } from './support/models.js'
import { openStore, storePath, usearchFile } from './support/stores.js'

test('a call with an aborted signal rejects with its reason and does nothing', async t => {
  const store = await openStore(t)
  const c = store.collection('c')
  await c.add({ id: 'a', vector: [1, 0] })
  const reason = new Error('changed my mind')
  const signal = AbortSignal.abort(reason)
  const calls: (() => Promise<unknown>)[] = [
    () => c.add({ id: 'b', vector: [1, 0] }, { signal }),
    () => c.upsert({ id: 'a', text: 'new', vector: [1, 0] }, { signal }),
    () => c.importUsearch(usearchFile('f32-cos'), { signal }),
    () => c.delete('a', { signal }),
    () => c.clear({ signal }),
    () => c.get('a', { signal }),
    () => c.list({ signal }),
    () => c.count({ signal }),
    () => c.search('x', { signal }),
    () => c.searchByVector([1, 0], { signal }),
    () => c.namespaces({ signal }),
    () => c.stats({ signal }),
    () => store.collections({ signal }),
    () => store.dropCollection('c', { signal }),
    () => store.stats({ signal }),
    () => open(':memory:', { signal }),
  ]
  for (const call of calls) t.is(await t.throwsAsync(call), reason)
  t.is((await c.get('a'))?.text, undefined)
  t.is(await c.count(), 1)
})

test('the reason is whatever was given, an AbortError by default', async t => {
  const c = (await openStore(t)).collection('c')
  const rejection = (signal: AbortSignal) => c.count({ signal }).catch((error: unknown) => error)
  t.is(await rejection(AbortSignal.abort('no error at all')), 'no error at all')
  t.is(((await rejection(AbortSignal.abort())) as DOMException).name, 'AbortError')
})

test('an add that was aborted while it was taken on or queued has changed nothing', async t => {
  const c = (await openStore(t)).collection('c')
  const records = Array.from({ length: 5000 }, (_, i) => ({ id: `r${i}`, vector: [i, 1] }))
  let aborted = 0
  // From at once, through the slices of the batch, to long after it is written.
  for (let turns = 0; turns < 160; turns += 8) {
    const controller = new AbortController()
    const adding = c.add(records, { signal: controller.signal })
    const outcome = adding.then(
      ids => ids.length,
      error => error,
    )
    for (let i = 0; i < turns; i++) await new Promise(resolve => setImmediate(resolve))
    controller.abort()
    if ((await outcome) === 5000) {
      t.is(await c.count(), 5000)
    } else {
      t.is((await outcome).name, 'AbortError')
      t.is(await c.count(), 0)
      aborted++
    }
    await c.clear()
  }
  t.true(aborted > 0)
})

test('aborting single writes at any moment leaves what the outcome says', async t => {
  const c = (await openStore(t)).collection('c')
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      const controller = new AbortController()
      const adding = c.add({ id: `r${i}`, vector: [i, 1] }, { signal: controller.signal })
      setTimeout(() => controller.abort(), i % 10)
      return adding.then(
        () => true,
        error => {
          t.is(error.name, 'AbortError')
          return false
        },
      )
    }),
  )
  const stored = await c.get(outcomes.map((_, i) => `r${i}`))
  t.deepEqual(
    stored.map(record => record !== undefined),
    outcomes,
  )
})

test('aborting after the write is committed has no effect', async t => {
  const c = (await openStore(t)).collection('c')
  const controller = new AbortController()
  t.deepEqual(await c.add({ id: 'a', vector: [1] }, { signal: controller.signal }), ['a'])
  controller.abort()
  t.is(await c.count(), 1)
})

test('ten thousand calls on one signal leave no listener and no warning', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add({ id: 'a', vector: [1, 0] })
  const warnings: Error[] = []
  const warn = (warning: Error) => warnings.push(warning)
  process.on('warning', warn)
  const { signal } = new AbortController()
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 100 }, () => c.searchByVector([1, 0], { k: 1, signal })))
  }
  t.is(getEventListeners(signal, 'abort').length, 0)
  await new Promise(resolve => setImmediate(resolve))
  process.off('warning', warn)
  t.deepEqual(warnings, [])
})

test('aborting many calls at once rejects each with the reason', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(Array.from({ length: 1000 }, (_, i) => ({ id: `r${i}`, vector: [i, 1] })))
  const controller = new AbortController()
  const reason = new Error('enough')
  const searches = Array.from({ length: 2000 }, () =>
    c.searchByVector([1, 0], { signal: controller.signal }).catch((error: unknown) => error),
  )
  controller.abort(reason)
  const outcomes = await Promise.all(searches)
  t.true(outcomes.every(outcome => outcome === reason || Array.isArray(outcome)))
  t.true(outcomes.includes(reason))
  t.is(getEventListeners(controller.signal, 'abort').length, 0)
})

test('opening a store can be aborted', async t => {
  const path = await storePath(t)
  const controller = new AbortController()
  const opening = open(path, { signal: controller.signal })
  controller.abort()
  await t.throwsAsync(opening, { any: true, name: 'AbortError' })
  await (await open(path)).close()
})

testWithModel(
  'encoding is given up when it is aborted, and the encoder goes on',
  async (t, encoder) => {
    const texts = Array.from({ length: 50_000 }, (_, i) => `a sentence with the number ${i} in it`)
    const { signal } = new AbortController()
    const reference = await encoder.encode(texts.slice(0, 3), { signal })
    for (const delay of [0, 20, 200]) {
      const controller = new AbortController()
      const encoding = encoder.encode(texts, { signal: controller.signal })
      setTimeout(() => controller.abort(), delay)
      await t.throwsAsync(encoding, { any: true, name: 'AbortError' })
    }
    t.deepEqual(await encoder.encode(texts.slice(0, 3), { signal }), reference)
  },
)
