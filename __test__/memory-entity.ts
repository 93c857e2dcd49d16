// What is known of the people, places and things that the talk is about.
import test from 'ava'
import { ConversationEntityMemory, EntityMemory } from 'hippocamp/memory'
import { reopenable, scripted, talk } from './support/memories.js'
import { testWithModel } from './support/models.js'
import { refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

const entities = async (memory: ConversationEntityMemory, input: string) =>
  (await memory.loadMemoryVariables({ input })).entities as Record<string, string>

const TALK = [
  ['My sister Anna lives in Berlin. I like tea.', 'What does Anna do in Berlin?'],
  ['Anna is a nurse. Her cat is called Max.', 'How nice!'],
] as const

test('without a model: the sentences that mention what the question is about', async t => {
  t.is(EntityMemory, ConversationEntityMemory)
  const memory = new ConversationEntityMemory()
  t.deepEqual(memory.memoryKeys, ['history', 'entities'])
  t.deepEqual(await memory.loadMemoryVariables({}), { history: '', entities: {} })
  await talk(memory, TALK)
  t.deepEqual(await memory.loadMemoryVariables({ input: 'Where does Anna live? And Paul?' }), {
    history: TALK.map(([input, output]) => `Human: ${input}\nAI: ${output}`).join('\n'),
    entities: {
      Anna: 'My sister Anna lives in Berlin.\nWhat does Anna do in Berlin?\nAnna is a nurse.',
    },
  })
  await memory.clear()
  t.deepEqual(await memory.loadMemoryVariables({ input: 'Anna?' }), {
    history: '',
    entities: {},
  })
})

test('in Chinese too', async t => {
  const memory = new ConversationEntityMemory({ humanPrefix: '用户', aiPrefix: '助手' })
  await talk(memory, [['我的同事张伟住在杭州。我喜欢喝茶。', '张伟是做什么的？']])
  t.deepEqual(await entities(memory, '张伟住在哪里？'), {
    张伟: '我的同事张伟住在杭州。\n张伟是做什么的？',
  })
})

test('a name is the same however it is written, and not a part of another word', async t => {
  const memory = new ConversationEntityMemory()
  await talk(memory, [['I met Ann Lee. ANN LEE is kind. Ann  Leeds is not.', '']])
  t.deepEqual(await entities(memory, 'Tell me about Ann Lee.'), {
    'Ann Lee': 'I met Ann Lee.\nANN LEE is kind.',
  })
})

test('the newest sentences are kept, each once', async t => {
  const memory = new ConversationEntityMemory({ maxSentences: 2 })
  for (const fact of ['sings', 'dances', 'paints', 'dances']) {
    await talk(memory, [[`Every day Anna ${fact}.`, '']])
  }
  t.deepEqual(await entities(memory, 'Anna?'), {
    Anna: 'Every day Anna paints.\nEvery day Anna dances.',
  })
})

test('the last three turns are shown', async t => {
  const memory = new ConversationEntityMemory({ returnMessages: true, chatHistoryKey: 'chat' })
  for (let i = 0; i < 5; i++) await talk(memory, [[`q${i}`, `a${i}`]])
  const { chat } = await memory.loadMemoryVariables({ input: 'x' })
  t.is((chat as unknown[]).length, 6)
  t.deepEqual((chat as unknown[])[0], { role: 'human', content: 'q2' })
})

/** A model that finds words with capitals, and whose notes are the ones before and the message. */
function noting() {
  return scripted(prompt => {
    const [kind, entity = '', summary = '', input = ''] = prompt.split('§')
    if (kind !== 'find') return input.includes('nothing new') ? 'UNCHANGED' : `${summary}[${input}]`
    return entity.match(/[A-Z]\w+/g)?.join(', ') ?? 'NONE'
  })
}
const prompts = {
  entityExtractionPrompt: 'find§{input}',
  entitySummarizationPrompt: 'note§{entity}§{summary}§{input}',
}

test('with a model: it finds the names and keeps the notes', async t => {
  const { llm, prompts: asked } = noting()
  const memory = new ConversationEntityMemory({ llm, ...prompts })
  const input = 'my Anna met Tom'
  t.deepEqual(await entities(memory, input), {})
  await talk(memory, [[input, 'ok']])
  t.deepEqual(await entities(memory, 'so Tom'), { Tom: '[Human: my Anna met Tom\nAI: ok]' })
  await talk(memory, [['nothing new of Tom', 'ok']])
  t.deepEqual(await entities(memory, 'so Tom'), { Tom: '[Human: my Anna met Tom\nAI: ok]' })
  // A turn is asked about once, though it is loaded and saved.
  t.is(asked.filter(prompt => prompt === `find§${input}`).length, 1)
  t.is(asked.filter(prompt => prompt.startsWith('find§so Tom')).length, 1)
})

test('LangChain’s fault: turns at the same time keep their entities apart', async t => {
  const { llm } = noting()
  const slow = async (prompt: string) => {
    await new Promise(resolve => setTimeout(resolve, prompt.includes('Anna') ? 20 : 1))
    return llm(prompt)
  }
  for (const options of [{}, { llm: slow, ...prompts }]) {
    const memory = new ConversationEntityMemory(options)
    const turn = async (input: string) => {
      await memory.loadMemoryVariables({ input })
      await memory.saveContext({ input }, { output: 'ok' })
    }
    await Promise.all(['I saw Anna', 'I saw Zelda'].map(turn))
    const notes = await entities(memory, 'I know Anna and Zelda')
    t.true(notes.Anna?.includes('Anna') && !notes.Anna.includes('Zelda'), notes.Anna)
    t.true(notes.Zelda?.includes('Zelda') && !notes.Zelda.includes('Anna'), notes.Zelda)
  }
})

test('a model that fails loses nothing: the rules stand in for it, and it is told', async t => {
  const errors: unknown[] = []
  const memory = new ConversationEntityMemory({
    llm: async prompt => {
      if (prompt.includes('Tom')) throw new Error('overloaded')
      return prompt.startsWith('find') ? 'Anna' : 'A note.'
    },
    onEntityError: error => errors.push(error),
    ...prompts,
  })
  const saves = ['I saw Anna', 'I saw Tom', 'so Anna'].map(input =>
    memory.saveContext({ input }, { output: 'ok' }),
  )
  await Promise.all(saves)
  t.is((await memory.chatHistory.getMessages()).length, 6)
  t.deepEqual(await entities(memory, 'so Anna'), { Anna: 'A note.' })
  errors.length = 0
  t.deepEqual(await entities(memory, 'so Anna and Tom'), { Anna: 'A note.', Tom: 'I saw Tom' })
  t.is(String(errors), 'Error: overloaded')
})

test('without another place, a failure is a warning of the process', async t => {
  const warned = new Promise<Error>(resolve => {
    process.on('warning', warning => {
      if (warning.name === 'HippocampWarning') resolve(warning)
    })
  })
  const llm = () => Promise.reject(new Error('overloaded'))
  await talk(new ConversationEntityMemory({ llm }), [['I saw Anna', 'ok']])
  t.regex((await warned).message, /llm failed over the entities.*overloaded/)
})

test('a model that answers nothing erases no notes', async t => {
  let answer = 'Anna is a nurse.'
  const memory = new ConversationEntityMemory({
    llm: prompt => (prompt.startsWith('find') ? 'Anna' : answer),
    onEntityError: () => {},
    ...prompts,
  })
  await talk(memory, [['I saw Anna', 'ok']])
  for (answer of ['', ' \n', 'Unchanged.']) await talk(memory, [['Anna', 'ok']])
  t.deepEqual(await entities(memory, 'so Anna'), { Anna: 'Anna is a nurse.\nAnna' })
})

test('whom a word stands for follows from the talk, not from the words alone', async t => {
  const memory = new ConversationEntityMemory({
    llm: prompt => {
      if (!prompt.startsWith('find')) return 'A note.'
      return prompt.match(/Anna|Berta/g)?.at(-1) ?? 'NONE'
    },
    ...prompts,
    entityExtractionPrompt: 'find§{history}§{input}',
  })
  const question = 'And where does she live?'
  await talk(memory, [['I saw Anna', 'ok']])
  t.deepEqual(Object.keys(await entities(memory, question)), ['Anna'])
  await talk(memory, [['I saw Berta', 'ok']])
  t.deepEqual(Object.keys(await entities(memory, question)), ['Berta'])
})

for (const [answer, names] of [
  ['NONE.', []],
  ['none', []],
  ['"None"', []],
  ['There are no names.', []],
  ['Sure! Here are the names: Anna', ['Anna']],
  ['Here they are:\n1. Anna\n2) Dr. Smith', ['Anna', 'Dr. Smith']],
  ['- Anna\n- **Berlin**.', ['Anna', 'Berlin']],
  ['Berlin.', ['Berlin']],
  ['["Anna", “Berlin”]', ['Anna', 'Berlin']],
  ['Anna (a person), Paris', ['Anna']],
  ['1、王经理。', ['王经理']],
] as const) {
  test(`the names in the answer ${JSON.stringify(answer)}`, async t => {
    const memory = new ConversationEntityMemory({
      llm: prompt => (prompt.startsWith('find') ? answer : 'A note.'),
      ...prompts,
    })
    const input = 'Anna and Dr. Smith are in Berlin, 王经理 too'
    await talk(memory, [[input, 'ok']])
    t.deepEqual(Object.keys(await entities(memory, input)), names as readonly string[] as string[])
  })
}

test('who is known by a longer name is found by a part of it', async t => {
  const memory = new ConversationEntityMemory()
  const said = 'Helena Costa lives in Porto. My boss Mr. Weber called.'
  await talk(memory, [[said, '']])
  const helena = { 'Helena Costa': 'Helena Costa lives in Porto.' }
  t.deepEqual(await entities(memory, 'Where does Helena live?'), helena)
  t.deepEqual(await entities(memory, 'Did Weber call?'), {
    'Mr. Weber': 'My boss Mr. Weber called.',
  })
  t.deepEqual(await entities(memory, 'Where does Helen live?'), {})
  await talk(memory, [['Where does Helena live?', '']])
  t.deepEqual(await entities(memory, 'And Helena?'), {
    Helena: 'Where does Helena live?',
    ...helena,
  })
})

test('in Chinese by its beginning or end, and a title is no part of what follows', async t => {
  const memory = new ConversationEntityMemory()
  await talk(memory, [['陈总喜欢喝茶。欧阳娜娜老师住在杭州。', '']])
  t.deepEqual(await entities(memory, '陈总是谁？'), { 陈总: '陈总喜欢喝茶。' })
  const teacher = await entities(memory, '欧阳娜娜住在哪里？')
  t.deepEqual(Object.values(teacher), ['欧阳娜娜老师住在杭州。'])
})

testWithModel(
  'a thousand turns saved at once in a store are all there, once, in order, and none forgets another',
  async (t, encoder) => {
    const { collection } = await reopenable(t, encoder)
    const memory = new ConversationEntityMemory({ collection })
    const saves = Array.from({ length: 1000 }, (_, i) =>
      memory.saveContext(
        { input: `Time ${i}: I saw P${i % 100} again.` },
        { output: `answer ${i}` },
      ),
    )
    await Promise.all(saves)
    const messages = await memory.chatHistory.getMessages()
    t.is(messages.length, 2000)
    for (let name = 0; name < 100; name += 9) {
      const notes = (await entities(memory, `so P${name}`))[`P${name}`]
      t.deepEqual(
        notes?.split('\n').map(note => Number(/\d+/.exec(note))),
        Array.from({ length: 10 }, (_, i) => i * 100 + name),
      )
    }
  },
)

test('a long text with very many names is noted in seconds, about the first hundred of them', async t => {
  const memory = new ConversationEntityMemory()
  const text = Array.from({ length: 20_000 }, (_, i) => `Then I saw P${i} and P${i + 1}.`).join(' ')
  const start = performance.now()
  await talk(memory, [[text, 'ok']])
  t.true(performance.now() - start < 30_000)
  t.deepEqual(await entities(memory, 'so P99 and P19999'), {
    P99: 'Then I saw P98 and P99.\nThen I saw P99 and P100.',
  })
})

test('notes have an end, and the newest are kept', async t => {
  const memory = new ConversationEntityMemory({ maxSentences: 1000 })
  for (let i = 0; i < 10; i++) {
    await talk(memory, [[`I saw Anna ${'again and '.repeat(200)}on day ${i}.`, '']])
  }
  const notes = (await entities(memory, 'so Anna')).Anna ?? ''
  t.true(notes.length <= 10_000 && notes.endsWith('day 9.'))
})

testWithModel('what is known goes on after the store was closed', async (t, encoder) => {
  const { collection, reopen } = await reopenable(t, encoder)
  await talk(new ConversationEntityMemory({ collection }), TALK.slice(0, 1))
  const memory = new ConversationEntityMemory({ collection: await reopen() })
  await talk(memory, TALK.slice(1))
  t.deepEqual(await entities(memory, 'Where is Anna?'), {
    Anna: 'My sister Anna lives in Berlin.\nWhat does Anna do in Berlin?\nAnna is a nurse.',
  })
  await memory.clear()
  const empty = new ConversationEntityMemory({ collection: await reopen() })
  t.deepEqual(await entities(empty, 'so Anna'), {})
})

testWithModel('names of any length and with any characters can be stored', async (t, encoder) => {
  const { collection } = await reopenable(t, encoder)
  const names = [`${'长'.repeat(400)}a`, `${'长'.repeat(400)}b`, 'a\0b', ' ', '\0', 'NONE of these']
  const { llm } = scripted(prompt =>
    prompt.startsWith('find') ? names.join(',') : `about ${/§(.*?)§/s.exec(prompt)?.[1]}`,
  )
  const memory = new ConversationEntityMemory({ collection, llm, ...prompts })
  await talk(memory, [[`names: ${names.join(', ')}`, 'ok']])
  t.deepEqual(await entities(memory, `which of ${names.join(', ')}?`), {
    [names[0] ?? '']: `about ${names[0]}`,
    [names[1] ?? '']: `about ${names[1]}`,
    ab: 'about ab',
    'NONE of these': 'about NONE of these',
  })
})

test('a prepared turn takes its notes back too, but not those of others', async t => {
  const memory = new ConversationEntityMemory()
  await talk(memory, [['I saw Anna.', '']])
  const prepared = await memory.prepareSave({ input: 'I saw Anna and Tom.' }, {})
  await prepared.commit()
  t.deepEqual(await entities(memory, 'so Anna and Tom'), {
    Anna: 'I saw Anna.\nI saw Anna and Tom.',
    Tom: 'I saw Anna and Tom.',
  })
  await memory.saveContext({ input: 'My friend Tom sings.' }, {})
  await prepared.undo()
  t.deepEqual(await entities(memory, 'so Anna and Tom'), {
    Anna: 'I saw Anna.',
    Tom: 'I saw Anna and Tom.\nMy friend Tom sings.',
  })
})

test('entities are lines, the first is the most important', async t => {
  const memory = new ConversationEntityMemory()
  await talk(memory, [['I saw Anna with Tom.', '']])
  const lines = await memory.memoryLines({ input: 'so Anna and Tom' })
  t.deepEqual(
    lines.entities?.map(({ text, priority }) => [text, priority]),
    [
      ['Anna: I saw Anna with Tom.', 1],
      ['Tom: I saw Anna with Tom.', 1 / 2],
    ],
  )
  const fewer = { history: [], entities: lines.entities?.slice(0, 1) ?? [] }
  t.deepEqual(memory.formatLines(fewer), {
    history: '',
    entities: { Anna: 'I saw Anna with Tom.' },
  })
})

test('options and inputs that cannot be right are refused by name', async t => {
  const cases: [Anything, RegExp][] = [
    [{ llm: 7 }, /llm is 7/],
    [{ k: 0 }, /k is 0/],
    [{ maxSentences: 0 }, /maxSentences is 0/],
    [{ onEntityError: 7 }, /onEntityError is 7/],
    [{ entitiesKey: '' }, /entitiesKey is ""/],
    [{ entitiesKey: 'history' }, /"history" is two memory keys: choose another entitiesKey/],
    [{ inputKey: 'entities' }, /entitiesKey "entities" is also a key of the inputs/],
    [{ entityExtractionPrompt: 'a' }, /entityExtractionPrompt has no \{input\}/],
    [{ entitySummarizationPrompt: '{input}' }, /entitySummarizationPrompt has no \{entity\}/],
    [{ memoryKey: 'a' }, /unknown option "memoryKey"/],
  ]
  for (const [options, pattern] of cases) {
    const construct = () => new ConversationEntityMemory(options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', construct)).message, pattern)
  }
  const memory = new ConversationEntityMemory()
  const several = () => memory.loadMemoryVariables({ question: 'a', context: 'b' })
  await refused(t, 'ERR_INVALID_ARGUMENT', several)
})
