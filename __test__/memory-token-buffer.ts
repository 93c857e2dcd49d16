// The newest messages that fit into a number of tokens.
import test from 'ava'
import {
  ConversationTokenBufferMemory,
  InMemoryChatHistory,
  StoredChatHistory,
} from 'hippocamp/memory'
import {
  countWords,
  randomNumbers,
  reopenable,
  saveAtOnce,
  shown,
  talk,
} from './support/memories.js'
import { testWithModel } from './support/models.js'
import { refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

testWithModel(
  'LangChain’s fault: what is shown is pruned though the history is in a store',
  async (t, encoder) => {
    const { collection, reopen } = await reopenable(t, encoder)
    const options = { maxTokenLimit: 40, countTokens: encoder }
    await saveAtOnce(new ConversationTokenBufferMemory({ collection, ...options }), 50)
    const memory = new ConversationTokenBufferMemory({ collection: await reopen(), ...options })
    await talk(memory, [['最后一个问题', '最后一个回答']])
    const text = String(await shown(memory))
    t.true((await encoder.countTokens(text)) <= 40)
    t.true(text.endsWith('Human: 最后一个问题\nAI: 最后一个回答'))
    t.true(text.startsWith('Human: question') || text.startsWith('AI: answer'))
    // Nothing is deleted: others may share the history.
    t.is((await memory.chatHistory.getMessages()).length, 102)
  },
)

test('never above the limit, and never less than what fits, whatever the lengths', async t => {
  const random = randomNumbers(7)
  for (let round = 0; round < 200; round++) {
    const maxTokenLimit = 1 + Math.floor(random() * 60)
    const memory = new ConversationTokenBufferMemory({ maxTokenLimit, countTokens: countWords })
    const turns = Math.floor(random() * 12)
    for (let i = 0; i < turns; i++) {
      const words = (most: number) => 'w '.repeat(Math.floor(random() * most)).trim()
      await memory.saveContext({ input: words(30) }, { output: words(30) })
    }
    const all = await memory.chatHistory.getMessages()
    const lines = all.map(({ role, content }) => `${role === 'ai' ? 'AI' : 'Human'}: ${content}`)
    const text = String(await shown(memory))
    t.true(countWords(text) <= maxTokenLimit)
    t.true(lines.join('\n').endsWith(text))
    const kept = text === '' ? 0 : text.split('\n').length
    if (kept < lines.length) {
      // One more would be too much, counting a line break for each line as the sum does.
      t.true(countWords(lines.slice(lines.length - kept - 1).join('\n')) > maxTokenLimit - kept)
    }
  }
})

test('a message above the limit is not cut: it and what is before it are not shown', async t => {
  const memory = new ConversationTokenBufferMemory({ maxTokenLimit: 10, countTokens: countWords })
  await talk(memory, [['short', 'long '.repeat(20)]])
  t.is(await shown(memory), '')
  await talk(memory, [['short again', 'yes']])
  t.is(await shown(memory), 'Human: short again\nAI: yes')
})

test('messages can be returned, and are pruned all the same', async t => {
  const memory = new ConversationTokenBufferMemory({
    maxTokenLimit: 6,
    countTokens: async text => countWords(text),
    returnMessages: true,
  })
  await saveAtOnce(memory, 10)
  t.deepEqual(await shown(memory), [{ role: 'ai', content: 'answer 9' }])
})

test('tokens are counted by a function, an encoder or a model of LangChain', async t => {
  const chatHistory = new InMemoryChatHistory()
  await chatHistory.addUserMessage('one two three')
  for (const options of [
    { countTokens: countWords },
    { countTokens: { countTokens: async (text: string) => countWords(text) } },
    { llm: { getNumTokens: countWords } },
  ]) {
    const memory = new ConversationTokenBufferMemory({ chatHistory, maxTokenLimit: 4, ...options })
    t.is(await shown(memory), 'Human: one two three')
  }
  t.is(new ConversationTokenBufferMemory({ countTokens: countWords }).maxTokenLimit, 2000)
})

testWithModel('only what is shown is read of a long history', async (t, encoder) => {
  const { collection } = await reopenable(t, encoder)
  const history = new StoredChatHistory({ collection })
  await history.addMessages(
    Array.from({ length: 400 }, (_, i) => ({ role: 'human', content: `number ${i}` })),
  )
  let read = 0
  const chatHistory = new Proxy(history, {
    get(target, name) {
      if (name !== 'newestFirst') {
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async function* () {
        for await (const message of target.newestFirst()) {
          read++
          yield message
        }
      }
    },
  })
  const memory = new ConversationTokenBufferMemory({
    chatHistory,
    maxTokenLimit: 9,
    countTokens: countWords,
  })
  t.is(await shown(memory), 'Human: number 398\nHuman: number 399')
  t.true(read <= 4)
})

test('what cannot count is refused', async t => {
  const cases: [Anything, RegExp][] = [
    [{}, /has nothing to count tokens with: give countTokens/],
    [{ countTokens: 7 }, /countTokens is 7/],
    [{ countTokens: {} }, /countTokens is an object/],
    [{ countTokens: countWords, maxTokenLimit: 0 }, /maxTokenLimit is 0/],
    [{ countTokens: countWords, maxTokens: 5 }, /unknown option "maxTokens"/],
  ]
  for (const [options, pattern] of cases) {
    const construct = () => new ConversationTokenBufferMemory(options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', construct)).message, pattern)
  }
  const memory = new ConversationTokenBufferMemory({ countTokens: () => 'many' as Anything })
  await memory.saveContext({ input: 'a' }, {})
  await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.loadMemoryVariables({}))
})
