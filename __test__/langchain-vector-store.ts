// The vector store with LangChain's own classes: its documents, retrievers and fake embeddings, and its index().
import { Document } from '@langchain/core/documents'
import { FakeEmbeddings, SyntheticEmbeddings } from '@langchain/core/utils/testing'
import test, { type ExecutionContext } from 'ava'
import {
  HippocampEmbeddings,
  HippocampRetriever,
  HippocampVectorStore,
  type HippocampVectorStoreConfig,
} from 'hippocamp/langchain'
import { testWithModel } from './support/models.js'
import { openStore, refused, storePath } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'

const TEA = new Document({ id: 'tea', pageContent: 'Tea is served at five.', metadata: { at: 5 } })
const CAT = new Document({ id: 'cat', pageContent: 'The cat sleeps.', metadata: { at: 7 } })
const BUS = new Document({
  id: 'bus',
  pageContent: 'The bus leaves at nine.',
  metadata: { at: 9, stops: ['a', 'b'], driver: { name: 'Ann' } },
})

/** The same vector for the same text, whatever it means. */
const synthetic = () => new SyntheticEmbeddings({ vectorSize: 32 })

async function made(t: ExecutionContext, config?: HippocampVectorStoreConfig) {
  const store = new HippocampVectorStore(synthetic(), config)
  t.teardown(() => store.close())
  return store
}

test('documents come back as they were, by their vectors, best first', async t => {
  const store = await made(t)
  t.deepEqual(await store.addDocuments([TEA, CAT, BUS]), ['tea', 'cat', 'bus'])
  const [[found, score] = [], ...others] = await store.similaritySearchWithScore(BUS.pageContent, 3)
  t.deepEqual(found, BUS)
  t.true(found instanceof Document)
  t.true(Math.abs((score ?? 0) - 1) < 1e-3)
  t.is(others.length, 2)
  t.true(others.every(([, other]) => other < 0.999))
})

test('ids that are given go before the documents’ own, and a document of the same id is replaced', async t => {
  const store = await made(t)
  t.deepEqual(await store.addDocuments([TEA, CAT], { ids: ['1', '2'] }), ['1', '2'])
  await store.addDocuments([new Document({ id: '1', pageContent: 'Coffee' })])
  const found = await store.similaritySearch('Coffee', 10)
  t.deepEqual(found.map(({ id, pageContent }) => [id, pageContent]).sort(), [
    ['1', 'Coffee'],
    ['2', 'The cat sleeps.'],
  ])
  const [id] = await store.addDocuments([new Document({ pageContent: 'no id' })])
  t.regex(id ?? '', /^[0-9A-Z]{26}$/)
})

test('vectors of one’s own are stored and searched', async t => {
  const store = await made(t)
  await store.addVectors(
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
    [TEA, CAT],
  )
  const found = await store.similaritySearchVectorWithScore([0.1, 1, 0], 1)
  t.deepEqual(
    found.map(([document]) => document.id),
    ['cat'],
  )
})

test('filters are those of collections, or functions of a document', async t => {
  const store = await made(t)
  await store.addDocuments([TEA, CAT, BUS])
  const ids = async (filter: Parameters<typeof store.similaritySearch>[2]) =>
    (await store.similaritySearch('anything', 3, filter)).map(({ id }) => id).sort()
  t.deepEqual(await ids({ at: { $gt: 6 } }), ['bus', 'cat'])
  t.deepEqual(await ids({ 'driver.name': 'Ann' }), ['bus'])
  t.deepEqual(await ids({ stops: 'b' }), ['bus'])
  t.deepEqual(await ids(document => document.metadata.at < 8), ['cat', 'tea'])
  t.deepEqual(await ids(() => false), [])
})

test('a function as a filter finds what passes, however rare it is', async t => {
  const store = await made(t)
  const documents = Array.from(
    { length: 500 },
    (_, i) => new Document({ id: `${i}`, pageContent: `text ${i}`, metadata: { i } }),
  )
  await store.addDocuments(documents)
  const found = await store.similaritySearch('text 3', 2, ({ metadata }) => metadata.i % 250 === 1)
  t.deepEqual(found.map(({ id }) => id).sort(), ['1', '251'])
  const mmr = { k: 2, filter: ({ metadata }: Document) => metadata.i === 499 }
  t.deepEqual(
    (await store.maxMarginalRelevanceSearch('text 3', mmr)).map(({ id }) => id),
    ['499'],
  )
})

test('a function as a filter keeps to the limits of the store', async t => {
  const collection = (await openStore(t, { limits: { k: 100 } })).collection('c')
  const store = new HippocampVectorStore(synthetic(), { collection })
  await store.addDocuments(
    Array.from({ length: 300 }, (_, i) => new Document({ id: `${i}`, pageContent: `text ${i}` })),
  )
  t.deepEqual(await store.similaritySearch('text 3', 4, () => false), [])
})

test('delete takes ids, a filter or everything, and refuses to guess', async t => {
  const store = await made(t)
  await store.addDocuments([TEA, CAT, BUS])
  await store.delete({ ids: ['tea', 'nobody'] })
  const left = async () => (await store.similaritySearch('x', 10)).map(({ id }) => id).sort()
  t.deepEqual(await left(), ['bus', 'cat'])
  await store.delete({ filter: { at: 7 } })
  t.deepEqual(await left(), ['bus'])
  for (const params of [undefined, {}, { ids: ['bus'], deleteAll: true }, { deleteAll: false }])
    await refused(t, 'ERR_INVALID_ARGUMENT', () => store.delete(params as { deleteAll: true }))
  t.deepEqual(await left(), ['bus'])
  await store.delete({ deleteAll: true })
  t.deepEqual(await left(), [])
})

test('the best by marginal relevance differ from each other', async t => {
  const store = await made(t)
  const at = (degrees: number) => {
    const angle = (degrees * Math.PI) / 180
    return [Math.cos(angle), Math.sin(angle)]
  }
  class Question extends FakeEmbeddings {
    override async embedQuery() {
      return at(0)
    }
  }
  const documents = [10, 11, -50].map(
    degrees => new Document({ id: `${degrees}`, pageContent: 'x' }),
  )
  const plane = new HippocampVectorStore(new Question(), {
    collection: await store.collection(),
  })
  await plane.addVectors([10, 11, -50].map(at), documents)
  const ids = (found: Document[]) => found.map(({ id }) => id)
  t.deepEqual(ids(await plane.similaritySearch('x', 2)), ['10', '11'])
  const mmr = { k: 2, fetchK: 3, lambda: 0.5 }
  t.deepEqual(ids(await plane.maxMarginalRelevanceSearch('x', mmr)), ['10', '-50'])
  t.deepEqual(ids(await plane.maxMarginalRelevanceSearch('x', { ...mmr, lambda: 1 })), ['10', '11'])
  const two = { ...mmr, fetchK: 2 }
  t.deepEqual(ids(await plane.maxMarginalRelevanceSearch('x', two)), ['10', '11'])
  const retriever = plane.asRetriever({ k: 2, searchType: 'mmr', searchKwargs: { fetchK: 3 } })
  t.deepEqual(ids((await retriever.invoke('x')) as Document[]), ['10', '-50'])
})

test('a retriever finds k documents under its filter', async t => {
  const store = await made(t)
  await store.addDocuments([TEA, CAT, BUS])
  const found = await store.asRetriever(1, { at: { $lt: 8 } }).invoke(CAT.pageContent)
  t.deepEqual(found, [CAT])
  t.is(store.asRetriever()._vectorstoreType(), 'hippocamp')
})

test('texts and documents make a store, which a file keeps', async t => {
  const path = await storePath(t)
  const config = { path, collectionName: 'notes', namespace: ['用户', '42'] }
  const first = await HippocampVectorStore.fromTexts(
    ['one', 'two'],
    [{ n: 1 }, { n: 2 }],
    synthetic(),
    config,
  )
  await first.close()
  const again = await HippocampVectorStore.fromExistingIndex(synthetic(), config)
  const found = await again.similaritySearch('two', 1)
  t.deepEqual(
    found.map(({ pageContent, metadata }) => [pageContent, metadata]),
    [['two', { n: 2 }]],
  )
  await again.close()
  const others = await HippocampVectorStore.fromExistingIndex(synthetic(), {
    ...config,
    namespace: [],
  })
  t.deepEqual(await others.similaritySearch('two', 1), [])
  await others.close()
  const same = await HippocampVectorStore.fromTexts(['a', 'b'], { all: true }, synthetic())
  t.deepEqual(
    (await same.similaritySearch('b', 2)).map(({ metadata }) => metadata),
    [{ all: true }, { all: true }],
  )
  await same.close()
})

test('what was saved into a folder is loaded, and saving again replaces it', async t => {
  const folder = await temporaryFolder(t)
  const store = await made(t)
  await store.addDocuments([TEA, CAT])
  await store.save(folder)
  await store.addDocuments([BUS])
  await store.delete({ ids: ['tea'] })
  const load = async () => {
    const loaded = await HippocampVectorStore.load(folder, synthetic())
    const found = await loaded.similaritySearch(CAT.pageContent, 10)
    await loaded.close()
    return found
  }
  const before = await load()
  t.deepEqual(before[0], CAT)
  t.deepEqual(before.map(({ id }) => id).sort(), ['cat', 'tea'])
  await store.save(folder)
  t.deepEqual((await load()).map(({ id }) => id).sort(), ['bus', 'cat'])
})

test('a loaded store is what was saved: saving it there again loses nothing, and nothing is made up', async t => {
  const folder = await temporaryFolder(t)
  await refused(t, 'ERR_STORE_NOT_FOUND', () => HippocampVectorStore.load(folder, synthetic()))
  await (await made(t)).save(folder)
  const loaded = await HippocampVectorStore.load(folder, synthetic())
  await loaded.addDocuments([TEA])
  await loaded.save(folder)
  await loaded.addDocuments([CAT])
  await loaded.close()
  const again = await HippocampVectorStore.load(folder, synthetic())
  t.teardown(() => again.close())
  t.deepEqual((await again.similaritySearch('x', 10)).map(({ id }) => id).sort(), ['cat', 'tea'])
})

test('a store of a collection that was given stays open', async t => {
  const collection = (await openStore(t)).collection('c')
  const store = new HippocampVectorStore(synthetic(), { collection })
  await store.addDocuments([TEA])
  await store.close()
  t.is(await collection.count(), 1)
})

test('a failure to open is no end: the next call tries again', async t => {
  const folder = await temporaryFolder(t)
  const embeddings = new HippocampEmbeddings({ encoder: `${folder}/nothing`, offline: true })
  const store = new HippocampVectorStore(embeddings)
  for (let i = 0; i < 2; i++)
    await refused(t, 'ERR_MODEL_NOT_FOUND', () => store.similaritySearch('x'))
})

test('options that cannot be right are refused', async t => {
  const collection = (await openStore(t)).collection('c')
  const fake = synthetic()
  const bad: [() => unknown, RegExp][] = [
    [() => new HippocampVectorStore(undefined as never), /embeddings is undefined/],
    [() => new HippocampVectorStore(fake, { colection: collection } as never), /colection/],
    [() => new HippocampVectorStore(fake, { collection: {} as never }), /collection is/],
    [() => new HippocampVectorStore(fake, { collection, path: 'x' }), /both collection and path/],
    [() => new HippocampVectorStore(fake, { mode: 'hybrid' }), /HippocampEmbeddings/],
    [() => new HippocampVectorStore(fake, { mode: 'fuzzy' as never }), /mode/],
    [() => new HippocampEmbeddings({ encoder: 1 as never }), /encoder is 1/],
    [() => new HippocampEmbeddings(undefined as never), /encoder is undefined/],
    [() => new HippocampRetriever(undefined as never), /collection is undefined/],
    [() => new HippocampRetriever({ collection, k: 0 }), /k is 0/],
    [() => new HippocampRetriever({ collection: null as never }), /collection is null/],
    [() => new HippocampRetriever({ collection, kk: 3 } as never), /unknown option "kk"/],
    [
      () => new HippocampVectorStore(fake).addDocuments([TEA], { ids: [] }),
      /0 ids for 1 documents/,
    ],
    [() => new HippocampVectorStore(fake).addVectors([], [TEA]), /vectors are 0 for 1/],
    [() => new HippocampVectorStore(fake).addDocuments([{} as Document]), /document 0/],
  ]
  for (const [call, message] of bad) {
    const error = await refused(t, 'ERR_INVALID_ARGUMENT', call)
    t.regex(error.message, message)
  }
})

testWithModel('an encoder of ours is LangChain’s embeddings', async (t, encoder) => {
  const embeddings = new HippocampEmbeddings({ encoder })
  const texts = Array.from({ length: 40 }, (_, i) => `text number ${i}`)
  const vectors = await embeddings.embedDocuments(texts)
  const { data } = await encoder.encode(texts)
  t.deepEqual(vectors.flat(), [...data])
  t.deepEqual(await embeddings.embedQuery('text number 7'), vectors[7])
  t.deepEqual(await embeddings.embedDocuments([]), [])
})

testWithModel(
  'with it texts are encoded by the collection, and found by their meaning',
  async (t, encoder) => {
    const embeddings = new HippocampEmbeddings({ encoder })
    const store = await HippocampVectorStore.fromDocuments([TEA, CAT, BUS], embeddings)
    t.teardown(() => store.close())
    const [best] = await store.similaritySearch('When can I drink something hot?', 1)
    t.is(best?.id, 'tea')
    const vector = await embeddings.embedQuery('A pet takes a nap')
    const [[animal] = []] = await store.similaritySearchVectorWithScore(vector, 1)
    t.is(animal?.id, 'cat')

    // A vector of one's own, and a text that is longer than the encoder takes, of which the end is found.
    const own = Array.from({ length: vector.length }, (_, i) => (i === 3 ? 1 : 0))
    await store.addVectors([own], [new Document({ id: 'own', pageContent: 'anything' })])
    const filler = 'Nothing happens here. '.repeat(120)
    const long = `${filler}The treasure is buried below the old oak.`
    await store.addDocuments([new Document({ id: 'long', pageContent: long })])
    const folder = await temporaryFolder(t)
    await store.save(folder)
    const loaded = await HippocampVectorStore.load(folder, embeddings)
    t.is((await loaded.similaritySearch('Public transport', 1))[0]?.id, 'bus')
    t.is((await loaded.similaritySearch('Where is the gold hidden?', 1))[0]?.id, 'long')
    const [[same, score] = []] = await loaded.similaritySearchVectorWithScore(own, 1)
    t.deepEqual([same?.id, (score ?? 0) > 0.99], ['own', true])
    await loaded.close()
  },
)

testWithModel('a retriever of ours finds by meaning and words in one call', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('c')
  const store = new HippocampVectorStore(new HippocampEmbeddings({ encoder }), {
    collection,
    mode: 'hybrid',
  })
  const part = new Document({ id: 'part', pageContent: 'The part XK-7741 is out of stock.' })
  await store.addDocuments([TEA, CAT, BUS, part])
  const retriever = new HippocampRetriever({ collection, k: 1 })
  t.is((await retriever.invoke('XK-7741'))[0]?.id, 'part')
  t.is((await store.similaritySearch('XK-7741', 1))[0]?.id, 'part')
  const reranker = {
    async rank(question: string, texts: readonly string[]) {
      t.is(question, 'XK-7741')
      return texts.map((text, index) => ({ text, index, score: -index })).reverse()
    },
  }
  const reranked = new HippocampRetriever({ collection, k: 1, fetchK: 3, reranker })
  const inOrder = await new HippocampRetriever({ collection, k: 3 }).invoke('XK-7741')
  t.deepEqual((await reranked.invoke('XK-7741'))[0], inOrder[2])
})
