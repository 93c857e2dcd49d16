// Records found by what they say and by when they were used last.
import test, { type ExecutionContext } from 'ava'
import type { Encoder } from 'hippocamp'
import {
  TimeWeightedVectorStoreRetriever,
  type TimeWeightedVectorStoreRetrieverOptions,
  VectorStoreRetrieverMemory,
} from 'hippocamp/memory'
import { reopenable, shown } from './support/memories.js'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

const HOUR = 3_600_000

/** A clock that is moved by hand. */
function clock() {
  let hours = 0
  return {
    now: () => new Date(Date.UTC(2026, 0, 1) + hours * HOUR),
    pass: (more: number) => {
      hours += more
    },
  }
}

async function setUp(
  t: ExecutionContext,
  encoder: Encoder,
  options: Omit<TimeWeightedVectorStoreRetrieverOptions, 'collection'> = {},
) {
  const { now, pass } = clock()
  const { collection, reopen } = await reopenable(t, encoder)
  const retriever = new TimeWeightedVectorStoreRetriever({ collection, now, ...options })
  const reopened = async () =>
    new TimeWeightedVectorStoreRetriever({ collection: await reopen(), now, ...options })
  return { collection, retriever, reopened, pass, now }
}

const documents = (...texts: string[]) => texts.map(pageContent => ({ pageContent }))
const texts = async (retriever: TimeWeightedVectorStoreRetriever, question: string) =>
  (await retriever.invoke(question)).map(({ pageContent }) => pageContent)

testWithModel('LangChain’s fault: k documents are found, not k + 1', async (t, encoder) => {
  const { retriever } = await setUp(t, encoder)
  t.is(retriever.k, 4)
  t.is(retriever.decayRate, 0.01)
  t.is(retriever.searchKwargs, 100)
  await retriever.addDocuments(documents(...Array.from({ length: 10 }, (_, i) => `fact ${i}`)))
  t.is((await retriever.getRelevantDocuments('fact')).length, 4)
  t.is((await retriever.search('fact', { k: 7 })).length, 7)
  t.is((await retriever.search('fact', { k: 70 })).length, 10)
})

testWithModel(
  'LangChain’s fault: nothing is forgotten when the process ends',
  async (t, encoder) => {
    const { retriever, reopened, pass, now } = await setUp(t, encoder, { k: 1, decayRate: 0.5 })
    const [old] = await retriever.addDocuments(documents('Ann plays the violin', '她住在杭州'))
    pass(5)
    t.deepEqual(await texts(retriever, 'Who plays the violin?'), ['Ann plays the violin'])
    const again = await reopened()
    pass(1)
    // The one that was used an hour ago, though nothing is asked.
    t.deepEqual(await texts(again, ''), ['Ann plays the violin'])
    const [document] = await again.getRelevantDocuments('Who plays the violin?')
    const { score, ...found } = document ?? {}
    t.true((score ?? 0) > 1)
    t.deepEqual(found, {
      id: old,
      pageContent: 'Ann plays the violin',
      metadata: { lastAccessedAt: now().toISOString() },
    })
  },
)

testWithModel('the score is what LangChain computes', async (t, encoder) => {
  const { retriever, collection, pass } = await setUp(t, encoder, {
    decayRate: 0.1,
    otherScoreKeys: ['importance', 'by.ann'],
  })
  const metadata = { importance: 0.25, by: { ann: 2 } }
  await retriever.addDocuments([
    { id: 'a', pageContent: 'Ann plays the violin', metadata },
    { id: 'b', pageContent: 'Bob plays the drums', metadata: { importance: 'high' } },
  ])
  const relevance = new Map(
    (await collection.search('Who plays the violin?')).map(({ id, score }) => [id, score]),
  )
  pass(3)
  const hits = await retriever.search('Who plays the violin?')
  t.deepEqual(
    hits.map(({ id }) => id),
    ['a', 'b'],
  )
  const expected = [
    0.9 ** 3 + (relevance.get('a') ?? 0) + 0.25 + 2,
    0.9 ** 3 + (relevance.get('b') ?? 0),
  ]
  for (const [i, { score }] of hits.entries()) t.true(Math.abs(score - (expected[i] ?? 0)) < 1e-6)
})

testWithModel('what was used lately comes before what was not', async (t, encoder) => {
  const { retriever, pass } = await setUp(t, encoder, { k: 1, decayRate: 0.9, searchKwargs: 1 })
  await retriever.addDocuments(documents('My sport is soccer'))
  pass(10)
  await retriever.addDocuments(documents('My sport is tennis'))
  t.deepEqual(await texts(retriever, 'My sport is what?'), ['My sport is tennis'])
  pass(10)
  // Looked at though it is not the most relevant: it was used last.
  t.deepEqual(await texts(retriever, 'soccer'), ['My sport is soccer'])
  t.deepEqual(await texts(retriever, ''), ['My sport is soccer'])
})

testWithModel('what is important is looked at though nobody used it', async (t, encoder) => {
  const { retriever, pass } = await setUp(t, encoder, {
    k: 1,
    searchKwargs: 1,
    otherScoreKeys: ['importance'],
  })
  await retriever.addDocuments([
    { pageContent: 'The house is on fire', metadata: { importance: 5 } },
  ])
  pass(1000)
  await retriever.addDocuments(documents('I had tea', 'I had coffee', 'I had juice'))
  t.deepEqual(await texts(retriever, 'What did I drink?'), ['The house is on fire'])
})

testWithModel('a time that is given is kept, and a filter holds', async (t, encoder) => {
  const { retriever, collection } = await setUp(t, encoder)
  const lastAccessedAt = new Date(0).toISOString()
  await retriever.addDocuments([
    { id: 'a', pageContent: 'a', metadata: { lastAccessedAt, user: 'ann' } },
    { id: 'b', pageContent: 'b', metadata: { user: 'bob' } },
  ])
  t.like(await collection.get('a'), { metadata: { lastAccessedAt } })
  const hits = await retriever.search('a', { where: { user: 'bob' } })
  t.deepEqual(
    hits.map(({ id }) => id),
    ['b'],
  )
  // It was not found, and not used.
  t.like(await collection.get('a'), { metadata: { lastAccessedAt } })
  t.is(await retriever.delete({ where: { user: 'bob' } }), 1)
  t.is(await retriever.clear(), 1)
  t.deepEqual(await retriever.addDocuments([]), [])
})

testWithModel('records from elsewhere count as used when they were written', async (t, encoder) => {
  const { retriever, collection } = await setUp(t, encoder, { now: () => new Date() })
  await collection.add([
    { id: 'plain', text: 'one' },
    { id: 'wrong', text: 'two', metadata: { lastAccessedAt: 'long ago' } },
  ])
  for (const { score } of await retriever.search('one')) t.true(score >= 0.99)
})

testWithModel('it can be the place where a memory keeps its turns', async (t, encoder) => {
  const { retriever, reopened, pass } = await setUp(t, encoder, { decayRate: 0.5 })
  const memory = new VectorStoreRetrieverMemory({ collection: retriever, k: 1 })
  await memory.saveContext({ input: 'My sport is soccer' }, { output: 'ok' })
  pass(5)
  await memory.saveContext({ input: 'My sport is tennis' }, { output: 'ok' })
  t.is(await shown(memory, { input: 'Which sport?' }), 'input: My sport is tennis\noutput: ok')
  const again = new VectorStoreRetrieverMemory({ collection: await reopened(), k: 1 })
  t.is(await shown(again, { input: 'soccer or tennis?' }), 'input: My sport is tennis\noutput: ok')
  await again.clear()
  t.is(await shown(again, { input: 'Which sport?' }), '')
})

testWithModel(
  'a signal ends each call with its reason, and nothing is used',
  async (t, encoder) => {
    const { retriever, collection } = await setUp(t, encoder)
    await retriever.addDocuments([{ id: 'a', pageContent: 'a' }])
    const before = await collection.get('a')
    const reason = new Error('enough')
    const call = { signal: AbortSignal.abort(reason) }
    t.is(await t.throwsAsync(retriever.invoke('a', call)), reason)
    t.is(await t.throwsAsync(retriever.addDocuments(documents('b'), call)), reason)
    t.is(await t.throwsAsync(retriever.clear(call)), reason)
    t.deepEqual(await collection.get('a'), before)
    t.is(await collection.count(), 1)
  },
)

test('options and arguments that cannot be right are refused by name', async t => {
  const collection = (await openStore(t)).collection('c')
  const cases: [Anything, RegExp][] = [
    [undefined, /collection is undefined/],
    [
      { collection: {} },
      /collection is an object: give a collection, from store\.collection\(\), or an object with the methods add/,
    ],
    [{ collection, decayRate: 2 }, /decayRate is 2: give a number from 0 to 1/],
    [{ collection, k: 0 }, /k is 0/],
    [{ collection, otherScoreKeys: 'a' }, /otherScoreKeys is "a"/],
    [{ collection, otherScoreKeys: [''] }, /a key of otherScoreKeys is ""/],
    [{ collection, searchKwargs: 0 }, /searchKwargs is 0/],
    [{ collection, defaultSalience: Number.NaN }, /defaultSalience is NaN/],
    [{ collection, now: 7 }, /now is 7/],
    [{ collection, decay: 1 }, /unknown option "decay"/],
  ]
  for (const [options, pattern] of cases) {
    const construct = () => new TimeWeightedVectorStoreRetriever(options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', construct)).message, pattern)
  }
  const retriever = new TimeWeightedVectorStoreRetriever({ collection })
  for (const call of [
    () => retriever.addDocuments('a' as Anything),
    () => retriever.addDocuments([null] as Anything),
    () => retriever.addDocuments([{ text: 'a' }] as Anything),
    () => retriever.search(7 as Anything),
    () => retriever.search('a', { k: 0 }),
    () => retriever.search('a', { mode: 'vector' } as Anything),
  ]) {
    await refused(t, 'ERR_INVALID_ARGUMENT', call)
  }
  const metadata = 'b' as Anything
  await refused(t, 'ERR_INVALID_METADATA', () =>
    retriever.addDocuments([{ pageContent: 'a', metadata }]),
  )
  const stopped = new TimeWeightedVectorStoreRetriever({ collection, now: () => 0 as Anything })
  await refused(t, 'ERR_INVALID_ARGUMENT', () => stopped.addDocuments(documents('a')))
})
