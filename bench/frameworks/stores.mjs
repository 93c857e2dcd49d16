// What is compared: memories of frameworks and ours, each behind the interface that the framework's users call.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { indexed } from '../collection.mjs'
import { FOLDER } from '../packages.mjs'

/**
 * @typedef {object} Memories
 * @property {(texts: string[], embeddings: Cached) => Promise<void>} fill
 * @property {(question: string, k: number) => Promise<string[]>} search the texts that are found
 * @property {() => Promise<void>} [close]
 *
 * @typedef {object} Contestant
 * @property {string} title
 * @property {string} call what is called for a search
 * @property {Record<string, string>} packages versions of the npm packages that it needs
 * @property {(folder: string, embeddings: Cached, model: string) => Promise<Memories>} open
 */

/** LangChain's embeddings whose vectors were made before: what is measured is the store. */
export class Cached {
  #vectors

  /** @param {Map<string, number[]>} vectors by text */
  constructor(vectors) {
    this.#vectors = vectors
  }

  /** @param {string[]} texts */
  async embedDocuments(texts) {
    return texts.map(text => this.#of(text))
  }

  /** @param {string} text */
  async embedQuery(text) {
    return this.#of(text)
  }

  /** @param {string} text */
  #of(text) {
    const vector = this.#vectors.get(text)
    if (!vector) throw new Error(`no vector was made of "${text}"`)
    return vector
  }
}

/** Documents that are handed over at once. */
const BATCH = 1000
const LANGCHAIN = { '@langchain/core': '1.4.0', '@langchain/classic': '1.0.50' }

/** @type {Record<string, Contestant>} */
export const CONTESTANTS = {
  hippocamp: {
    title: 'hippocamp',
    call: 'HippocampVectorStore.similaritySearch',
    packages: {},
    async open(folder, embeddings) {
      const { HippocampVectorStore } = await import('hippocamp/langchain')
      const { Document } = await import('@langchain/core/documents')
      const store = new HippocampVectorStore(embeddings, { path: join(folder, 'memory.db') })
      const collection = await store.collection()
      return {
        fill: texts => inBatches(texts, batch => store.addDocuments(documentsOf(batch, Document))),
        async search(question, k) {
          return (await store.similaritySearch(question, k)).map(({ pageContent }) => pageContent)
        },
        ready: () => indexed(collection),
        close: () => store.close(),
      }
    },
  },
  recall: {
    title: 'hippocamp',
    call: 'LongTermMemory.recall, questions encoded before',
    packages: {},
    async open(folder, embeddings, model) {
      const { loadEncoder, open } = await import('hippocamp')
      const { LongTermMemory } = await import('hippocamp/memory')
      const encoder = await loadEncoder(model)
      const store = await open(join(folder, 'memory.db'), { encoder })
      const collection = store.collection('memories', { turns: true })
      const memory = new LongTermMemory({ collection })
      return {
        fill: texts =>
          inBatches(texts, async batch => {
            const vectors = await embeddings.embedDocuments(batch)
            const time = new Date().toISOString()
            await collection.add(
              batch.map((text, i) => ({
                text,
                vector: vectors[i],
                metadata: { kind: 'fact', time },
              })),
            )
          }),
        async search(question, k) {
          return (await memory.recall(question, { k })).memories.map(({ text }) => text)
        },
        ready: () => indexed(collection),
        close: () => store.close(),
      }
    },
  },
  langchain: {
    title: 'LangChain',
    call: 'MemoryVectorStore.similaritySearch',
    packages: LANGCHAIN,
    async open(_, embeddings) {
      const { MemoryVectorStore } = await peer('@langchain/classic/vectorstores/memory')
      const { Document } = await peer('@langchain/core/documents')
      const store = new MemoryVectorStore(embeddings)
      return {
        fill: texts => inBatches(texts, batch => store.addDocuments(documentsOf(batch, Document))),
        async search(question, k) {
          const found = await store.similaritySearch(question, k)
          return found.map(({ pageContent }) => pageContent)
        },
      }
    },
  },
  mem0: {
    title: 'mem0ai',
    call: 'Memory.search, local store',
    packages: { ...LANGCHAIN, mem0ai: '3.3.1', 'better-sqlite3': '12.11.1' },
    async open(folder, embeddings) {
      const { Memory } = await peer('mem0ai/oss')
      const { FakeListChatModel } = await peer('@langchain/core/utils/testing')
      const [first] = await embeddings.embedDocuments([FIRST])
      const dimension = first.length
      const memory = new Memory({
        embedder: {
          provider: 'langchain',
          config: { model: embeddings, embeddingDims: dimension },
        },
        llm: {
          provider: 'langchain',
          config: { model: new FakeListChatModel({ responses: ['{}'] }) },
        },
        vectorStore: {
          provider: 'memory',
          config: { collectionName: 'memories', dimension, dbPath: join(folder, 'vectors.db') },
        },
        disableHistory: true,
      })
      const filters = { user_id: 'ann' }
      // One by its own call, which opens the store; the others by the store's, since each of its calls takes some 10 ms.
      return {
        async fill(texts) {
          await memory.add(texts[0], { userId: 'ann', infer: false })
          await inBatches(texts.slice(1), async batch => {
            const createdAt = new Date().toISOString()
            const payloads = batch.map(data => ({ data, hash: data, createdAt, ...filters }))
            const ids = batch.map(() => crypto.randomUUID())
            await memory.vectorStore.insert(await embeddings.embedDocuments(batch), ids, payloads)
          })
        },
        async search(question, k) {
          const { results } = await memory.search(question, { topK: k, filters })
          return results.map(({ memory }) => memory)
        },
      }
    },
  },
}

/** A text of which there is a vector in any case. */
export const FIRST = ''

/**
 * @param {string[]} texts
 * @param {(batch: string[]) => Promise<unknown>} add
 */
async function inBatches(texts, add) {
  for (let from = 0; from < texts.length; from += BATCH) await add(texts.slice(from, from + BATCH))
}

function documentsOf(texts, Document) {
  return texts.map((pageContent, i) => new Document({ pageContent, metadata: { i } }))
}

/** A module of a package that was installed for benches. */
function peer(specifier) {
  const path = createRequire(join(FOLDER, 'package.json')).resolve(specifier)
  return import(pathToFileURL(path).href)
}
