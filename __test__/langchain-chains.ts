// The memories in the chains of @langchain/classic, and retrievers of ours where its own would stand.

import { ConversationalRetrievalQAChain, ConversationChain } from '@langchain/classic/chains'
import { CacheBackedEmbeddings } from '@langchain/classic/embeddings/cache_backed'
import type { BaseMemory } from '@langchain/classic/memory'
import { ParentDocumentRetriever } from '@langchain/classic/retrievers/parent_document'
import { SelfQueryRetriever } from '@langchain/classic/retrievers/self_query'
import { Document } from '@langchain/core/documents'
import type { BaseMessage } from '@langchain/core/messages'
import { ChatPromptTemplate, MessagesPlaceholder, PromptTemplate } from '@langchain/core/prompts'
import { FakeListChatModel, FakeLLM, SyntheticEmbeddings } from '@langchain/core/utils/testing'
import { RecursiveCharacterTextSplitter } from '@langchain/textsplitters'
import test from 'ava'
import {
  HippocampEmbeddings,
  HippocampKeyValueStore,
  HippocampRetriever,
  HippocampTimeWeightedRetriever,
  HippocampTranslator,
  HippocampVectorStore,
} from 'hippocamp/langchain'
import {
  BufferMemory,
  BufferWindowMemory,
  CombinedMemory,
  ConversationSummaryBufferMemory,
  ConversationSummaryMemory,
  ConversationTokenBufferMemory,
  EntityMemory,
  ReadOnlySharedMemory,
  VectorStoreRetrieverMemory,
} from 'hippocamp/memory'
import { testWithModel } from './support/models.js'
import { openStore } from './support/stores.js'

testWithModel('every memory stands where a chain takes one', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('talks')
  const at = (name: string) => ({ collection: collection.namespace([name]) })
  const buffer = new BufferMemory(at('shared'))
  const memories: Record<string, BaseMemory> = {
    buffer: new BufferMemory(at('buffer')),
    window: new BufferWindowMemory({ ...at('window'), k: 2 }),
    tokens: new ConversationTokenBufferMemory({
      ...at('tokens'),
      maxTokenLimit: 500,
      countTokens: encoder,
    }),
    summary: new ConversationSummaryMemory({ ...at('summary'), encoder }),
    summaryBuffer: new ConversationSummaryBufferMemory({
      encoder,
      ...at('both'),
      maxTokenLimit: 500,
      countTokens: encoder,
    }),
    vectors: new VectorStoreRetrieverMemory({ ...at('vectors'), memoryKey: 'history' }),
    entity: new EntityMemory({ ...at('entity'), chatHistoryKey: 'history' }),
    shared: new ReadOnlySharedMemory({ memory: buffer }),
    combined: new CombinedMemory({ memories: [new BufferMemory({ ...at('combined') })] }),
  }
  for (const [name, memory] of Object.entries(memories)) {
    const seen: string[] = []
    const llm = new FakeListChatModel({ responses: ['Nice to meet you, Ann.', 'You are Ann.'] })
    const variables = memory.memoryKeys.map(key => `{${key}}`).join('\n')
    const chain = new ConversationChain({
      llm,
      memory,
      prompt: PromptTemplate.fromTemplate(`Known: ${variables}\nHuman: {input}`),
    })
    const callbacks = [
      {
        handleChatModelStart(_: unknown, [messages]: BaseMessage[][]) {
          seen.push(String(messages?.[0]?.content))
        },
      },
    ]
    await chain.call({ input: 'My name is Ann.' }, { callbacks })
    const { response } = await chain.call({ input: 'Who am I?' }, { callbacks })
    t.is(response, 'You are Ann.', name)
    t.is(/My name is Ann/.test(seen[1] ?? ''), name !== 'shared', `${name}: ${seen[1]}`)
  }
})

test('messages of a memory stand in a placeholder', async t => {
  const memory = new BufferMemory({ returnMessages: true })
  await memory.saveContext({ input: 'Hello' }, { output: 'Hi' })
  const prompt = ChatPromptTemplate.fromMessages([
    new MessagesPlaceholder('history'),
    ['human', '{input}'],
  ])
  const { history } = await memory.loadMemoryVariables({})
  const messages = await prompt.formatMessages({ history: history as never, input: 'Bye' })
  t.deepEqual(
    messages.map(message => [message.type, message.content]),
    [
      ['human', 'Hello'],
      ['ai', 'Hi'],
      ['human', 'Bye'],
    ],
  )
})

testWithModel('a chain answers by what our retriever finds', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('c')
  const store = new HippocampVectorStore(new HippocampEmbeddings({ encoder }), { collection })
  await store.addDocuments([
    new Document({ pageContent: 'Tea is served at five.' }),
    new Document({ pageContent: 'The bus leaves at nine.' }),
  ])
  const chain = ConversationalRetrievalQAChain.fromLLM(
    new FakeLLM({ response: 'At five.' }),
    new HippocampRetriever({ collection, k: 1 }),
    { returnSourceDocuments: true },
  )
  const { text, sourceDocuments } = await chain.call({ question: 'When is tea?', chat_history: '' })
  t.is(text, 'At five.')
  t.deepEqual(
    sourceDocuments.map((document: Document) => document.pageContent),
    ['Tea is served at five.'],
  )
})

test('a question becomes a filter, and a default filter holds in any case', async t => {
  const store = new HippocampVectorStore(new SyntheticEmbeddings({ vectorSize: 16 }))
  t.teardown(() => store.close())
  const films = [
    { title: 'A', year: 1990, genre: 'comedy', owner: 'ann' },
    { title: 'B', year: 2005, genre: 'drama', owner: 'ann' },
    { title: 'C', year: 2010, genre: 'comedy', owner: 'bob' },
    { title: 'D', year: 2015, genre: 'comedy', owner: 'ann' },
  ]
  await store.addDocuments(
    films.map(metadata => new Document({ pageContent: `film ${metadata.title}`, metadata })),
  )
  const ask = async (filter: string) => {
    const answer = `\`\`\`json\n${JSON.stringify({ query: 'film', filter })}\n\`\`\``
    const retriever = SelfQueryRetriever.fromLLM({
      llm: new FakeLLM({ response: answer }),
      vectorStore: store,
      documentContents: 'films',
      attributeInfo: ['title', 'year', 'genre'].map(name => ({
        name,
        description: name,
        type: name === 'year' ? 'number' : 'string',
      })),
      structuredQueryTranslator: new HippocampTranslator(),
      searchParams: { filter: { owner: 'ann' }, mergeFiltersOperator: 'and', k: 10 },
    })
    const found = await retriever.invoke('films')
    return found.map(({ metadata }) => metadata.title).sort()
  }
  t.deepEqual(await ask('gt("year", 2000)'), ['B', 'D'])
  t.deepEqual(await ask('and(eq("genre", "comedy"), lt("year", 2012))'), ['A'])
  t.deepEqual(await ask('or(eq("title", "A"), eq("title", "C"))'), ['A'])
  t.deepEqual(await ask('not(eq("genre", "comedy"))'), ['B'])
  t.deepEqual(await ask('NO_FILTER'), ['A', 'B', 'D'])
})

test('filters are merged so that none is lost but where it is replaced', t => {
  const translator = new HippocampTranslator()
  const [a, b] = [{ a: 1 }, { b: 2 }]
  t.deepEqual(translator.mergeFilters(a, b), { $and: [a, b] })
  t.deepEqual(translator.mergeFilters(a, b, 'or'), { $or: [a, b] })
  t.deepEqual(translator.mergeFilters(a, b, 'replace'), b)
  for (const type of ['and', 'or', 'replace'] as const) {
    t.deepEqual(translator.mergeFilters(a, undefined, type), a)
    t.deepEqual(translator.mergeFilters(a, {}, type), a)
    t.deepEqual(translator.mergeFilters(undefined, b, type), b)
    t.is(translator.mergeFilters(undefined, undefined, type), undefined)
  }
  const own = (document: Document) => document.metadata.owner === 'ann'
  t.is(translator.mergeFilters(own as never, {}), own as never)
  t.throws(() => translator.mergeFilters(own as never, b), {
    message: /default filter is a function/,
  })
  t.throws(() => translator.formatFunction('like'), { message: /"like" is no operator/ })
})

testWithModel('a retriever weighs by time, and gives k documents', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('c')
  let now = new Date('2026-01-01T00:00:00Z')
  const retriever = new HippocampTimeWeightedRetriever({
    collection,
    k: 2,
    decayRate: 0.5,
    now: () => now,
  })
  await retriever.addDocuments([
    new Document({ id: 'old', pageContent: 'Ann likes green tea' }),
    new Document({ id: 'other', pageContent: 'The bus leaves at nine' }),
  ])
  now = new Date('2026-01-02T00:00:00Z')
  await retriever.addDocuments([new Document({ id: 'new', pageContent: 'Ann likes coffee' })])
  const found = await retriever.invoke('What does Ann drink?')
  t.deepEqual(
    found.map(({ id }) => id),
    ['new', 'old'],
  )
  t.is(found[0]?.metadata.lastAccessedAt, now.toISOString())
})

test('embeddings are cached, and parents kept, in a key-value store of ours', async t => {
  const store = await openStore(t)
  const bytes = new HippocampKeyValueStore<Uint8Array>({
    collection: store.collection('cache', { vectors: false }),
  })
  let calls = 0
  class Counted extends SyntheticEmbeddings {
    override async embedDocuments(texts: string[]) {
      calls += texts.length
      return super.embedDocuments(texts)
    }
  }
  const cached = CacheBackedEmbeddings.fromBytesStore(new Counted({ vectorSize: 16 }), bytes, {
    namespace: 'm:',
  })
  const first = await cached.embedDocuments(['one text', 'another text'])
  t.deepEqual(await cached.embedDocuments(['another text', 'one text']), first.toReversed())
  t.is(calls, 2)

  const vectorstore = new HippocampVectorStore(new SyntheticEmbeddings({ vectorSize: 16 }), {
    collection: store.collection('children'),
  })
  const retriever = new ParentDocumentRetriever({
    vectorstore,
    byteStore: new HippocampKeyValueStore<Uint8Array>({
      collection: store.collection('parents', { vectors: false }),
    }),
    childSplitter: new RecursiveCharacterTextSplitter({ chunkSize: 20, chunkOverlap: 0 }),
    parentK: 1,
  })
  const parent = new Document({
    pageContent: 'The first sentence. The second sentence. 第三句。',
    metadata: { n: 1 },
  })
  await retriever.addDocuments([parent])
  const [found] = await retriever.invoke('The second sentence.')
  t.is(found?.pageContent, parent.pageContent)
  t.is(found?.metadata.n, 1)
})
