// The newest messages, and a summary of all that came before them.
import test from 'ava'
import { ConversationSummaryBufferMemory } from 'hippocamp/memory'
import {
  contentsOf,
  countWords,
  randomNumbers,
  reopenable,
  saveAtOnce,
  scripted,
  shown,
  talk,
} from './support/memories.js'
import { testWithModel } from './support/models.js'
import { refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

const prompt = '{new_lines}'

/** A model that remembers which lines it was given, and answers in two words. */
function collecting() {
  const lines: string[] = []
  const { llm } = scripted(prompt => {
    lines.push(...prompt.split('\n'))
    return `${lines.length} lines`
  })
  return { llm, lines }
}

test('LangChain’s fault: of thirty messages only those that fit are kept, the others are summarised', async t => {
  const { llm, lines } = collecting()
  const memory = new ConversationSummaryBufferMemory({
    llm,
    prompt,
    maxTokenLimit: 40,
    countTokens: countWords,
  })
  await saveAtOnce(memory, 15)
  const text = String(await shown(memory))
  t.true(countWords(text) <= 40)
  const [summary, ...verbatim] = text.split('\n')
  t.is(summary, `System: ${lines.length} lines`)
  t.true(verbatim.length >= 6 && verbatim.length < 12, text)
  t.deepEqual(
    [...lines, ...verbatim].map(line => line.replace(/^\w+: /, '')),
    contentsOf(15),
  )
})

test('never above the limit, and the summary covers exactly what is not shown, whatever the lengths', async t => {
  const random = randomNumbers(3)
  for (let round = 0; round < 100; round++) {
    const { llm, lines } = collecting()
    const maxTokenLimit = 16 + Math.floor(random() * 60)
    const memory = new ConversationSummaryBufferMemory({
      llm,
      prompt,
      maxTokenLimit,
      countTokens: countWords,
    })
    const said: string[] = []
    for (let turn = 0; turn < 12; turn++) {
      const words = () => `${turn}${' w'.repeat(Math.floor(random() * 30))}`
      const [input, output] = [words(), words()]
      said.push(`Human: ${input}`, `AI: ${output}`)
      await memory.saveContext({ input }, { output })
      const text = String(await shown(memory))
      t.true(countWords(text) <= maxTokenLimit, text)
      const verbatim = text.split('\n').filter(line => line !== '' && !line.startsWith('System: '))
      t.deepEqual([...lines, ...verbatim], said)
      t.is(text.startsWith('System: '), lines.length > 0)
    }
  }
})

testWithModel(
  'without a model, talks in both languages stay below the limit',
  async (t, encoder) => {
    const memory = new ConversationSummaryBufferMemory({ encoder, maxTokenLimit: 120 })
    for (let i = 0; i < 12; i++) {
      await talk(memory, [
        [
          `Chapter ${i} of my novel is about a ship. The sea is rough.`,
          'What happens to the ship?',
        ],
        [`第${i}章讲的是一条船。海上风浪很大。`, '船怎么样了？'],
      ])
      const text = String(await shown(memory))
      t.true((await encoder.countTokens(text)) <= 120)
      if (i > 4) t.regex(text, /^System: (Human|AI): /)
      t.true(text.endsWith('AI: 船怎么样了？'))
    }
  },
)

testWithModel('a summary is one line, told from what was said', async (t, encoder) => {
  const memory = new ConversationSummaryBufferMemory({
    encoder,
    maxTokenLimit: 90,
    maxSummaryTokens: 45,
  })
  for (let i = 0; i < 8; i++) {
    await talk(memory, [[`How about sardines number ${i}?`, `Then risotto number ${i}.`]])
  }
  const [summary, ...lines] = String(await shown(memory)).split('\n')
  t.regex(summary ?? '', /^System: (Human|AI): .+ (Human|AI): /)
  const messages = await memory.chatHistory.getMessages()
  t.deepEqual(
    lines.map(line => line.replace(/^\w+: /, '')),
    messages.slice(-lines.length).map(({ content }) => content),
  )
})

testWithModel('of a sentence that is too long a part is shown', async (t, encoder) => {
  const memory = new ConversationSummaryBufferMemory({ encoder, maxTokenLimit: 60 })
  await talk(memory, [['很长的话没有标点'.repeat(40), 'ok']])
  const text = String(await shown(memory))
  t.regex(text, /^System: ….*标点\nAI: ok$/)
  t.true((await encoder.countTokens(text)) <= 60)
})

test('a talk that fits is shown word for word, and no model is asked', async t => {
  const memory = new ConversationSummaryBufferMemory({
    llm: () => Promise.reject(new Error('not asked')),
    countTokens: countWords,
    onSummaryError: error => t.fail(String(error)),
  })
  t.is(memory.maxTokenLimit, 2000)
  t.is(memory.maxSummaryTokens, 500)
  await talk(memory, [['Hi', 'Hello']])
  t.is(await shown(memory), 'Human: Hi\nAI: Hello')
})

test('a message above the limit is summarised', async t => {
  const { llm, lines } = collecting()
  const options = { llm, prompt, maxTokenLimit: 20, countTokens: countWords, returnMessages: true }
  const memory = new ConversationSummaryBufferMemory(options)
  const long = 'long '.repeat(40).trim()
  await talk(memory, [['Hi', long]])
  t.deepEqual(lines, ['Human: Hi', `AI: ${long}`])
  t.deepEqual(await shown(memory), [{ role: 'system', content: '2 lines' }])
})

test('a summary that is too long is cut to its last sentences', async t => {
  const memory = new ConversationSummaryBufferMemory({
    llm: () => `${'Old facts. '.repeat(30)}The newest fact. And one more.`,
    maxTokenLimit: 40,
    countTokens: countWords,
  })
  await saveAtOnce(memory, 20)
  const text = String(await shown(memory))
  t.true(countWords(text) <= 40)
  t.regex(text, /^System: (?:Old facts\. )*The newest fact\. And one more\.\nAI: answer 16\n/)
})

test('a sentence that is too long by itself is cut, not dropped', async t => {
  for (const [answer, end] of [
    [`${'words '.repeat(90)}and the end`, /^System: ….*and the end\n/],
    ['很'.repeat(900), /^System: …很+\n/],
  ] as const) {
    const memory = new ConversationSummaryBufferMemory({
      llm: () => answer,
      maxTokenLimit: 60,
      countTokens: text => text.match(/\p{Script=Han}|[^\s\p{Script=Han}]+/gu)?.length ?? 0,
    })
    await saveAtOnce(memory, 20)
    t.regex(String(await shown(memory)), end)
  }
})

test('a model that fails loses nothing: what does not fit is summarised next time', async t => {
  let broken = true
  const { llm, lines } = collecting()
  const memory = new ConversationSummaryBufferMemory({
    prompt,
    maxTokenLimit: 30,
    countTokens: countWords,
    llm: async text => {
      if (broken) throw new Error('overloaded')
      return llm(text)
    },
    onSummaryError: () => {},
  })
  for (let i = 0; i < 10; i++) await talk(memory, [[`q${i}`, `a${i}`]])
  t.true(countWords(String(await shown(memory))) <= 30)
  t.is((await memory.chatHistory.getMessages()).length, 20)
  broken = false
  await talk(memory, [['q10', 'a10']])
  const verbatim = String(await shown(memory))
    .split('\n')
    .slice(1)
  const all = Array.from({ length: 11 }, (_, i) => [`Human: q${i}`, `AI: a${i}`]).flat()
  t.deepEqual([...lines, ...verbatim], all)
})

testWithModel('a durable summary goes on after the store was closed', async (t, encoder) => {
  const { collection, reopen } = await reopenable(t, encoder)
  const { llm, lines } = collecting()
  const options = { llm, prompt, maxTokenLimit: 30, countTokens: countWords }
  await saveAtOnce(new ConversationSummaryBufferMemory({ collection, ...options }), 8)
  const before = lines.length
  t.true(before > 0)
  const memory = new ConversationSummaryBufferMemory({ collection: await reopen(), ...options })
  for (let i = 8; i < 14; i++) await talk(memory, [[`question ${i}`, `answer ${i}`]])
  t.true(lines.length > before)
  const verbatim = String(await shown(memory))
    .split('\n')
    .slice(1)
  t.deepEqual(
    [...lines, ...verbatim].map(line => line.replace(/^\w+: /, '')),
    contentsOf(14),
  )
})

test('a prepared turn takes its summary back too', async t => {
  const { llm } = collecting()
  const options = { llm, prompt, maxTokenLimit: 20, countTokens: countWords }
  const memory = new ConversationSummaryBufferMemory(options)
  await talk(memory, [['a b c', 'd e f']])
  const before = await shown(memory)
  const prepared = await memory.prepareSave({ input: 'x '.repeat(8) }, { output: 'y' })
  t.is(await shown(memory), before)
  await prepared.commit()
  t.regex(String(await shown(memory)), /^System: /)
  await prepared.undo()
  t.is(await shown(memory), before)
})

test('options that cannot be right are refused by name', async t => {
  const llm = () => ''
  const cases: [Anything, RegExp][] = [
    [{ countTokens: countWords }, /nothing to summarise with/],
    [{ llm }, /has nothing to count tokens with/],
    [{ llm, countTokens: countWords, maxTokenLimit: 1.5 }, /maxTokenLimit is 1.5/],
    [
      { llm, countTokens: countWords, maxTokenLimit: 10, maxSummaryTokens: 10 },
      /maxSummaryTokens is 10 and maxTokenLimit 10: leave room for messages/,
    ],
  ]
  for (const [options, pattern] of cases) {
    const construct = () => new ConversationSummaryBufferMemory(options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', construct)).message, pattern)
  }
})
