// Messages in RAM and in a store: the same tests for both.
import test, { type ExecutionContext } from 'ava'
import type { Encoder } from 'hippocamp'
import {
  type ChatHistory,
  type ChatMessage,
  ConversationBufferMemory,
  ConversationEntityMemory,
  InMemoryChatHistory,
  StoredChatHistory,
} from 'hippocamp/memory'
import { type ChatMemoryOptions, historyKey } from '../src-ts/memory/chat-memory.js'
import { reopenable } from './support/memories.js'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

type Make = (t: ExecutionContext) => Promise<StoredChatHistory>

/** A test over a history in RAM and one in a store. */
function testBoth(title: string, run: (t: ExecutionContext, make: Make) => Promise<void>): void {
  test(`in RAM: ${title}`, t => run(t, async () => new InMemoryChatHistory()))
  testWithModel(`in a store: ${title}`, (t, encoder) => run(t, t => stored(t, encoder)))
}

async function stored(t: ExecutionContext, encoder: Encoder): Promise<StoredChatHistory> {
  const store = await openStore(t, { encoder })
  return new StoredChatHistory({ collection: store.collection('talk') })
}

const contents = async (history: ChatHistory) =>
  (await history.getMessages()).map(({ content }) => content)

testBoth('messages come back as they were given, in their order', async (t, make) => {
  const history = await make(t)
  const time = new Date(1e12)
  const given: ChatMessage[] = [
    { role: 'system', content: 'Be kind.', id: 'first' },
    { role: 'human', content: '你好！', time },
    { role: 'tool', content: '{"a":1}', metadata: { call: 7, nested: { deep: [1] } } },
    { role: 'ai', content: '' },
  ]
  const ids = await history.addMessages(given)
  const messages = await history.getMessages()
  t.deepEqual(
    messages.map(({ id }) => id),
    ids,
  )
  t.is(ids[0], 'first')
  t.deepEqual(
    messages.map(({ role, content, metadata }) => ({ role, content, metadata })),
    given.map(({ role, content, metadata }) => ({ role, content, metadata })),
  )
  t.deepEqual(messages[1]?.time, time)
  t.true(Math.abs(Date.now() - (messages[3]?.time.getTime() ?? 0)) < 60_000)
})

testBoth('LangChain’s methods add messages of both sides', async (t, make) => {
  const history = await make(t)
  await history.addUserMessage('Hi')
  await history.addAIMessage('Hello')
  await history.addAIChatMessage('What can I do?')
  await history.addMessage({ role: 'system', content: 'Be brief.' })
  t.deepEqual(
    (await history.getMessages()).map(({ role, content }) => [role, content]),
    [
      ['human', 'Hi'],
      ['ai', 'Hello'],
      ['ai', 'What can I do?'],
      ['system', 'Be brief.'],
    ],
  )
})

testBoth(
  'the newest are read page by page, and only as far as they are asked for',
  async (t, make) => {
    const history = await make(t)
    const all = Array.from({ length: 300 }, (_, i) => `m${i}`)
    await history.addMessages(all.map(content => ({ role: 'human', content })))
    const newest: string[] = []
    for await (const { content } of history.newestFirst()) newest.push(content)
    t.deepEqual(newest, all.toReversed())
    t.deepEqual(await contents(history), all)
  },
)

testBoth('the messages of one call are added all or none', async (t, make) => {
  const history = await make(t)
  await history.addMessage({ role: 'human', content: 'a', id: 'a' })
  await refused(t, 'ERR_RECORD_EXISTS', () =>
    history.addMessages([
      { role: 'human', content: 'b', id: 'b' },
      { role: 'human', content: 'a again', id: 'a' },
    ]),
  )
  await refused(t, 'ERR_INVALID_ARGUMENT', () =>
    history.addMessages([{ role: 'human', content: 'b' }, { role: 'human' } as Anything]),
  )
  t.deepEqual(await contents(history), ['a'])
  t.deepEqual(await history.addMessages([]), [])
})

testBoth('messages are deleted by their ids, and all by clear', async (t, make) => {
  const history = await make(t)
  const ids = await history.addMessages(['a', 'b', 'c'].map(content => ({ role: 'ai', content })))
  t.is(await history.deleteMessages([ids[1] ?? '', 'unknown']), 1)
  t.deepEqual(await contents(history), ['a', 'c'])
  await history.clear()
  t.deepEqual(await contents(history), [])
})

testBoth('a signal that has fired ends each call, and nothing has changed', async (t, make) => {
  const history = await make(t)
  await history.addUserMessage('a')
  const reason = new Error('enough')
  const call = { signal: AbortSignal.abort(reason) }
  for (const run of [
    () => history.getMessages(call),
    () => history.addUserMessage('b', call),
    () => history.deleteMessages(['a'], call),
    () => history.clear(call),
  ]) {
    t.is(await t.throwsAsync(run as () => Promise<unknown>), reason)
  }
  t.deepEqual(await contents(history), ['a'])
})

testBoth('messages that cannot be right are refused by their place', async (t, make) => {
  const history = await make(t)
  const good = { role: 'human', content: 'a' }
  const cases: [Anything, RegExp][] = [
    ['text', /the messages are "text"/],
    [[good, null], /message 1 is null/],
    [[{ ...good, text: 'a' }], /unknown key "text" of message 0/],
    [[{ ...good, content: 7 }], /the content of message 0 is 7/],
    [[{ content: 'a' }], /the role of message 0 is undefined/],
    [[{ ...good, role: '' }], /the role of message 0 is ""/],
    [[{ ...good, time: 'today' }], /the time of message 0 is "today"/],
    [[{ ...good, time: new Date(Number.NaN) }], /the time of message 0 is a Date/],
    [[{ ...good, id: 7 }], /the id of message 0 is 7/],
    [[{ ...good, metadata: 'a' }], /the metadata of message 0 is "a"/],
    [[{ ...good, metadata: { role: 'ai' } }], /the metadata of message 0 has "role"/],
  ]
  for (const [messages, pattern] of cases) {
    const call = () => history.addMessages(messages)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', call)).message, pattern)
  }
  const misspelt = () => history.getMessages({ sginal: 1 } as Anything)
  t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', misspelt)).message, /did you mean "signal"\?/)
  t.deepEqual(await contents(history), [])
})

test('a history needs a place where records can be', async t => {
  for (const options of [undefined, {}, { collection: {} }, { collection: 7 }] as Anything[]) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => new StoredChatHistory(options))
  }
})

testWithModel('a stored history goes on after the store was closed', async (t, encoder) => {
  const { collection, reopen } = await reopenable(t, encoder)
  await new StoredChatHistory({ collection }).addUserMessage('我叫小明')
  const history = new StoredChatHistory({ collection: await reopen() })
  await history.addAIMessage('你好，小明！')
  t.deepEqual(await contents(history), ['我叫小明', '你好，小明！'])
})

testWithModel('stored messages can be searched by what they say', async (t, encoder) => {
  const { collection } = await reopenable(t, encoder)
  const history = new StoredChatHistory({ collection })
  await history.addUserMessage('My favourite sport is soccer')
  await history.addUserMessage('I grew up by the sea')
  const [hit] = await collection.search('Which match shall we watch?', { k: 1 })
  t.like(hit, { text: 'My favourite sport is soccer', metadata: { role: 'human' } })
})

test('memories whose messages are in the same place have the same key, others have not', async t => {
  const store = await openStore(t)
  const talks = store.collection('talks', { vectors: false })
  const ann = talks.namespace(['ann'])
  const chatHistory = new InMemoryChatHistory()
  const key = (options: ChatMemoryOptions) => historyKey(new ConversationBufferMemory(options))
  const entities = new ConversationEntityMemory({ collection: talks.namespace(['ann']) })
  t.is(key({ collection: ann }), historyKey(entities))
  const messages = new StoredChatHistory({ collection: talks.namespace(['ann', 'messages']) })
  t.is(key({ collection: ann }), key({ chatHistory: messages }))
  t.is(key({ chatHistory }), key({ chatHistory, collection: ann }))
  const others = [
    key({}),
    key({}),
    key({ chatHistory }),
    key({ collection: talks }),
    key({ collection: ann }),
    key({ collection: talks.namespace(['bob']) }),
    key({ collection: store.collection('others', { vectors: false }).namespace(['ann']) }),
  ]
  t.is(new Set(others).size, others.length)
})
