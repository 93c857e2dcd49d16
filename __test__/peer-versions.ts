// The adapters are what the libraries' own types ask for, and work: in the two newest major versions that Node.js 20 takes.
import test from 'ava'
import { install } from './support/installed.js'

const LANGCHAIN = `
  import type { BaseChatMessageHistory, BaseListChatMessageHistory } from '@langchain/core/chat_history'
  import { Document } from '@langchain/core/documents'
  import type { EmbeddingsInterface } from '@langchain/core/embeddings'
  import { index, type RecordManagerInterface } from '@langchain/core/indexing'
  import type { BaseRetrieverInterface } from '@langchain/core/retrievers'
  import type { BaseStore } from '@langchain/core/stores'
  import type { BaseTranslator } from '@langchain/core/structured_query'
  import type { SaveableVectorStore, VectorStore, VectorStoreInterface } from '@langchain/core/vectorstores'
  import type { Collection, Encoder } from 'hippocamp'
  import {
    HippocampChatMessageHistory,
    HippocampEmbeddings,
    HippocampKeyValueStore,
    HippocampRecordManager,
    HippocampRetriever,
    HippocampTimeWeightedRetriever,
    HippocampTranslator,
    HippocampVectorStore,
  } from 'hippocamp/langchain'

  export async function use(collection: Collection, encoder: Encoder) {
    const embeddings: EmbeddingsInterface = new HippocampEmbeddings({ encoder })
    const store = new HippocampVectorStore(embeddings, { collection, mode: 'hybrid' })
    const stores: [VectorStoreInterface, VectorStore, SaveableVectorStore] = [store, store, store]
    const retrievers: BaseRetrieverInterface[] = [
      store.asRetriever({ k: 3, filter: { at: { $gt: 5 } }, searchType: 'mmr', searchKwargs: { lambda: 0.3 } }),
      new HippocampRetriever({ collection, k: 3, where: { lang: 'zh' } }),
      new HippocampTimeWeightedRetriever({ collection }),
    ]
    const histories: [BaseListChatMessageHistory, Pick<BaseChatMessageHistory, 'getMessages'>] = [
      new HippocampChatMessageHistory({ collection }),
      new HippocampChatMessageHistory({ collection, sessionId: 'a' }),
    ]
    const values: BaseStore<string, Uint8Array> = new HippocampKeyValueStore<Uint8Array>({ collection })
    const recordManager: RecordManagerInterface = new HippocampRecordManager({ collection })
    const translator: BaseTranslator<HippocampVectorStore> = new HippocampTranslator()
    await index({ docsSource: [new Document({ pageContent: 'x' })], recordManager, vectorStore: store })
    const found: Document[] = await store.similaritySearch('x', 2, document => document.metadata.at > 5)
    const ids: string[] = await store.addDocuments(found, { ids: ['a'] })
    // @ts-expect-error it is said which to delete
    await store.delete({})
    return { stores, retrievers, histories, values, translator, ids }
  }
`

const LANGGRAPH = `
  import type { BaseCheckpointSaver, BaseStore, Item } from '@langchain/langgraph-checkpoint'
  import type { Collection } from 'hippocamp'
  import { HippocampSaver, HippocampStore } from 'hippocamp/langgraph'

  export async function use(collection: Collection) {
    const own = new HippocampStore({ collection, ttl: { defaultTtl: 60 } })
    const store: BaseStore = own
    const saver: BaseCheckpointSaver = new HippocampSaver({ collection })
    const found: (Item & { score?: number })[] = await own.search(['a'], { query: 'x', mode: 'hybrid', filter: { n: { $gt: 1 } } })
    await own.put(['a'], 'k', { text: 'x' }, undefined, { ttl: 5 })
    // @ts-expect-error the types know the options' names
    await own.search(['a'], { querry: 'x' })
    return { store, saver, found }
  }
`

const AI = `
  import { embed, embedMany, generateText, type LanguageModel } from 'ai'
  import type { Encoder } from 'hippocamp'
  import { embeddingModel, memoryTools } from 'hippocamp/ai'
  import type { LongTermMemory } from 'hippocamp/memory'

  export async function use(encoder: Encoder, memory: LongTermMemory, model: LanguageModel) {
    const { embedding } = await embed({ model: embeddingModel(encoder, { prompt: 'query' }), value: 'x' })
    const { embeddings } = await embedMany({ model: embeddingModel(encoder), values: ['x'] })
    const { text } = await generateText({ model, tools: memoryTools(memory, { session: 'a' }), prompt: 'x' })
    const vectors: number[][] = [embedding, ...embeddings]
    return { vectors, text }
  }
`

const RERANK = `
  import { rerank } from 'ai'
  import type { Reranker } from 'hippocamp'
  import { rerankingModel } from 'hippocamp/ai'

  export async function use(reranker: Reranker) {
    const { ranking } = await rerank({ model: rerankingModel(reranker), query: 'x', documents: ['a', 'b'] })
    return ranking
  }
`

const AGENTS = `
  import { Agent, run, type Session } from '@openai/agents-core'
  import type { Collection } from 'hippocamp'
  import { HippocampSession } from 'hippocamp/openai-agents'

  export async function use(collection: Collection) {
    const session: Session = new HippocampSession({ collection, sessionId: 'a' })
    return run(new Agent({ name: 'a', instructions: 'b' }), 'x', { session })
  }
`

const ANTHROPIC = `
  import { betaMemoryTool, type MemoryToolHandlers } from '@anthropic-ai/sdk/helpers/beta/memory'
  import type { Collection } from 'hippocamp'
  import { memoryToolHandlers } from 'hippocamp/anthropic'

  export function use(collection: Collection) {
    const handlers: MemoryToolHandlers = memoryToolHandlers({ collection })
    return betaMemoryTool(handlers)
  }
`

const RUN_LANGCHAIN = `
  import { Document } from '@langchain/core/documents'
  import { index } from '@langchain/core/indexing'
  import { AIMessage, ToolMessage } from '@langchain/core/messages'
  import { open } from 'hippocamp'
  import { HippocampChatMessageHistory, HippocampRecordManager, HippocampVectorStore } from 'hippocamp/langchain'
  const embeddings = {
    embedQuery: async text => [text.length, 1],
    embedDocuments: async texts => texts.map(text => [text.length, 1]),
  }
  const store = await open(':memory:')
  const vectorStore = new HippocampVectorStore(embeddings, { collection: store.collection('c') })
  const recordManager = new HippocampRecordManager({ collection: store.collection('r', { vectors: false }) })
  const docsSource = ['tea', 'coffee and cake'].map(pageContent => new Document({ pageContent }))
  console.log(JSON.stringify(await index({ docsSource, recordManager, vectorStore, options: { cleanup: 'full' } })))
  const [found] = await vectorStore.asRetriever(1).invoke('tea')
  console.log(found.pageContent, found instanceof Document)
  const history = new HippocampChatMessageHistory({ collection: store.collection('t', { vectors: false }) })
  const calls = [{ id: '1', name: 'f', args: {}, type: 'tool_call' }]
  await history.addMessages([new AIMessage({ content: '', tool_calls: calls }), new ToolMessage({ content: 'x', tool_call_id: '1' })])
  const [call, answer] = await history.getMessages()
  console.log(call.tool_calls[0].name, answer.tool_call_id, answer instanceof ToolMessage)
  await store.close()
`
const RAN_LANGCHAIN = `{"numAdded":2,"numDeleted":0,"numUpdated":0,"numSkipped":0}
tea true
f 1 true
`

const RUN_LANGGRAPH = `
  import { emptyCheckpoint } from '@langchain/langgraph-checkpoint'
  import { open } from 'hippocamp'
  import { HippocampSaver, HippocampStore } from 'hippocamp/langgraph'
  const store = await open(':memory:')
  const collection = store.collection('c', { vectors: false })
  const saver = new HippocampSaver({ collection: collection.namespace(['saver']) })
  const checkpoint = { ...emptyCheckpoint(), id: '1', channel_values: { a: [1] }, channel_versions: { a: 1 } }
  const config = { configurable: { thread_id: 't', checkpoint_ns: '' } }
  const put = await saver.put(config, checkpoint, { source: 'loop', step: 1, parents: {} }, { a: 1 })
  await saver.putWrites(put, [['a', 2]], 'task')
  const { checkpoint: kept, pendingWrites } = await saver.getTuple(config)
  console.log(JSON.stringify([kept.channel_values, pendingWrites]))
  const items = new HippocampStore({ collection })
  await items.put(['a'], 'k', { text: 'tea' })
  console.log((await items.search(['a'], { query: 'tea' }))[0].key, await items.get(['b'], 'k'))
  await store.close()
`
const RAN_LANGGRAPH = `[{"a":[1]},[["task","a",2]]]
k null
`

/** Programs by name; those of a name that ends with `-esm` are checked as ES modules only. */
const VERSIONS: Record<
  string,
  { peers: string[]; programs: Record<string, string>; runs: [code: string, prints: string][] }
> = {
  newest: {
    peers: [
      '@anthropic-ai/sdk',
      '@langchain/core',
      '@langchain/langgraph-checkpoint',
      '@openai/agents-core',
      'ai',
    ],
    programs: {
      langchain: LANGCHAIN,
      langgraph: LANGGRAPH,
      ai: AI,
      rerank: RERANK,
      agents: AGENTS,
      anthropic: ANTHROPIC,
    },
    runs: [
      [RUN_LANGCHAIN, RAN_LANGCHAIN],
      [RUN_LANGGRAPH, RAN_LANGGRAPH],
    ],
  },
  'major before': {
    peers: ['@anthropic-ai/sdk@anthropic-0', '@langchain/core@langchain-core-0', 'ai@ai-5'],
    programs: { langchain: LANGCHAIN, ai: AI, anthropic: ANTHROPIC },
    runs: [[RUN_LANGCHAIN, RAN_LANGCHAIN]],
  },
  // It knows @langchain/core 1 as well. Its types for CommonJS are those of an ES module, which TypeScript keeps apart.
  'major of LangGraph’s checkpoints before': {
    peers: ['@langchain/core', '@langchain/langgraph-checkpoint@langgraph-checkpoint-0'],
    programs: { 'langgraph-esm': LANGGRAPH },
    runs: [[RUN_LANGGRAPH, RAN_LANGGRAPH]],
  },
}

for (const [title, { peers, programs, runs }] of Object.entries(VERSIONS)) {
  test(`types hold with the ${title}, by import and by require, and so do programs`, async t => {
    const project = await install(peers)
    t.teardown(() => project.remove())
    const files = Object.entries(programs).flatMap(([name, code]) => [
      [`${name}.mts`, code],
      ...(name.endsWith('-esm') ? [] : [[`${name}.cts`, code]]),
    ])
    // Types of the libraries themselves do not all hold under these options.
    const errors = await project.typeErrors(Object.fromEntries(files), {
      skipLibCheck: true,
      exactOptionalPropertyTypes: false,
    })
    t.is(errors, '')
    for (const [i, [code, prints]] of runs.entries())
      t.is(await project.run(`run-${i}.mjs`, code), prints)
  })
}
