// Several memories as one. Members are real ones; that one fails is its language model's doing.
import test from 'ava'
import {
  CombinedMemory,
  ConversationBufferMemory,
  ConversationBufferWindowMemory,
  ConversationEntityMemory,
  type Memory,
  ReadOnlySharedMemory,
  VectorStoreRetrieverMemory,
} from 'hippocamp/memory'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

const words = (text: string) => text.split(/\s+/).filter(word => word !== '').length

const buffer = (memoryKey: string, more = {}) =>
  new ConversationBufferMemory({ memoryKey, inputKey: 'input', ...more })

/** A memory that misses its input. */
const failing = (memoryKey: string) => buffer(memoryKey, { inputKey: 'question' })

/** A memory of which only the last step fails. */
function failingToCommit(memoryKey: string): Memory {
  const memory = buffer(memoryKey)
  return new Proxy(memory, {
    get(target, key) {
      if (key === 'prepareSave') {
        return async () => ({
          commit: async () => {
            throw new Error('the disk is full')
          },
          undo: async () => {},
        })
      }
      const value = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

test('members answer under their keys, loaded at the same time', async t => {
  const memory = new CombinedMemory({
    memories: [buffer('history'), new ConversationBufferWindowMemory({ memoryKey: 'last', k: 1 })],
  })
  t.deepEqual(memory.memoryKeys, ['history', 'last'])
  await memory.saveContext({ input: 'one' }, { output: 'two' })
  await memory.saveContext({ input: 'three' }, { output: 'four' })
  const { history, last } = await memory.loadMemoryVariables({ input: 'x' })
  t.is(history, 'Human: one\nAI: two\nHuman: three\nAI: four')
  t.is(last, '', 'the history has told it')
  let running = 0
  let most = 0
  const slow = (key: string): Memory => {
    const member = buffer(key)
    member.memoryLines = async () => {
      most = Math.max(most, ++running)
      await new Promise(resolve => setTimeout(resolve, 20))
      running--
      return { [key]: [] }
    }
    return member
  }
  await new CombinedMemory({ memories: [slow('a'), slow('b'), slow('c')] }).load({ input: 'x' })
  t.is(most, 3)
})

test('keys that two members have are refused, with both names', async t => {
  const entities = { llm: async () => 'NONE' }
  const memories = [
    new ConversationEntityMemory(entities),
    new ConversationEntityMemory({ ...entities, chatHistoryKey: 'talk' }),
  ]
  const { message } = await refused(
    t,
    'ERR_INVALID_ARGUMENT',
    () => new CombinedMemory({ memories }),
  )
  t.regex(message, /"history, entities" and "talk, entities" both have the memory key "entities"/)
})

test('two members that would save the same messages twice are refused', async t => {
  const store = await openStore(t)
  const collection = store.collection('talks', { vectors: false })
  const window = () => new ConversationBufferWindowMemory({ collection, memoryKey: 'last' })
  const memories = [new ConversationBufferMemory({ collection }), window()]
  const { message } = await refused(
    t,
    'ERR_INVALID_ARGUMENT',
    () => new CombinedMemory({ memories }),
  )
  t.regex(message, /"history" and "last" would both save.*ReadOnlySharedMemory/)
  const shared = new CombinedMemory({
    memories: [memories[0] as Memory, new ReadOnlySharedMemory({ memory: window() })],
  })
  await shared.saveContext({ input: 'once' }, { output: 'yes' })
  t.is(await collection.namespace(['messages']).count(), 2)
})

test('nothing is saved when a member cannot prepare', async t => {
  const [a, c] = [buffer('a'), buffer('c')]
  const memory = new CombinedMemory({ memories: [a, failing('b'), c] })
  await t.throwsAsync(memory.saveContext({ input: 'x' }, { output: 'y' }), {
    message: /no input "question"/,
  })
  t.deepEqual(await a.loadMemoryVariables({}), { a: '' })
  t.deepEqual(await c.loadMemoryVariables({}), { c: '' })
})

test('what others have saved is taken back when a member cannot write', async t => {
  const [a, c] = [buffer('a'), buffer('c')]
  await a.saveContext({ input: 'before' }, { output: 'ok' })
  const memory = new CombinedMemory({ memories: [a, failingToCommit('b'), c] })
  await t.throwsAsync(memory.saveContext({ input: 'x' }, { output: 'y' }), { message: /disk/ })
  t.deepEqual(await a.loadMemoryVariables({}), { a: 'Human: before\nAI: ok' })
  t.deepEqual(await c.loadMemoryVariables({}), { c: '' })
})

test('a thousand turns at once are saved in every member, in their order', async t => {
  const memory = new CombinedMemory({ memories: [buffer('a'), buffer('b')] })
  await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => memory.saveContext({ input: `${i}` }, { output: '' })),
  )
  const { members } = await memory.load({ input: '' })
  t.is(members[0]?.lines, 2_000)
  const { a } = await memory.loadMemoryVariables({ input: '' })
  const said = String(a)
    .split('\n')
    .filter(line => line.startsWith('Human: '))
  t.deepEqual(
    said,
    Array.from({ length: 1_000 }, (_, i) => `Human: ${i}`),
  )
})

test('variables stay within the budget, and a report says what was cut and why', async t => {
  const [long, short] = [buffer('long'), buffer('short')]
  for (let i = 0; i < 20; i++) {
    await long.saveContext({ input: `long talk number ${i}` }, { output: `I see number ${i}` })
    await short.saveContext({ input: `short ${i}` }, { output: `yes ${i}` })
  }
  for (const budgetTokens of [0, 1, 5, 17, 40, 100, 1_000]) {
    const memory = new CombinedMemory({
      memories: [
        { memory: long, weight: 4 },
        { memory: short, minShare: 0.3, name: 'the short' },
      ],
      budgetTokens,
      countTokens: words,
    })
    const { variables, tokens = -1, members } = await memory.load({ input: '' })
    t.is(tokens, words(String(variables.long)) + words(String(variables.short)))
    t.true(tokens <= budgetTokens, `${tokens} of ${budgetTokens}`)
    t.deepEqual(await memory.loadMemoryVariables({ input: '' }), variables)
    for (const { lines, cut } of members) {
      t.is(lines + cut.length, 40)
      t.true(cut.every(({ because }) => because === 'budget'))
    }
    // What is kept are the newest lines, without holes.
    for (const value of Object.values(variables)) {
      const numbers = String(value).match(/\d+/g)?.map(Number) ?? []
      const newest = Array.from({ length: numbers.length }, (_, i) => 19 - Math.floor(i / 2))
      t.deepEqual(numbers, newest.reverse())
    }
    if (budgetTokens === 40) {
      t.is(members[1]?.name, 'the short')
      t.true((members[1]?.tokens ?? 0) >= 9, 'it has its share')
      t.true((members[0]?.tokens ?? 0) > (members[1]?.tokens ?? 0))
    }
  }
})

test('a line that two members have is told once, by the first, and costs once', async t => {
  const [all, last] = [
    buffer('all'),
    new ConversationBufferWindowMemory({ memoryKey: 'last', k: 2 }),
  ]
  for (let i = 0; i < 6; i++) {
    for (const memory of [all, last])
      await memory.saveContext({ input: `say ${i}` }, { output: `yes ${i}` })
  }
  const load = (first: Memory, second: Memory, budgetTokens: number) =>
    new CombinedMemory({
      memories: [first, { memory: second, weight: 100 }],
      budgetTokens,
      countTokens: words,
    }).load({ input: '' })
  const both = await load(all, last, 1_000)
  t.is(both.members[0]?.lines, 12)
  t.deepEqual(
    both.members[1]?.cut.map(({ because }) => because),
    Array(4).fill('duplicate'),
  )
  // Though the second is more important, what the first has room for is its own.
  const few = await load(all, last, 12)
  t.is(few.members[0]?.lines, 4)
  t.is(few.members[1]?.lines, 0)
  t.is(few.tokens, 12)
  // A part is left to the whole, whichever comes first.
  const other = await load(last, all, 1_000)
  t.is(other.members[0]?.cut.filter(({ because }) => because === 'duplicate').length, 4)
  t.is(other.members[1]?.lines, 12)
})

test('a talk has no holes, though others tell a part of it, and short answers are no duplicates', async t => {
  const recent = new ConversationBufferWindowMemory({ memoryKey: 'recent', k: 3 })
  const turns = [
    ['Are you open on Sundays?', 'No.'],
    ['Do you sell peanuts?', 'No.'],
    ['Is there parking?', 'Yes.'],
    ['Do you sell fish?', 'No.'],
  ] as const
  const told: Memory = {
    memoryKeys: ['told'],
    loadMemoryVariables: async () => ({ told: 'Human: Is there parking?\nAI: Yes.\nAI: No.' }),
    saveContext: async () => {},
    clear: async () => {},
    prepareSave: async () => ({ commit: async () => {}, undo: async () => {} }),
  }
  const memory = new CombinedMemory({ memories: [told, recent] })
  for (const [input, output] of turns) await memory.saveContext({ input }, { output })
  const { variables, members } = await memory.load({ input: '' })
  t.is(members[1]?.lines, 6)
  t.is(
    variables.recent,
    turns
      .slice(1)
      .map(([a, b]) => `Human: ${a}\nAI: ${b}`)
      .join('\n'),
  )
  t.is(variables.told, '', 'the talk tells all of it')
})

testWithModel('recent talk, what resembles the question, and one budget', async (t, encoder) => {
  const store = await openStore(t, { encoder })
  const recent = new ConversationBufferWindowMemory({ collection: store.collection('talk'), k: 2 })
  const similar = new VectorStoreRetrieverMemory({ collection: store.collection('turns') })
  const memory = new CombinedMemory({
    memories: [recent, { memory: similar, minShare: 0.5 }],
    budgetTokens: 80,
    countTokens: encoder,
  })
  const said = [
    'I have a dog called Rex',
    'I work as a baker',
    '我最喜欢的运动是足球',
    'Good night',
  ]
  for (const input of said) await memory.saveContext({ input }, { output: 'I see.' })
  const { variables, tokens = 0, members } = await memory.load({ input: 'What is my dog called?' })
  t.regex(String(variables.memory), /Rex/)
  t.regex(String(variables.history), /Good night/)
  t.notRegex(String(variables.memory), /Good night/, 'the talk tells it')
  t.true(tokens <= 80)
  t.is(members.length, 2)
  await memory.clear()
  t.deepEqual(await memory.loadMemoryVariables({ input: 'dog' }), { history: '', memory: '' })
})

test('members that only read are read, and those without lines count as a whole', async t => {
  const talk = buffer('history')
  await talk.saveContext({ input: 'one two three' }, { output: 'four' })
  const profile: Memory = {
    memoryKeys: ['profile'],
    loadMemoryVariables: async () => ({ profile: 'five words of a profile' }),
    saveContext: async () => {},
    clear: async () => {},
    prepareSave: async () => ({ commit: async () => {}, undo: async () => {} }),
  }
  const load = (budgetTokens: number) =>
    new CombinedMemory({
      memories: [new ReadOnlySharedMemory({ memory: talk }), { memory: profile, weight: 2 }],
      budgetTokens,
      countTokens: words,
    }).loadMemoryVariables({ input: '' })
  t.deepEqual(await load(4), { history: 'AI: four', profile: '' })
  t.deepEqual(await load(5), { history: '', profile: 'five words of a profile' })
  t.deepEqual(await load(11), {
    history: 'Human: one two three\nAI: four',
    profile: 'five words of a profile',
  })
  const memory = new CombinedMemory({ memories: [new ReadOnlySharedMemory({ memory: talk })] })
  await memory.saveContext({ input: 'x' }, { output: 'y' })
  await memory.clear()
  t.regex(String((await talk.loadMemoryVariables({})).history), /^Human: one two three\nAI: four$/)
})

test('a combined memory can be a member, and is saved or undone as one', async t => {
  const inner = new CombinedMemory({ memories: [buffer('a'), buffer('b')] })
  const outer = new CombinedMemory({ memories: [inner, failingToCommit('c')] })
  await t.throwsAsync(outer.saveContext({ input: 'x' }, { output: 'y' }), { message: /disk/ })
  t.deepEqual(await inner.loadMemoryVariables({ input: '' }), { a: '', b: '' })
  const good = new CombinedMemory({ memories: [inner, buffer('d')] })
  await good.saveContext({ input: 'x' }, { output: 'y' })
  t.deepEqual(good.memoryKeys, ['a', 'b', 'd'])
  t.is((await good.loadMemoryVariables({ input: '' })).a, 'Human: x\nAI: y')
})

test('bad options are refused', async t => {
  const bad: [object, RegExp][] = [
    [{}, /memories are undefined/],
    [{ memories: [] }, /at least one memory/],
    [{ memories: [{}] }, /memory 0 is/],
    [{ memories: [{ memory: buffer('a'), share: 1 }] }, /unknown key "share" of memory 0/],
    [{ memories: [{ memory: buffer('a'), weight: 0 }] }, /weight of memory 0 is 0/],
    [{ memories: [{ memory: buffer('a'), minShare: 2 }] }, /minShare of memory 0 is 2/],
    [
      {
        memories: [
          { memory: buffer('a'), minShare: 0.6 },
          { memory: buffer('b'), minShare: 0.6 },
        ],
      },
      /1.2 together/,
    ],
    [{ memories: [buffer('a')], budgetTokens: -1, countTokens: words }, /budgetTokens is -1/],
    [{ memories: [buffer('a')], budgetTokens: 10 }, /nothing to count tokens with/],
    [{ memory: [] }, /unknown option "memory"/],
  ]
  for (const [options, expected] of bad) {
    const error = await refused(
      t,
      'ERR_INVALID_ARGUMENT',
      () => new CombinedMemory(options as ConstructorParameters<typeof CombinedMemory>[0]),
    )
    t.regex(error.message, expected)
  }
})
