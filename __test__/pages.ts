// What is longer than a page is read whole, also where a store's limits allow only small pages.
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { emptyCheckpoint } from '@langchain/langgraph-checkpoint'
import test from 'ava'
import { memoryToolHandlers } from 'hippocamp/anthropic'
import {
  HippocampChatMessageHistory,
  HippocampKeyValueStore,
  HippocampRecordManager,
} from 'hippocamp/langchain'
import { HippocampSaver, HippocampStore } from 'hippocamp/langgraph'
import { HippocampSession } from 'hippocamp/openai-agents'
import { openStore } from './support/stores.js'

const MANY = Array.from({ length: 12 }, (_, i) => i)

test('every adapter reads what is longer than the pages that a store allows', async t => {
  const store = await openStore(t, { limits: { batchRecords: 5 } })
  const collection = (name: string) => store.collection(name, { vectors: false })
  t.is(collection('any').limits.batchRecords, 5)

  const values = new HippocampKeyValueStore({ collection: collection('values') })
  for (const i of MANY) await values.mset([[`k${i}`, i]])
  t.deepEqual(
    await collected(values.yieldKeys()),
    MANY.map(i => `k${i}`),
  )

  const records = new HippocampRecordManager({ collection: collection('records') })
  for (const i of MANY) await records.update([`k${i}`])
  t.deepEqual(
    await records.listKeys(),
    MANY.map(i => `k${i}`),
  )
  t.is((await records.listKeys({ limit: 7 })).length, 7)

  const history = new HippocampChatMessageHistory({ collection: collection('history') })
  for (const i of MANY) await history.addMessages([new HumanMessage(`q${i}`), new AIMessage('a')])
  t.is((await history.getMessages()).length, 24)

  const session = new HippocampSession({ collection: collection('sessions'), sessionId: 'one' })
  for (const i of MANY) await session.addItems([{ role: 'user', content: `item ${i}` }])
  t.is((await session.getItems()).length, 12)
  t.deepEqual(
    (await session.getItems(7)).map(item => 'content' in item && item.content),
    MANY.slice(5).map(i => `item ${i}`),
  )
  t.deepEqual(await session.getItems(0), [])

  const items = new HippocampStore({ collection: collection('items') })
  for (const i of MANY) await items.put([`n${i % 2}`], `k${i}`, { i }, undefined, { ttl: 1e-3 + i })
  t.deepEqual(
    (await items.search([], { offset: 3, limit: 8 })).map(({ key }) => key),
    MANY.map(i => `k${i}`)
      .reverse()
      .slice(3, 11),
  )

  const saver = new HippocampSaver({ collection: collection('checkpoints') })
  let config: Parameters<HippocampSaver['put']>[0] = { configurable: { thread_id: 't' } }
  for (const i of MANY) {
    const checkpoint = { ...emptyCheckpoint(), id: `id-${String(i).padStart(2, '0')}` }
    config = await saver.put(config, checkpoint, { source: 'loop', step: i, parents: {} }, {})
    await saver.putWrites(config, [['channel', i]], 'task')
  }
  const found = async (options = {}) =>
    (await collected(saver.list({ configurable: { thread_id: 't' } }, options))).map(
      ({ metadata }) => metadata?.step,
    )
  t.deepEqual(await found(), MANY.toReversed())
  t.deepEqual(await found({ limit: 7 }), MANY.toReversed().slice(0, 7))
  t.deepEqual(await found({ filter: { step: 2 } }), [2])

  const files = memoryToolHandlers({ collection: collection('files') })
  for (const i of MANY)
    await files.create({ command: 'create', path: `/memories/${i}`, file_text: 'x' })
  const seen = await files.view({ command: 'view', path: '/memories' })
  t.is(String(seen).split('\n').length, 2 + MANY.length)
})

test('what has expired is swept whole, page by page', async t => {
  const store = await openStore(t, { limits: { batchRecords: 5 } })
  const items = new HippocampStore({ collection: store.collection('items', { vectors: false }) })
  for (const i of MANY) await items.put([`n${i % 3}`], `k${i}`, { i }, undefined, { ttl: 1e-6 })
  await items.put(['n0'], 'kept', { i: 0 })
  await new Promise(resolve => setTimeout(resolve, 5))
  t.is(await items.sweepExpiredItems(), 12)
  t.deepEqual(
    (await items.search([])).map(({ key }) => key),
    ['kept'],
  )
})

async function collected<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of all) found.push(one)
  return found
}
