// Whatever namespaces, sessions, threads and users are called, no door shows one what is another's. Labels are made of what
// has broken other stores: separators, wildcards, escapes, prefixes of each other, look-alikes.
import { Document } from '@langchain/core/documents'
import { emptyCheckpoint } from '@langchain/langgraph-checkpoint'
import test, { type ExecutionContext } from 'ava'
import type { Collection } from 'hippocamp'
import { memoryToolHandlers } from 'hippocamp/anthropic'
import {
  HippocampChatMessageHistory,
  HippocampKeyValueStore,
  HippocampRecordManager,
  HippocampRetriever,
  HippocampVectorStore,
} from 'hippocamp/langchain'
import { HippocampSaver, HippocampStore } from 'hippocamp/langgraph'
import { ConversationBufferMemory } from 'hippocamp/memory'
import { HippocampSession } from 'hippocamp/openai-agents'
import { openStore } from './support/stores.js'

/** Places in each door: every one is read beside all others, more than 100,000 pairs. */
const PLACES = 320
const PARTS = [
  'a',
  'b',
  'A',
  'á',
  'a\u0301',
  '/',
  '\\',
  '.',
  '..',
  ':',
  '::',
  '*',
  '%',
  '_',
  '?',
  ' ',
  '\n',
  '\u0001',
  '"',
  "'",
  '[',
  '{',
  '$',
  '#',
  '|',
  '用',
  '户',
  '😀',
  'ns:',
  '__proto__',
  'constructor',
  '0',
  '1',
]

/** Different labels, and many that begin with each other. */
function labels(count: number): string[] {
  let state = 7
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const found = new Set<string>(PARTS)
  while (found.size < count) {
    const known = [...found]
    const base = next(2) ? (known[next(known.length)] as string) : ''
    found.add(base + PARTS[next(PARTS.length)])
  }
  return [...found].slice(0, count)
}

/** Different paths, and many that begin with each other. */
function paths(count: number): string[][] {
  const names = labels(count)
  return names.map((name, i) => (i % 3 ? [name] : [names[Math.floor(i / 4)] as string, name]))
}

interface Door<Place> {
  write(place: Place, mark: string): Promise<unknown>
  /** The marks that are seen there. */
  read(place: Place): Promise<string[]>
}

async function collectionOf(t: ExecutionContext): Promise<Collection> {
  return (await openStore(t)).collection('c', { vectors: false })
}

/** Every place sees its own mark, and no other; also after its neighbours were cleared. */
async function apart<Place>(
  t: ExecutionContext,
  places: Place[],
  door: Door<Place>,
  sees = (one: Place, other: Place) => one === other,
): Promise<void> {
  const mark = (place: Place) => `tea ${places.indexOf(place)}`
  for (const place of places) await door.write(place, mark(place))
  let pairs = 0
  for (const place of places) {
    const seen = new Set(await door.read(place))
    for (const other of places) {
      pairs++
      if (seen.has(mark(other)) !== sees(place, other))
        t.fail(
          `${JSON.stringify(place)} ${seen.has(mark(other)) ? 'sees' : 'does not see'} ${JSON.stringify(other)}`,
        )
    }
  }
  t.true(pairs > 100_000, `${pairs} pairs`)
}

const NO_EMBEDDINGS = {
  embedQuery: async () => [1, 0],
  embedDocuments: async (texts: string[]) => texts.map(() => [1, 0]),
}

test('LangChain: vector stores and retrievers', async t => {
  const vectors = (await openStore(t)).collection('v')
  const words = await collectionOf(t)
  await apart(t, paths(PLACES), {
    write: async (path, mark) => {
      const store = new HippocampVectorStore(NO_EMBEDDINGS, { collection: vectors.namespace(path) })
      await store.addDocuments([new Document({ id: 'same', pageContent: mark })])
      await words.namespace(path).add({ id: 'same', text: mark })
    },
    read: async path => {
      const store = new HippocampVectorStore(NO_EMBEDDINGS, { collection: vectors.namespace(path) })
      const retriever = new HippocampRetriever({ collection: words.namespace(path), k: 10 })
      const found = await store.similaritySearch('tea', 10)
      const retrieved = await retriever.invoke('tea')
      const [one, other] = [found, retrieved].map(all => all.map(({ pageContent }) => pageContent))
      t.deepEqual(one, other)
      return one ?? []
    },
  })
})

test('LangChain: chat histories', async t => {
  const collection = await collectionOf(t)
  const history = (sessionId: string) => new HippocampChatMessageHistory({ collection, sessionId })
  await apart(t, labels(PLACES), {
    write: (name, mark) => history(name).addUserMessage(mark),
    read: async name => (await history(name).getMessages()).map(({ content }) => String(content)),
  })
})

test('LangChain: key-value stores and record managers', async t => {
  const collection = await collectionOf(t)
  const at = (path: string[]) => ({
    values: new HippocampKeyValueStore<string>({
      collection: collection.namespace([...path, 'values']),
    }),
    records: new HippocampRecordManager({ collection: collection.namespace([...path, 'records']) }),
  })
  await apart(t, paths(PLACES), {
    write: async (path, mark) => {
      await at(path).values.mset([['same', mark]])
      await at(path).records.update([mark])
    },
    read: async path => {
      const [value] = await at(path).values.mget(['same'])
      t.deepEqual(await at(path).records.listKeys(), [value ?? ''])
      return [value ?? '']
    },
  })
})

test('LangGraph: the store, whose searches see what is below and nothing else', async t => {
  const store = new HippocampStore({ collection: await collectionOf(t) })
  const below = (one: string[], other: string[]) => one.every((label, i) => other[i] === label)
  await apart(
    t,
    paths(PLACES),
    {
      write: (path, mark) => store.put(path, 'same', { text: mark }),
      read: async path => {
        const listed = await store.search(path, { limit: 1000 })
        const found = await store.search(path, { query: 'tea', limit: 1000 })
        const marks = [listed, found].map(all => all.map(({ value }) => String(value.text)).sort())
        t.deepEqual(marks[0], marks[1])
        const own = await store.get(path, 'same')
        t.deepEqual(own?.namespace, path)
        return marks[0] ?? []
      },
    },
    below,
  )
})

test('LangGraph: threads and checkpoint namespaces', async t => {
  const saver = new HippocampSaver({ collection: await collectionOf(t) })
  const names = labels(PLACES)
  const places = names.map((thread_id, i) => ({
    configurable: { thread_id, checkpoint_ns: i % 2 ? '' : (names[PLACES - 1 - i] as string) },
  }))
  await apart(t, places, {
    write: async (config, mark) => {
      const checkpoint = {
        ...emptyCheckpoint(),
        id: '1',
        channel_values: { mark },
        channel_versions: { mark: 1 },
      }
      await saver.put(config, checkpoint, { source: 'loop', step: 1, parents: {} }, { mark: 1 })
    },
    read: async config => {
      const tuple = await saver.getTuple(config)
      const listed: unknown[] = []
      for await (const { checkpoint } of saver.list(config))
        listed.push(checkpoint.channel_values.mark)
      t.deepEqual(listed, [tuple?.checkpoint.channel_values.mark])
      return listed as string[]
    },
  })
})

test('OpenAI Agents: sessions', async t => {
  const collection = await collectionOf(t)
  const session = (sessionId: string) => new HippocampSession({ collection, sessionId })
  await apart(t, labels(PLACES), {
    write: (name, mark) =>
      session(name).addItems([{ type: 'message', role: 'user', content: mark }]),
    read: async name =>
      (await session(name).getItems()).map(item => ('content' in item ? String(item.content) : '')),
  })
})

test('Anthropic: the files of users', async t => {
  const collection = await collectionOf(t)
  const files = (name: string) => memoryToolHandlers({ collection: collection.namespace([name]) })
  const path = '/memories/notes.txt'
  await apart(t, labels(PLACES), {
    write: async (name, file_text) => files(name).create({ command: 'create', path, file_text }),
    read: async name => {
      const shown = String(await files(name).view({ command: 'view', path }))
      return shown
        .split('\n')
        .slice(1)
        .map(line => line.replace(/^ *1\t/, ''))
    },
  })
})

test('memories of talks', async t => {
  const collection = await collectionOf(t)
  const memory = (path: string[]) =>
    new ConversationBufferMemory({ collection: collection.namespace(path) })
  await apart(t, paths(PLACES), {
    write: (path, mark) => memory(path).saveContext({ input: mark }, { output: '' }),
    read: async path => {
      const { history } = await memory(path).loadMemoryVariables({})
      return String(history)
        .split('\n')
        .map(line => line.replace('Human: ', ''))
    },
  })
})
