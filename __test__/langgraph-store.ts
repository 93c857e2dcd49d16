// LangGraph's store over a collection, beside LangGraph's own in memory where both are to do the same.

import { Document } from '@langchain/core/documents'
import {
  entrypoint,
  getStore,
  InMemoryStore,
  MessagesAnnotation,
  StateGraph,
} from '@langchain/langgraph'
import type {
  BaseStore,
  GetOperation,
  ListNamespacesOperation,
  PutOperation,
  SearchOperation,
} from '@langchain/langgraph-checkpoint'
import test, { type ExecutionContext } from 'ava'
import { HippocampEmbeddings, HippocampVectorStore } from 'hippocamp/langchain'
import { HippocampStore, type HippocampStoreInput } from 'hippocamp/langgraph'
import { LongTermMemory } from 'hippocamp/memory'
import { testWithModel } from './support/models.js'
import { openStore, refused, storePath } from './support/stores.js'

async function made(t: ExecutionContext, options: Partial<HippocampStoreInput> = {}) {
  const collection = (await openStore(t)).collection('items', { vectors: false })
  return new HippocampStore({ collection, ...options })
}

/** What both stores say of an item. */
const plain = (items: { namespace: string[]; key: string; value: unknown }[]) =>
  items.map(({ namespace, key, value }) => ({ namespace, key, value }))
const keys = (items: { key: string }[]) => items.map(({ key }) => key).sort()

const NAMESPACES = [
  ['users', '1'],
  ['users', '10'],
  ['users', '1', 'notes'],
  ['docs'],
  ['用户', '1'],
]

async function fill(store: BaseStore): Promise<void> {
  for (const [i, namespace] of NAMESPACES.entries()) {
    for (let n = 0; n < 4; n++)
      await store.put(namespace, `k${n}`, { n, i, kind: n % 2 ? 'odd' : 'even', deep: { n: [n] } })
  }
}

test('what is put is there, replaced, found by its filter and deleted, as in memory', async t => {
  const [own, theirs] = [await made(t), new InMemoryStore()]
  for (const store of [own, theirs]) {
    await fill(store)
    await store.put(['docs'], 'k1', { replaced: true })
    await store.delete(['docs'], 'k0')
    await store.delete(['docs'], 'nothing')
  }
  for (const namespace of [...NAMESPACES, ['nobody']])
    for (const key of ['k0', 'k1', 'nothing']) {
      const [a, b] = await Promise.all([own, theirs].map(store => store.get(namespace, key)))
      t.deepEqual(a && plain([a]), b && plain([b]))
    }
  const filters = [
    undefined,
    {},
    { n: 1 },
    { n: { $gt: 1 } },
    { n: { $gte: 1, $lt: 3 }, kind: 'odd' },
    { n: { $ne: 1 } },
    { kind: { $eq: 'even' }, i: 0 },
    { n: null },
    { missing: 1 },
  ]
  for (const prefix of [[], ['users'], ['users', '1'], ['user'], ['用户'], ['docs']])
    for (const filter of filters) {
      const options = { limit: 100, ...(filter && { filter }) }
      const [a, b] = await Promise.all([own, theirs].map(store => store.search(prefix, options)))
      const sorted = (items: typeof a = []) =>
        plain(items).sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1))
      t.deepEqual(sorted(a), sorted(b), JSON.stringify({ prefix, filter }))
    }
  const item = await own.get(['docs'], 'k1')
  t.true(item && item.createdAt <= item.updatedAt && item.updatedAt <= new Date())
})

test('namespaces are listed as in memory', async t => {
  const [own, theirs] = [await made(t), new InMemoryStore()]
  for (const store of [own, theirs]) await fill(store)
  const all = [
    {},
    { prefix: ['users'] },
    { prefix: ['users', '1'] },
    { prefix: ['*', '1'] },
    { suffix: ['1'] },
    { suffix: ['*', 'notes'] },
    { prefix: ['users'], suffix: ['notes'] },
    { maxDepth: 1 },
    { maxDepth: 2, prefix: ['users'] },
    { limit: 2, offset: 1 },
    { prefix: ['nobody'] },
  ]
  for (const options of all)
    t.deepEqual(
      await own.listNamespaces(options),
      await theirs.listNamespaces(options),
      JSON.stringify(options),
    )
})

test('items are listed the newest first, page by page', async t => {
  const store = await made(t)
  await fill(store)
  const found = async (limit: number, offset: number) =>
    (await store.search(['users'], { limit, offset })).map(({ value }) => [value.i, value.n])
  const all = await found(100, 0)
  t.deepEqual(all[0], [2, 3])
  t.is(all.length, 12)
  const pages = [...(await found(5, 0)), ...(await found(5, 5)), ...(await found(5, 10))]
  t.deepEqual(pages, all)
  t.deepEqual(await found(0, 0), [])
  t.is((await store.search(['users'])).length, 10)
})

test('a batch reads what was there before, and of two writes the last counts', async t => {
  const store = await made(t)
  await store.put(['a'], 'k', { v: 0 })
  const [before, , found, , spaces] = await store.batch<
    [
      GetOperation,
      PutOperation,
      SearchOperation,
      PutOperation,
      ListNamespacesOperation,
      PutOperation,
    ]
  >([
    { namespace: ['a'], key: 'k' },
    { namespace: ['a'], key: 'k', value: { v: 1 } },
    { namespacePrefix: ['a'], limit: 10 },
    { namespace: ['a'], key: 'k', value: { v: 2 } },
    { limit: 10, offset: 0, matchConditions: [] },
    { namespace: ['a'], key: 'gone', value: null },
  ])
  t.is(before?.value.v, 0)
  t.deepEqual(
    found?.map(({ value }) => value),
    [{ v: 0 }],
  )
  t.deepEqual(spaces, [['a']])
  t.is((await store.get(['a'], 'k'))?.value.v, 2)
})

test('questions are answered by the words of the fields that are indexed', async t => {
  const store = await made(t, { fields: ['title', 'parts[*].text'] })
  await store.put(['d'], 'a', { title: 'Green tea', body: 'coffee', parts: [{ text: 'jasmine' }] })
  await store.put(['d'], 'b', { title: 'Coffee', parts: [] })
  await store.put(['d'], 'c', { title: 'Tea again' }, false)
  await store.put(['d'], 'd', { title: 'Nothing', extra: 'tea' }, ['extra'])
  await store.put(['d'], 'e', { other: 'tea' })
  await store.put(['d'], 'f', { tags: ['oolong', { deep: ['tea'] }] }, ['tags'])
  const asked = async (query: string) => keys(await store.search(['d'], { query }))
  t.deepEqual(await asked('tea'), ['a', 'd', 'f'])
  t.deepEqual(await asked('oolong'), ['f'])
  t.deepEqual(await asked('jasmine'), ['a'])
  t.deepEqual(await asked('coffee'), ['b'])
  t.deepEqual(keys(await store.search(['d'], { limit: 100 })), ['a', 'b', 'c', 'd', 'e', 'f'])
  const [best] = await store.search(['d'], { query: 'green tea', filter: { title: 'Green tea' } })
  t.is(best?.key, 'a')
  t.true((best?.score ?? 0) > 0)
  t.deepEqual(await store.search(['d'], { query: 'tea', similarityThreshold: 1 }), [])
})

/** Runs with a clock that is set forward by hand. */
async function withClock(run: (forward: (minutes: number) => void) => Promise<void>) {
  const real = Date.now
  let ahead = 0
  Date.now = () => real() + ahead
  try {
    await run(minutes => {
      ahead += minutes * 60_000
    })
  } finally {
    Date.now = real
  }
}

test.serial('what has expired is not seen, and then deleted', async t => {
  const store = await made(t, { ttl: { refreshOnRead: false } })
  await withClock(async forward => {
    await store.put(['a'], 'short', { text: 'tea' }, undefined, { ttl: 5 })
    await store.put(['a'], 'long', { text: 'tea' }, undefined, { ttl: 15 })
    await store.put(['a', 'b'], 'short', { text: 'tea' }, undefined, { ttl: 5 })
    await store.put(['a'], 'ever', { text: 'tea' })
    forward(4)
    t.is(keys(await store.search(['a'])).length, 4)
    forward(2)
    t.is(await store.get(['a'], 'short'), null)
    t.deepEqual(keys(await store.search(['a'])), ['ever', 'long'])
    t.deepEqual(keys(await store.search(['a'], { query: 'tea' })), ['ever', 'long'])
    t.is(await store.sweepExpiredItems(), 2)
    t.is(await store.sweepExpiredItems(), 0)
    t.deepEqual((await store.get(['a'], 'long'))?.value, { text: 'tea' })
    t.deepEqual(await store.listNamespaces(), [['a']])
  })
})

test.serial('being read begins an item’s time anew, unless it is not to', async t => {
  const defaultTtl = 10
  const kept = await made(t, { ttl: { defaultTtl } })
  const lost = await made(t, { ttl: { defaultTtl, refreshOnRead: false } })
  await withClock(async forward => {
    for (const store of [kept, lost]) {
      await store.put(['a'], 'got', { v: 1 })
      await store.put(['a'], 'found', { v: 2 })
    }
    for (let i = 0; i < 4; i++) {
      forward(4)
      for (const store of [kept, lost]) {
        await store.get(['a'], 'got')
        await store.search(['a'], { filter: { v: 2 } })
      }
    }
    t.deepEqual(keys(await kept.search(['a'], { refreshTtl: false })), ['found', 'got'])
    t.deepEqual((await kept.get(['a'], 'got'))?.value, { v: 1 })
    t.deepEqual(await lost.search(['a']), [])
  })
})

test('what is written while an item is read stays as it was written', async t => {
  const store = await made(t, { ttl: { defaultTtl: 10 } })
  for (let i = 0; i < 30; i++) {
    await store.put(['a'], `k${i}`, { text: 'old' })
    await Promise.all([
      store.get(['a'], `k${i}`),
      store.put(['a'], `k${i}`, { content: 'new' }, false, { ttl: 99 }),
      store.search(['a'], { limit: 100 }),
    ])
  }
  for (let i = 0; i < 30; i++)
    t.deepEqual((await store.get(['a'], `k${i}`))?.value, { content: 'new' })
  t.deepEqual(await store.search(['a'], { query: 'new' }), [])
  const before = await store.get(['a'], 'k0')
  await new Promise(resolve => setTimeout(resolve, 5))
  const after = await store.get(['a'], 'k0')
  t.deepEqual(before?.updatedAt, after?.updatedAt)
})

test('a store that cannot be written is read all the same', async t => {
  const path = await storePath(t)
  const write = await openStore(t, { path })
  const at = (store: typeof write) =>
    new HippocampStore({
      collection: store.collection('items', { vectors: false }),
      ttl: { defaultTtl: 10 },
    })
  await at(write).put(['a'], 'k', { text: 'tea' })
  await write.close()
  const readOnly = at(await openStore(t, { path, readOnly: true }))
  t.deepEqual((await readOnly.get(['a'], 'k'))?.value, { text: 'tea' })
  t.is((await readOnly.search(['a'])).length, 1)
})

test('a started store sweeps by itself, and stops', async t => {
  const collection = (await openStore(t)).collection('items', { vectors: false })
  const store = new HippocampStore({ collection, ttl: { sweepIntervalMinutes: 0.02 / 60 } })
  store.start()
  store.start()
  await store.put(['a'], 'k', { v: 1 }, undefined, { ttl: 0.01 / 60 })
  for (let i = 0; i < 100 && (await collection.count({ recursive: true })) > 0; i++)
    await new Promise(resolve => setTimeout(resolve, 20))
  t.is(await collection.count({ recursive: true }), 0)
  store.stop()
  await store.put(['a'], 'k', { v: 1 }, undefined, { ttl: 0.01 / 60 })
  await new Promise(resolve => setTimeout(resolve, 100))
  t.is(await collection.count({ recursive: true }), 1)
})

test('values come back as they were, with text, without, and with keys like ours', async t => {
  const store = await made(t)
  const values = [
    { text: 'a text' },
    { text: 'a text', more: 1 },
    { content: 'no text' },
    { text: 7 },
    { n: 1 },
    {},
    { text: '' },
    { $: 'dollar', 'a.b': 1, '': 2, __proto__x: 3 },
  ]
  for (const [i, value] of values.entries()) await store.put(['v'], `${i}`, value)
  for (const [i, value] of values.entries())
    t.deepEqual((await store.get(['v'], `${i}`))?.value, value)
  await refused(t, 'ERR_INVALID_ARGUMENT', () => store.put(['v'], 'x', { '@item': 1 }))
  await refused(t, 'ERR_INVALID_METADATA', () => store.put(['v'], 'x', { f: () => 1 }))
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  await refused(t, 'ERR_INVALID_METADATA', () => store.put(['v'], 'x', cyclic))
  t.is(await store.get(['v'], 'x'), null)
})

test('what cannot be right is refused with its name', async t => {
  const store = await made(t)
  const bad: [() => unknown, RegExp][] = [
    [() => store.put([], 'k', {}), /the namespace is/],
    [() => store.put(['a'], '', {}), /the key is ""/],
    [() => store.get(['a'], ''), /the key is ""/],
    [() => store.put(['a\0'], 'k', {}), /NUL/],
    [() => store.put(['a'], 'k', [] as never), /the value of "k"/],
    [() => store.put(['a'], 'k', {}, ['a b[']), /path 0 of index/],
    [() => store.put(['a'], 'k', {}, undefined, { ttl: 0 }), /ttl is 0/],
    [() => store.search(['a'], { limit: -1 }), /limit/],
    [() => store.search(['a'], { mode: 'fuzzy' as never, query: 'x' }), /mode/],
    [() => store.search(['a'], { querry: 'x' } as never), /querry/],
    [() => store.search('a' as never), /the namespace is "a"/],
    [() => new HippocampStore({ collection: 1 as never }), /collection is 1/],
  ]
  for (const [call, message] of bad) {
    const error = await refused(t, 'ERR_INVALID_ARGUMENT', call)
    t.regex(error.message, message)
  }
})

testWithModel(
  'nodes of a graph find what others have stored, by its meaning',
  async (t, encoder) => {
    const collection = (await openStore(t, { encoder })).collection('items')
    const store = new HippocampStore({ collection })
    const graph = new StateGraph(MessagesAnnotation)
      .addNode('learn', async (_, config) => {
        await config.store?.put(['ann'], '1', { text: 'Ann likes to drink tea in the morning' })
        await config.store?.put(['ann'], '2', { text: 'The bus to the office leaves at nine' })
        return {}
      })
      .addNode('recall', async (_, config) => {
        const [best] =
          (await config.store?.search(['ann'], { query: 'What beverage does she prefer?' })) ?? []
        return { messages: [{ role: 'ai', content: String(best?.value.text) }] }
      })
      .addEdge('__start__', 'learn')
      .addEdge('learn', 'recall')
      .compile({ store })
    const { messages } = await graph.invoke({ messages: [] })
    t.is(messages[0]?.content, 'Ann likes to drink tea in the morning')
    const flow = entrypoint(
      { name: 'flow', store },
      async () =>
        (await getStore()?.search(['ann'], { query: 'How do I get to work?', limit: 1 }))?.[0]?.key,
    )
    t.is(await flow.invoke({}), '2')
  },
)

testWithModel(
  'one store has many doors: each finds what the others have stored',
  async (t, encoder) => {
    const collection = (await openStore(t, { encoder })).collection('shared', { turns: true })
    const notes = collection.namespace(['ann', 'notes'])
    const documents = new HippocampVectorStore(new HippocampEmbeddings({ encoder }), {
      collection: notes,
    })
    await documents.addDocuments([
      new Document({
        id: 'doc',
        pageContent: 'Tea is served at five.',
        metadata: { by: 'langchain' },
      }),
    ])
    const items = new HippocampStore({ collection })
    await items.put(['ann', 'notes'], 'item', {
      text: 'The cat sleeps on the sofa.',
      by: 'langgraph',
    })
    const memory = new LongTermMemory({ collection: notes })
    await memory.remember({ text: 'Ann moved to Berlin.' })

    const found = await items.search(['ann'], { query: 'When can I drink something?', limit: 1 })
    t.deepEqual(plain(found), [
      {
        namespace: ['ann', 'notes'],
        key: 'doc',
        value: { by: 'langchain', text: 'Tea is served at five.' },
      },
    ])
    const [cat] = await documents.similaritySearch('pet', 1)
    t.is(cat?.pageContent, 'The cat sleeps on the sofa.')
    t.is(cat?.metadata.by, 'langgraph')
    const [moved] = await items.search([], { query: 'Where does Ann live?', limit: 1 })
    t.is(moved?.value.text, 'Ann moved to Berlin.')
  },
)
