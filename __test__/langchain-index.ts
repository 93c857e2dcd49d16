// LangChain's index() with our record manager and vector store, in all its ways of cleaning up.
import { Document } from '@langchain/core/documents'
import { index } from '@langchain/core/indexing'
import { SyntheticEmbeddings } from '@langchain/core/utils/testing'
import test, { type ExecutionContext } from 'ava'
import { HippocampRecordManager, HippocampVectorStore } from 'hippocamp/langchain'
import { openStore, refused } from './support/stores.js'

async function setUp(t: ExecutionContext) {
  const store = await openStore(t)
  const recordManager = new HippocampRecordManager({
    collection: store.collection('indexed', { vectors: false }),
  })
  await recordManager.createSchema()
  const collection = store.collection('documents')
  const vectorStore = new HippocampVectorStore(new SyntheticEmbeddings({ vectorSize: 8 }), {
    collection,
  })
  const texts = async () => (await collection.list()).records.map(({ text }) => text).sort()
  return { recordManager, vectorStore, texts }
}

const of = (source: string, ...texts: string[]) =>
  texts.map(pageContent => new Document({ pageContent, metadata: { source } }))

const numbers = (numAdded: number, numDeleted: number, numUpdated: number, numSkipped: number) => {
  return { numAdded, numDeleted, numUpdated, numSkipped }
}

test('without cleaning up documents are added once', async t => {
  const { texts, ...places } = await setUp(t)
  t.deepEqual(await index({ docsSource: of('1', 'a', 'b', 'a'), ...places }), numbers(2, 0, 0, 0))
  t.deepEqual(await index({ docsSource: of('1', 'b', 'c'), ...places }), numbers(1, 0, 0, 1))
  t.deepEqual(await texts(), ['a', 'b', 'c'])
})

test('an incremental clean-up deletes what a source no longer has', async t => {
  const { texts, ...places } = await setUp(t)
  const options = { cleanup: 'incremental', sourceIdKey: 'source' } as const
  const both = [...of('1', 'a', 'b'), ...of('2', 'c')]
  t.deepEqual(await index({ docsSource: both, ...places, options }), numbers(3, 0, 0, 0))
  t.deepEqual(await index({ docsSource: both, ...places, options }), numbers(0, 0, 0, 3))
  t.deepEqual(
    await index({ docsSource: of('1', 'b', 'd'), ...places, options }),
    numbers(1, 1, 0, 1),
  )
  t.deepEqual(await texts(), ['b', 'c', 'd'])
})

test('a full clean-up deletes all that did not come again', async t => {
  const { texts, ...places } = await setUp(t)
  const options = { cleanup: 'full', cleanupBatchSize: 2 } as const
  const many = of('1', 'a', 'b', 'c', 'd', 'e', 'f')
  t.deepEqual(await index({ docsSource: many, ...places, options }), numbers(6, 0, 0, 0))
  t.deepEqual(
    await index({ docsSource: of('1', 'b', 'x'), ...places, options }),
    numbers(1, 5, 0, 1),
  )
  t.deepEqual(await texts(), ['b', 'x'])
  t.deepEqual(await index({ docsSource: [], ...places, options }), numbers(0, 2, 0, 0))
  t.deepEqual(await texts(), [])
})

test('documents are written again where that is forced', async t => {
  const { texts, ...places } = await setUp(t)
  await index({ docsSource: of('1', 'a', 'b'), ...places })
  const options = { forceUpdate: true }
  t.deepEqual(
    await index({ docsSource: of('1', 'a', 'b'), ...places, options }),
    numbers(0, 0, 2, 0),
  )
  t.deepEqual(await texts(), ['a', 'b'])
})

test('batches are cleaned up one by one, and runs that follow at once are told apart', async t => {
  const { texts, ...places } = await setUp(t)
  const options = { cleanup: 'incremental', sourceIdKey: 'source', batchSize: 1 } as const
  for (let i = 0; i < 20; i++)
    t.is((await index({ docsSource: of('1', `text ${i}`), ...places, options })).numAdded, 1)
  t.deepEqual(await texts(), ['text 19'])
})

test('keys are listed by time and group', async t => {
  const { recordManager } = await setUp(t)
  await recordManager.update(['a', 'b'], { groupIds: ['1', null] })
  const between = await recordManager.getTime()
  await recordManager.update(['c', 'b'], { groupIds: ['2', null], timeAtLeast: between })
  const listed = async (options: Parameters<typeof recordManager.listKeys>[0]) =>
    (await recordManager.listKeys(options)).sort()
  t.deepEqual(await listed({}), ['a', 'b', 'c'])
  t.deepEqual(await listed({ before: between }), ['a'])
  t.deepEqual(await listed({ after: between }), ['b', 'c'])
  t.deepEqual(await listed({ groupIds: ['1', '2'] }), ['a', 'c'])
  t.deepEqual(await listed({ groupIds: [null] }), ['b'])
  t.is((await recordManager.listKeys({ limit: 2 })).length, 2)
  t.deepEqual(await recordManager.exists(['c', 'x', 'a']), [true, false, true])
  await recordManager.update(['a'])
  t.deepEqual(await listed({ groupIds: ['1'] }), ['a'])
  await recordManager.deleteKeys(['a', 'x'])
  t.deepEqual(await recordManager.exists(['a', 'b']), [false, true])
})

test('a time that has not come yet and groups that do not fit are refused', async t => {
  const { recordManager } = await setUp(t)
  const later = (await recordManager.getTime()) + 60_000
  await refused(t, 'ERR_INVALID_ARGUMENT', () =>
    recordManager.update(['a'], { timeAtLeast: later }),
  )
  await refused(t, 'ERR_INVALID_ARGUMENT', () => recordManager.update(['a'], { groupIds: [] }))
  t.deepEqual(await recordManager.listKeys(), [])
})
