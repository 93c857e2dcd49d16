// Records that are stored unless there is one like them, and turns with those around them, from JavaScript.
import test from 'ava'
import { testWithModel } from './support/models.js'
import { direction, openStore, refused } from './support/stores.js'

test('a record like one that is there is not stored', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add({ id: 'a', metadata: { n: 1 }, vector: direction(0) })
  const changes = { metadata: { seen: 2, n: undefined } }
  const added = await c.addDistinct(
    [
      { id: 'b', vector: direction(2) },
      { id: 'c', vector: direction(90) },
    ],
    { similarity: 0.99, changes },
  )
  t.is(added.length, 2)
  t.is(added[0]?.id, 'a')
  t.is(added[0]?.similar?.id, 'a')
  t.true(Math.abs((added[0]?.similar?.similarity ?? 0) - Math.cos(Math.PI / 90)) < 1e-3)
  t.deepEqual(added[1], { id: 'c' })
  t.deepEqual((await c.get('a'))?.metadata, { seen: 2 })
  const where = { seen: { $exists: false } }
  t.deepEqual(await c.addDistinct({ id: 'd', vector: direction(1) }, { where }), [{ id: 'd' }])
  const kept = await c.addDistinct({ id: 'e', vector: direction(91) }, { similar: 'keep' })
  t.deepEqual([kept[0]?.id, kept[0]?.similar?.id], ['e', 'c'])
  t.is(await c.count(), 4)
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.addDistinct([], { similarity: 2 }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.addDistinct([], { similar: 'no' as 'keep' }))
})

testWithModel('what says the same is known by its meaning', async (t, encoder) => {
  const store = await openStore(t, { encoder })
  const facts = store.collection('facts')
  const add = async (text: string) => (await facts.addDistinct({ text }))[0]?.similar !== undefined
  t.false(await add('Ann lives in Paris.'))
  t.true(await add('Ann lives in Paris'))
  t.false(await add('Ann likes pizza with pineapple.'))
  const all = await Promise.all(Array.from({ length: 40 }, () => add('Bob plays the piano.')))
  t.is(all.filter(similar => !similar).length, 1)
  t.is(await facts.count(), 3)
})

test('turns come with those around them', async t => {
  const store = await openStore(t)
  const talk = store.collection('talk', { turns: true })
  const records = ['a', 'b', 'c', 'd'].map(id => ({
    id,
    text: id,
    metadata: { session: id === 'c' ? 2 : 1 },
    vector: [1],
  }))
  await talk.add(records)
  const around = async (id: string, options?: object) =>
    (await talk.around(id, options)).map(record => record.id)
  t.deepEqual(await around('b'), ['a', 'b', 'd'])
  t.deepEqual(await around('b', { before: 0 }), ['b', 'd'])
  t.deepEqual(await around('c', { before: 1e9, after: 3 }), ['c'])
  t.deepEqual(await around('none'), [])
  await refused(t, 'ERR_INVALID_ARGUMENT', () => talk.around('a', { after: -1 }))
  await store.collection('plain').add({ id: 'a', vector: [1] })
  await refused(t, 'ERR_INVALID_ARGUMENT', () => store.collection('plain').around('a'))
})
