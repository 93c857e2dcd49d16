// Chat messages and values under keys, in LangChain's own classes.
import {
  AIMessage,
  type BaseMessage,
  ChatMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages'
import { RunnableLambda, RunnableWithMessageHistory } from '@langchain/core/runnables'
import test from 'ava'
import { HippocampChatMessageHistory, HippocampKeyValueStore } from 'hippocamp/langchain'
import { ConversationBufferMemory } from 'hippocamp/memory'
import { openStore, refused, storePath } from './support/stores.js'

const MESSAGES: BaseMessage[] = [
  new SystemMessage('Be brief.'),
  new HumanMessage('天气怎么样？'),
  new AIMessage({
    content: '',
    id: 'call',
    response_metadata: { finish_reason: 'tool_calls' },
    tool_calls: [{ id: '1', name: 'weather', args: { city: '北京' }, type: 'tool_call' }],
  }),
  new ToolMessage({ content: 'sunny', tool_call_id: '1', name: 'weather' }),
  new AIMessage({
    content: [
      { type: 'text', text: 'It is' },
      { type: 'text', text: 'sunny.' },
    ],
  }),
  new HumanMessage({
    content: [
      { type: 'text', text: 'And in this picture?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    ],
    name: 'Ann',
  }),
  new ChatMessage('Let me see.', 'critic'),
  new AIMessage(''),
]

const plain = (messages: BaseMessage[]) => messages.map(message => message.toDict())

test('messages of every type come back as they were, in their order', async t => {
  const path = await storePath(t)
  const write = await openStore(t, { path })
  const of = (store: typeof write) =>
    new HippocampChatMessageHistory({
      collection: store.collection('talks', { vectors: false }),
      sessionId: 'one',
    })
  await of(write).addMessages(MESSAGES)
  await write.close()
  const history = of(await openStore(t, { path }))
  const found = await history.getMessages()
  t.deepEqual(plain(found), plain(MESSAGES))
  const classOf = (message: BaseMessage) => message.constructor
  t.deepEqual(found.map(classOf), MESSAGES.map(classOf))
  await history.addUserMessage('Thanks')
  await history.addAIMessage('You are welcome')
  const last = (await history.getMessages()).slice(-2)
  t.deepEqual(
    last.map(message => [message.type, message.content]),
    [
      ['human', 'Thanks'],
      ['ai', 'You are welcome'],
    ],
  )
  await history.clear()
  t.deepEqual(await history.getMessages(), [])
})

test('sessions never see each other, whatever they are called', async t => {
  const collection = (await openStore(t)).collection('talks', { vectors: false })
  const names = ['a', 'a/b', 'a\u0001b', '用户', '..', 'a.b', '*', '%', 'A']
  const history = (sessionId: string) => new HippocampChatMessageHistory({ collection, sessionId })
  for (const name of names) await history(name).addUserMessage(name)
  for (const name of names)
    t.deepEqual(
      (await history(name).getMessages()).map(({ content }) => content),
      [name],
    )
  await history('a').clear()
  t.is((await history('a/b').getMessages()).length, 1)
  for (const name of ['', 'a\0b', 7 as never])
    await refused(t, 'ERR_INVALID_ARGUMENT', () => history(name).addUserMessage('x'))
})

test('the memories read the same talk, and what they wrote is read here', async t => {
  const collection = (await openStore(t)).collection('talks', { vectors: false })
  const memory = new ConversationBufferMemory({ collection })
  await memory.saveContext({ input: 'Hello' }, { output: 'Hi' })
  const history = new HippocampChatMessageHistory({ collection, sessionId: 'messages' })
  t.deepEqual(
    plain(await history.getMessages()),
    plain([new HumanMessage('Hello'), new AIMessage('Hi')]),
  )
  await collection.namespace(['messages']).add({ text: 'sunny', metadata: { role: 'tool' } })
  t.like((await history.getMessages()).at(-1)?.toDict().data, { content: 'sunny', role: 'tool' })
  await history.addMessages([new HumanMessage({ content: [{ type: 'text', text: 'Bye' }] })])
  t.deepEqual(await memory.loadMemoryVariables({}), {
    history: 'Human: Hello\nAI: Hi\ntool: sunny\nHuman: Bye',
  })
})

test('a runnable remembers by it', async t => {
  const collection = (await openStore(t)).collection('talks', { vectors: false })
  const chain = new RunnableWithMessageHistory({
    runnable: RunnableLambda.from(
      ({ question, history = [] }: { question: string; history?: BaseMessage[] }) =>
        new AIMessage(`${question} (${history.length} before)`),
    ),
    getMessageHistory: sessionId => new HippocampChatMessageHistory({ collection, sessionId }),
    inputMessagesKey: 'question',
    historyMessagesKey: 'history',
  })
  const ask = async (question: string, sessionId: string) => {
    const answer = await chain.invoke({ question }, { configurable: { sessionId } })
    return (answer as AIMessage).content
  }
  t.is(await ask('one', 'a'), 'one (0 before)')
  t.is(await ask('two', 'a'), 'two (2 before)')
  t.is(await ask('three', 'b'), 'three (0 before)')
})

test('values come back under their keys, bytes as bytes', async t => {
  const path = await storePath(t)
  const of = async () =>
    new HippocampKeyValueStore({
      collection: (await openStore(t, { path })).collection('values', { vectors: false }),
    })
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const large = '大'.repeat(700_000)
  const values: [string, unknown][] = [
    ['a:1', { text: 'x\0y', nested: [1, null, true] }],
    ['a:2', bytes],
    ['b', 'plain'],
    ['large', { large }],
    ['large bytes', new Uint8Array(1_500_000).fill(7)],
    ['empty', new Uint8Array(0)],
  ]
  await (await of()).mset(values)
  const store = await of()
  const keys = values.map(([key]) => key)
  t.deepEqual(await store.mget([...keys, 'nothing']), [
    ...values.map(([, value]) => value),
    undefined,
  ])
  const yielded = async (prefix?: string) => {
    const all: string[] = []
    for await (const key of store.yieldKeys(prefix)) all.push(key)
    return all
  }
  t.deepEqual(await yielded(), keys)
  t.deepEqual(await yielded('a:'), ['a:1', 'a:2'])
  await store.mset([
    ['large', 1],
    ['b', 'x'],
    ['b', 'y'],
  ])
  t.deepEqual(await store.mget(['large', 'b']), [1, 'y'])
  await store.mdelete(['large bytes', 'a:1', 'nothing'])
  t.deepEqual(await yielded(), ['a:2', 'b', 'large', 'empty'])
  const left = (await openStore(t, { path })).collection('values', { vectors: false })
  t.is(await left.count(), 4)
})

test('values that cannot be kept are refused, and nothing is written', async t => {
  const collection = (await openStore(t)).collection('values', { vectors: false })
  const store = new HippocampKeyValueStore({ collection })
  for (const pairs of [
    [
      ['a', 1],
      ['b', undefined],
    ],
    [
      ['a', 1],
      ['', 2],
    ],
    [
      ['a', 1],
      ['b', () => 1],
    ],
  ])
    await refused(t, 'ERR_INVALID_ARGUMENT', () => store.mset(pairs as [string, unknown][]))
  t.is(await collection.count(), 0)
  await collection.upsert([{ id: 'foreign', text: 'not JSON' }])
  await refused(t, 'ERR_STORE_INVALID', () => store.mget(['foreign']))
})

test('of a value that many write at the same time nothing is left when it is deleted', async t => {
  const collection = (await openStore(t)).collection('values', { vectors: false })
  const stores = [1, 2, 3, 4].map(() => new HippocampKeyValueStore<string>({ collection }))
  const large = (i: number) => `${i}`.repeat(1_200_000)
  await Promise.all(
    stores.map((store, i) =>
      store.mset([
        ['v', large(i)],
        [`w${i}`, 'small'],
      ]),
    ),
  )
  const [value] = (await stores[0]?.mget(['v'])) ?? []
  t.true([0, 1, 2, 3].some(i => value === large(i)))
  await stores[0]?.mset([['v', 'small now']])
  t.is(await collection.count(), 5)
  await stores[0]?.mset([['v', large(7)]])
  await stores[1]?.mdelete(['v'])
  t.is(await collection.count(), 4)
})

test('messages larger than metadata come back whole', async t => {
  const collection = (await openStore(t)).collection('talks', { vectors: false })
  const history = new HippocampChatMessageHistory({ collection, sessionId: 's' })
  const large = 'x'.repeat(200_000)
  const messages = [
    new HumanMessage({
      content: [
        { type: 'text', text: 'Look!' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${large}` } },
      ],
    }),
    new AIMessage({
      content: 'I write it down.',
      tool_calls: [{ id: '1', name: 'write', args: { file: 'a', text: large }, type: 'tool_call' }],
    }),
    new ToolMessage({ content: large, tool_call_id: '1', artifact: { more: 1 } }),
  ]
  await history.addMessages(messages)
  t.deepEqual(plain(await history.getMessages()), plain(messages))
})

test('whoever reads a large value while it is written anew gets one of the two', async t => {
  const collection = (await openStore(t)).collection('values', { vectors: false })
  const store = new HippocampKeyValueStore<string>({ collection })
  const values = ['a', 'b'].map(letter => letter.repeat(1_200_000))
  await store.mset([['v', values[0] as string]])
  const write = async () => {
    for (let i = 1; i <= 10; i++) await store.mset([['v', values[i % 2] as string]])
  }
  const read = async () => {
    for (let i = 0; i < 20; i++) {
      const [value] = await store.mget(['v'])
      t.true(values.includes(value as string))
    }
  }
  await Promise.all([write(), read(), read()])
  t.is(await collection.count(), 4)
})
