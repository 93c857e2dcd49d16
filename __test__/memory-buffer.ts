// Memories that show messages word for word: all, the last turns, or what fits.
import test from 'ava'
import {
  BufferMemory,
  BufferWindowMemory,
  ConversationBufferMemory,
  ConversationBufferWindowMemory,
  InMemoryChatHistory,
  StoredChatHistory,
} from 'hippocamp/memory'
import { contentsOf, reopenable, saveAtOnce, shown, talk } from './support/memories.js'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

const TALK = [
  ['Hi, I am Ann', 'Hello Ann'],
  ['我喜欢喝绿茶', '好的，我记住了'],
] as const
const LINES = 'Human: Hi, I am Ann\nAI: Hello Ann\nHuman: 我喜欢喝绿茶\nAI: 好的，我记住了'

test('the whole talk is shown as lines, or as messages', async t => {
  const memory = new ConversationBufferMemory()
  t.deepEqual(memory.memoryKeys, ['history'])
  t.deepEqual(await memory.loadMemoryVariables({}), { history: '' })
  await talk(memory, TALK)
  t.deepEqual(await memory.loadMemoryVariables({ input: 'x' }), { history: LINES })
  const { chatHistory } = memory
  const messages = new ConversationBufferMemory({ chatHistory, returnMessages: true })
  t.deepEqual(await messages.loadMemoryVariables({}), {
    history: [
      { role: 'human', content: 'Hi, I am Ann' },
      { role: 'ai', content: 'Hello Ann' },
      { role: 'human', content: '我喜欢喝绿茶' },
      { role: 'ai', content: '好的，我记住了' },
    ],
  })
  const named = new ConversationBufferMemory({
    chatHistory,
    memoryKey: 'chat',
    humanPrefix: '用户',
    aiPrefix: '助手',
  })
  t.deepEqual(await named.loadMemoryVariables({}), {
    chat: '用户: Hi, I am Ann\n助手: Hello Ann\n用户: 我喜欢喝绿茶\n助手: 好的，我记住了',
  })
  await memory.clear()
  t.is(await shown(memory), '')
})

test('LangChain.js’s names are the same classes', t => {
  t.is(BufferMemory, ConversationBufferMemory)
  t.is(BufferWindowMemory, ConversationBufferWindowMemory)
})

test('messages of other roles stand under their own names', async t => {
  const memory = new ConversationBufferMemory()
  await memory.chatHistory.addMessages([
    { role: 'system', content: 'Be kind.' },
    { role: 'weather', content: '21 °C' },
    { role: 'toString', content: 'a role that every object has' },
  ])
  t.is(
    await shown(memory),
    'System: Be kind.\nweather: 21 °C\ntoString: a role that every object has',
  )
})

test('a window shows the last five turns, and the history keeps them all', async t => {
  const memory = new ConversationBufferWindowMemory()
  t.is(memory.k, 5)
  await saveAtOnce(memory, 30)
  t.is(
    await shown(memory),
    Array.from({ length: 5 }, (_, i) => `Human: question ${25 + i}\nAI: answer ${25 + i}`).join(
      '\n',
    ),
  )
  t.is((await memory.chatHistory.getMessages()).length, 60)
  const one = new ConversationBufferWindowMemory({ chatHistory: memory.chatHistory, k: 1 })
  t.is(await shown(one), 'Human: question 29\nAI: answer 29')
})

test('LangChain’s fault: an empty input or output is a message like others', async t => {
  const memory = new ConversationBufferMemory()
  await memory.saveContext({ input: '' }, { output: 'Hello?' })
  await memory.saveContext({ input: 'Hi' }, { output: '' })
  t.is(await shown(memory), 'Human: \nAI: Hello?\nHuman: Hi\nAI: ')
  await memory.saveContext({}, { output: 'still there?' })
  await memory.saveContext({}, {})
  t.is((await memory.chatHistory.getMessages()).length, 5)
})

test('LangChain’s fault: outputKey chooses what is stored', async t => {
  const memory = new ConversationBufferMemory({ outputKey: 'answer' })
  await memory.saveContext({ input: 'a' }, { answer: 'b', sources: ['long'] })
  t.is(await shown(memory), 'Human: a\nAI: b')
  await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.saveContext({ input: 'a' }, { text: 'b' }))
  t.is((await memory.chatHistory.getMessages()).length, 2)
})

test('LangChain’s fault: of several inputs only the one that was said is stored', async t => {
  const turn = { question: 'Who am I?', apiKey: 'secret', history: 'old' }
  const memory = new ConversationBufferMemory()
  const call = () => memory.saveContext(turn, { output: 'b' })
  t.regex(
    (await refused(t, 'ERR_INVALID_ARGUMENT', call)).message,
    /^there are several inputs \("question", "apiKey"\): say which one is the question by inputKey/,
  )
  const several = () => memory.saveContext({ input: 'a' }, { text: 'b', sources: [] })
  t.regex(
    (await refused(t, 'ERR_INVALID_ARGUMENT', several)).message,
    /^there are several outputs \("text", "sources"\): say which one is the answer by outputKey$/,
  )
  t.is(await shown(memory), '')
  for (const options of [{ inputKey: 'question' }, { excludeInputKeys: ['apiKey'] }]) {
    const memory = new ConversationBufferMemory(options)
    await memory.saveContext(turn, { output: 'b' })
    t.is(await shown(memory), 'Human: Who am I?\nAI: b')
  }
})

test('a thousand turns saved at once in RAM are all there, once, in the order of the calls', async t => {
  const memory = new ConversationBufferMemory()
  await saveAtOnce(memory, 1000)
  const messages = await memory.chatHistory.getMessages()
  t.deepEqual(
    messages.map(({ content }) => content),
    contentsOf(1000),
  )
})

testWithModel(
  'a thousand turns saved at once in a store are all there, once, in the order of the calls',
  async (t, encoder) => {
    const { collection } = await reopenable(t, encoder)
    const memory = new ConversationBufferMemory({ collection })
    await saveAtOnce(memory, 1000)
    const messages = await memory.chatHistory.getMessages()
    t.deepEqual(
      messages.map(({ content }) => content),
      contentsOf(1000),
    )
  },
)

testWithModel(
  'a memory with a collection goes on after the store was closed',
  async (t, encoder) => {
    const { collection, reopen } = await reopenable(t, encoder)
    const ann = collection.namespace(['user', 'ann'])
    await talk(new ConversationBufferMemory({ collection: ann }), TALK.slice(0, 1))
    const again = (await reopen()).namespace(['user', 'ann'])
    const memory = new ConversationBufferMemory({ collection: again })
    await talk(memory, TALK.slice(1))
    t.is(await shown(memory), LINES)
    // The messages have a namespace of their own.
    t.is(await again.count(), 0)
    t.is(await again.namespace(['user', 'ann', 'messages']).count(), 4)
    const history = new StoredChatHistory({
      collection: again.namespace(['user', 'ann', 'messages']),
    })
    t.is(await shown(new ConversationBufferWindowMemory({ chatHistory: history })), LINES)
  },
)

test('a prepared turn is written by commit, and taken back by undo', async t => {
  const memory = new ConversationBufferMemory()
  await talk(memory, TALK.slice(0, 1))
  const prepared = await memory.prepareSave({ input: 'a' }, { output: 'b' })
  t.is((await memory.chatHistory.getMessages()).length, 2)
  await prepared.commit()
  await memory.saveContext({ input: 'c' }, { output: 'd' })
  await prepared.undo()
  t.is(await shown(memory), 'Human: Hi, I am Ann\nAI: Hello Ann\nHuman: c\nAI: d')
})

test('a write that fails half way leaves nothing behind', async t => {
  class Failing extends InMemoryChatHistory {
    fail = false
    override async addMessages(...args: Parameters<InMemoryChatHistory['addMessages']>) {
      const ids = await super.addMessages(...args)
      if (this.fail) throw new Error('no room')
      return ids
    }
  }
  const chatHistory = new Failing()
  const memory = new ConversationBufferMemory({ chatHistory })
  chatHistory.fail = true
  const error = await t.throwsAsync(memory.saveContext({ input: 'a' }, { output: 'b' }))
  t.is(error?.message, 'no room')
  chatHistory.fail = false
  t.is(await shown(memory), '')
})

test('clear waits for the turns that were saved before it', async t => {
  const memory = new ConversationBufferMemory()
  const saves = [memory.saveContext({ input: 'before' }, {}), memory.clear()]
  saves.push(memory.saveContext({ input: 'after' }, {}))
  await Promise.all(saves)
  t.is(await shown(memory), 'Human: after')
})

test('lines come in the order in which they are read, the newest is the most important', async t => {
  const memory = new ConversationBufferMemory()
  await talk(memory, TALK)
  const { history = [] } = await memory.memoryLines({})
  t.deepEqual(
    history.map(({ text, priority }) => [text.slice(0, 8), priority]),
    [
      ['Human: H', 1 / 4],
      ['AI: Hell', 1 / 3],
      ['Human: 我', 1 / 2],
      ['AI: 好的，我', 1],
    ].map(([text, priority]) => [String(text).slice(0, 8), priority]),
  )
  t.deepEqual(memory.formatLines({ history: history.slice(2) }), {
    history: 'Human: 我喜欢喝绿茶\nAI: 好的，我记住了',
  })
})

test('a signal ends each call with its reason', async t => {
  const memory = new ConversationBufferMemory()
  const reason = new Error('enough')
  const call = { signal: AbortSignal.abort(reason) }
  const turn = [{ input: 'a' }, { output: 'b' }] as const
  t.is(await t.throwsAsync(memory.saveContext(...turn, call)), reason)
  t.is(await t.throwsAsync(memory.prepareSave(...turn, call)), reason)
  t.is(await t.throwsAsync(memory.loadMemoryVariables({}, call)), reason)
  t.is(await t.throwsAsync(memory.clear(call)), reason)
  t.is(await shown(memory), '')
})

test('a collection without an encoder is refused by the store', async t => {
  const store = await openStore(t)
  const memory = new ConversationBufferMemory({ collection: store.collection('c') })
  await refused(t, 'ERR_ENCODER_REQUIRED', () => memory.saveContext({ input: 'a' }, {}))
})

test('options that cannot be right are refused by name', async t => {
  const cases: [Anything, RegExp][] = [
    [7, /the options of ConversationBufferWindowMemory are 7/],
    [{ K: 5 }, /unknown option "K" of ConversationBufferWindowMemory: did you mean "k"\?/],
    [{ k: 0 }, /k is 0/],
    [{ memoryKey: '' }, /memoryKey is "": give a key/],
    [{ memoryKey: 7 }, /memoryKey is 7/],
    [{ inputKey: 'history' }, /memoryKey "history" is also a key of the inputs or outputs/],
    [{ humanPrefix: '' }, /humanPrefix is ""/],
    [{ aiPrefix: 7 }, /aiPrefix is 7/],
    [{ returnMessages: 1 }, /returnMessages is 1/],
    [{ chatHistory: {} }, /chatHistory is an object: give a StoredChatHistory/],
    [{ collection: {} }, /collection is an object: give a collection/],
    [{ collection: null }, /collection is null/],
  ]
  for (const [options, pattern] of cases) {
    const construct = () => new ConversationBufferWindowMemory(options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', construct)).message, pattern)
  }
  const memory = new ConversationBufferMemory()
  for (const values of [undefined, null, 'text', ['text']] as Anything[]) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.saveContext(values, {}))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.saveContext({ input: 'a' }, values))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.prepareSave({ input: 'a' }, values))
  }
  const missing = () => memory.saveContext({ input: 'a' }, undefined as Anything)
  t.regex(
    (await refused(t, 'ERR_INVALID_ARGUMENT', missing)).message,
    /outputs are undefined: give an object of values by key, such as \{ output: "…" \}/,
  )
  const misspelt = () => memory.saveContext({ input: 'a' }, {}, { sginal: 1 } as Anything)
  await refused(t, 'ERR_INVALID_ARGUMENT', misspelt)
  t.is(await shown(memory), '')
})
