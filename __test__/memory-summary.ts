// A running summary of the whole talk.
import test from 'ava'
import { ConversationSummaryMemory, InMemoryChatHistory } from 'hippocamp/memory'
import { contentsOf, reopenable, saveAtOnce, scripted, shown, talk } from './support/memories.js'
import { testWithModel } from './support/models.js'
import { refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

/** A model whose summaries are the one before, a bar and the new lines. */
function barred() {
  return scripted(prompt => {
    const [, summary = '', lines = ''] = /^<(.*?)>([\s\S]*)$/.exec(prompt) ?? []
    return `${summary}|${lines.replaceAll('\n', ';')}`
  })
}
const prompt = '<{summary}>{new_lines}'

test('a model is asked for the new summary, of the one before and the new lines', async t => {
  const { llm, prompts } = barred()
  const memory = new ConversationSummaryMemory({ llm, prompt })
  t.deepEqual(await memory.loadMemoryVariables({}), { history: '' })
  await talk(memory, [
    ['Hi', 'Hello'],
    ['我叫小明', '你好'],
  ])
  t.deepEqual(prompts, [
    '<>Human: Hi\nAI: Hello',
    '<|Human: Hi;AI: Hello>Human: 我叫小明\nAI: 你好',
  ])
  t.deepEqual(await memory.loadMemoryVariables({}), {
    history: '|Human: Hi;AI: Hello|Human: 我叫小明;AI: 你好',
  })
  t.is((await memory.chatHistory.getMessages()).length, 4)
  await memory.clear()
  t.is(await shown(memory), '')
})

test('the prompt that is asked without another one names all that is needed', async t => {
  const { llm, prompts } = scripted(() => 'Ann greets.')
  const memory = new ConversationSummaryMemory({ llm })
  await talk(memory, [
    ['Hi, I am Ann', 'Hello'],
    ['{summary} $& {new_lines}', 'x'],
  ])
  t.regex(prompts[0] ?? '', /Human: Hi, I am Ann\nAI: Hello/)
  t.regex(prompts[1] ?? '', /Ann greets\.[\s\S]*Human: \{summary\} \$& \{new_lines\}\nAI: x/)
})

test('models are functions, objects with invoke, and answer in strings, messages or parts', async t => {
  const answers = ['a', { content: 'a' }, { content: [{ type: 'text', text: 'a' }] }]
  for (const answer of answers) {
    for (const llm of [() => answer, async () => answer, { invoke: async () => answer }]) {
      const memory = new ConversationSummaryMemory({ llm: llm as Anything, returnMessages: true })
      t.deepEqual(await shown(memory), [])
      await talk(memory, [['Hi', 'Hello']])
      t.deepEqual(await shown(memory), [{ role: 'system', content: 'a' }])
    }
  }
})

test('a model that fails loses nothing: the messages are shown as they are, and summarised next time', async t => {
  const errors: unknown[] = []
  let broken = true
  const { llm, prompts } = barred()
  const memory = new ConversationSummaryMemory({
    prompt,
    llm: async text => {
      if (broken) throw new Error('overloaded')
      return llm(text)
    },
    onSummaryError: error => errors.push(error),
  })
  await talk(memory, [['a', 'b']])
  t.is(String(errors), 'Error: overloaded')
  t.is(await shown(memory), 'Human: a\nAI: b')
  broken = false
  await talk(memory, [['c', 'd']])
  t.deepEqual(prompts, ['<>Human: a\nAI: b\nHuman: c\nAI: d'])
  t.is(await shown(memory), '|Human: a;AI: b;Human: c;AI: d')
})

for (const [answer, message] of [
  [7, /llm answered 7: give/],
  [null, /llm answered null: give/],
  ['', /llm answered "": give one that resolves to a string that is not empty/],
  [' \n', /llm answered " \\n": give/],
  [{ content: ' ' }, /llm answered an object whose content is " ": give/],
  [{ text: 'a', usage: 7 }, /llm answered an object without content, with "text", "usage": give/],
  [{}, /llm answered an object without content, with no keys at all: give/],
] as [Anything, RegExp][]) {
  test(`the answer ${JSON.stringify(answer)} is a failure, and erases no summary`, async t => {
    const errors: Error[] = []
    let given: Anything = 'Ann greets.'
    const memory = new ConversationSummaryMemory({
      llm: () => given,
      onSummaryError: error => errors.push(error as Error),
    })
    await talk(memory, [['Hi', 'Hello']])
    given = answer
    await talk(memory, [['a', 'b']])
    t.regex(errors[0]?.message ?? '', message)
    t.is(await shown(memory), 'Ann greets.\nHuman: a\nAI: b')
  })
}

test('without another place, a failure is a warning of the process', async t => {
  const warned = new Promise<Error>(resolve => {
    process.on('warning', warning => {
      if (warning.name === 'HippocampWarning') resolve(warning)
    })
  })
  const llm = () => Promise.reject(new Error('overloaded'))
  await talk(new ConversationSummaryMemory({ llm }), [['a', 'b']])
  t.regex((await warned).message, /summary of a talk was not updated.*overloaded/)
})

const TALK = [
  ['My favourite sport is soccer. The weather is fine.', 'Soccer is a great sport!'],
  ['I play soccer with my team every Saturday.', 'Which position do you play in the team?'],
  ['I am the goalkeeper of the soccer team.', 'Goalkeepers need good nerves.'],
] as const

testWithModel('without a model the most central sentences are the summary', async (t, encoder) => {
  const memory = new ConversationSummaryMemory({ encoder, maxSentences: 3 })
  await talk(memory, TALK)
  const lines = String(await shown(memory)).split('\n')
  t.is(lines.length, 3)
  const said = TALK.flat().join(' ')
  for (const line of lines) {
    t.regex(line, /^(Human|AI): /)
    t.true(said.includes(line.replace(/^\w+: /, '')))
  }
  t.true(lines.some(line => line.includes('soccer team')))
  t.false(lines.some(line => line.includes('weather')))
})

testWithModel('a durable summary goes on after the store was closed', async (t, encoder) => {
  const { collection, reopen } = await reopenable(t, encoder)
  const { llm } = barred()
  await talk(new ConversationSummaryMemory({ collection, llm, prompt }), [['a', 'b']])
  const memory = new ConversationSummaryMemory({ collection: await reopen(), llm, prompt })
  t.is(await shown(memory), '|Human: a;AI: b')
  await talk(memory, [['c', 'd']])
  t.is(await shown(memory), '|Human: a;AI: b|Human: c;AI: d')
  await memory.clear()
  t.is(await shown(new ConversationSummaryMemory({ collection: await reopen(), llm, prompt })), '')
})

testWithModel(
  'a process that ends between messages and summary loses and doubles nothing',
  async (t, encoder) => {
    const { collection, reopen } = await reopenable(t, encoder)
    const { llm, prompts } = barred()
    const memory = new ConversationSummaryMemory({ collection, llm, prompt })
    await talk(memory, [['a', 'b']])
    // What is there if the process ends after the messages were written: they, and the summary before them.
    await memory.chatHistory.addMessages([{ role: 'human', content: 'c' }])
    const again = new ConversationSummaryMemory({ collection: await reopen(), llm, prompt })
    t.is(await shown(again), '|Human: a;AI: b\nHuman: c')
    await talk(again, [['d', 'e']])
    t.is(prompts.at(-1), '<|Human: a;AI: b>Human: c\nHuman: d\nAI: e')
  },
)

testWithModel('several objects over one talk lose and double nothing', async (t, encoder) => {
  const { collection } = await reopenable(t, encoder)
  const { llm } = barred()
  const memories = [1, 2, 3].map(
    () => new ConversationSummaryMemory({ collection, llm, prompt, returnMessages: true }),
  )
  const saves = memories.flatMap((memory, who) =>
    Array.from({ length: 10 }, async (_, i) => {
      await new Promise(resolve => setTimeout(resolve, 5 * i + who))
      await memory.saveContext({ input: `${who}.${i}` }, {})
    }),
  )
  await Promise.all(saves)
  const [memory] = memories
  const parts = (await shown(memory as ConversationSummaryMemory)) as { content: string }[]
  const said = parts.flatMap(({ content }) => content.match(/\d\.\d/g) ?? [])
  const stored = await memory?.chatHistory.getMessages()
  t.deepEqual(
    said,
    stored?.map(({ content }) => content),
  )
  t.is(said.length, 30)
})

test('a thousand turns saved at once are all summarised, once, in order, with few questions', async t => {
  const { llm, prompts } = barred()
  const memory = new ConversationSummaryMemory({ llm, prompt })
  await saveAtOnce(memory, 1000)
  const messages = await memory.chatHistory.getMessages()
  t.deepEqual(
    messages.map(({ content }) => content),
    contentsOf(1000),
  )
  const lines = prompts.flatMap(prompt => prompt.replace(/^<[^>]*>/, '').split('\n'))
  t.deepEqual(
    lines.map(line => line.replace(/^\w+: /, '')),
    contentsOf(1000),
  )
  t.true(prompts.length < 20)
})

test('a summary has an end, whatever the model answers', async t => {
  const memory = new ConversationSummaryMemory({ llm: () => `${'x'.repeat(1 << 20)} the end.` })
  await talk(memory, [['a', 'b']])
  const text = String(await shown(memory))
  t.true(text.length <= 10_000 && text.endsWith('the end.'))
})

test('a prepared turn asks the model at once, and again only if another turn was faster', async t => {
  const { llm, prompts } = barred()
  const memory = new ConversationSummaryMemory({ llm, prompt })
  const slow = await memory.prepareSave({ input: 'a' }, { output: 'b' })
  t.is(prompts.length, 1)
  t.is(await shown(memory), '')
  const fast = await memory.prepareSave({ input: 'c' }, { output: 'd' })
  await fast.commit()
  t.is(prompts.length, 2)
  await slow.commit()
  t.deepEqual(prompts.slice(2), ['<|Human: c;AI: d>Human: a\nAI: b'])
  t.is(await shown(memory), '|Human: c;AI: d|Human: a;AI: b')
  await slow.undo()
  t.is(await shown(memory), '|Human: c;AI: d')
  await fast.undo()
  t.is(await shown(memory), '')
  t.deepEqual(await memory.chatHistory.getMessages(), [])
})

test('a turn that is prepared while another one is being written is planned anew', async t => {
  let open = () => {}
  const gate = new Promise<void>(resolve => {
    open = resolve
  })
  class Slow extends InMemoryChatHistory {
    override async addMessages(...args: Parameters<InMemoryChatHistory['addMessages']>) {
      await gate
      return super.addMessages(...args)
    }
  }
  const { llm, prompts } = barred()
  const memory = new ConversationSummaryMemory({ llm, prompt, chatHistory: new Slow() })
  const writing = memory.saveContext({ input: 'a' }, { output: 'b' })
  while (prompts.length === 0) await new Promise(setImmediate)
  await new Promise(setImmediate)
  const prepared = await memory.prepareSave({ input: 'c' }, { output: 'd' })
  open()
  await writing
  await prepared.commit()
  t.is(await shown(memory), '|Human: a;AI: b|Human: c;AI: d')
})

test('a signal ends a turn while the model is asked, and nothing was saved', async t => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const llm = () => {
    controller.abort(reason)
    return new Promise<string>(() => {})
  }
  const memory = new ConversationSummaryMemory({ llm })
  const { signal } = controller
  t.is(await t.throwsAsync(memory.saveContext({ input: 'a' }, {}, { signal })), reason)
  t.is(await shown(memory), '')
})

test('a summary over a history that was there before begins with all of it', async t => {
  const chatHistory = new InMemoryChatHistory()
  const long = 'x'.repeat(10_000)
  await chatHistory.addMessages([1, 2, 3].map(() => ({ role: 'human', content: long })))
  const { llm, prompts } = barred()
  const memory = new ConversationSummaryMemory({ chatHistory, llm, prompt })
  await talk(memory, [['new', 'turn']])
  // In parts, each small enough for a prompt.
  t.is(prompts.length, 3)
  t.true(prompts[2]?.endsWith(`Human: ${long}\nHuman: new\nAI: turn`))
})

test('lines are the summary and what is not in it', async t => {
  const { llm } = barred()
  const memory = new ConversationSummaryMemory({ llm, prompt })
  await talk(memory, [['a', 'b']])
  await memory.chatHistory.addMessages([{ role: 'human', content: 'c' }])
  const lines = await memory.memoryLines({})
  t.deepEqual(
    lines.history?.map(({ text, priority }) => [text, priority]),
    [
      ['|Human: a;AI: b', 1],
      ['Human: c', 1 / 2],
    ],
  )
})

test('what cannot summarise is refused, naming both remedies', async t => {
  const cases: [Anything, RegExp][] = [
    [undefined, /nothing to summarise with: give llm, a function .* or encoder/],
    [{}, /nothing to summarise with: give llm, a function .* or encoder/],
    [{ llm: 7 }, /llm is 7: give a function/],
    [{ llm: {} }, /llm is an object/],
    [{ encoder: {} }, /encoder is an object/],
    [{ llm: () => '', prompt: 'no names' }, /prompt has no \{new_lines\}/],
    [{ llm: () => '', prompt: 7 }, /prompt is 7/],
    [{ llm: () => '', maxSentences: 0 }, /maxSentences is 0/],
    [{ llm: () => '', onSummaryError: 7 }, /onSummaryError is 7/],
    [{ model: () => '' }, /unknown option "model"/],
  ]
  for (const [options, pattern] of cases) {
    const construct = () => new ConversationSummaryMemory(options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', construct)).message, pattern)
  }
})
