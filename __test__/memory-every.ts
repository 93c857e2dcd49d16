// What every memory does, in RAM and in a store.
import test, { type ExecutionContext } from 'ava'
import type { Collection, Encoder } from 'hippocamp'
import {
  ConversationBufferMemory,
  ConversationBufferWindowMemory,
  ConversationEntityMemory,
  ConversationSummaryBufferMemory,
  ConversationSummaryMemory,
  ConversationTokenBufferMemory,
  type Memory,
  TimeWeightedVectorStoreRetriever,
  type Values,
  VectorStoreRetrieverMemory,
} from 'hippocamp/memory'
import { countWords, reopenable } from './support/memories.js'
import { testWithModel } from './support/models.js'
import { refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

// LangChain's shape, written down by hand: its abstract class BaseMemory and the calls that its chains make.
interface BaseMemory {
  get memoryKeys(): string[]
  loadMemoryVariables(values: Record<string, Anything>): Promise<Record<string, Anything>>
  saveContext(input: Record<string, Anything>, output: Record<string, Anything>): Promise<void>
}

type Make = (options: { collection?: Collection; inputKey?: string }) => Memory

const llm = async (prompt: string) => `A summary of ${prompt.length} characters.`
const countTokens = countWords

const MESSAGES: Record<string, Make> = {
  ConversationBufferMemory: options => new ConversationBufferMemory(options),
  ConversationBufferWindowMemory: options => new ConversationBufferWindowMemory(options),
  ConversationTokenBufferMemory: options =>
    new ConversationTokenBufferMemory({ ...options, countTokens }),
  ConversationSummaryMemory: options => new ConversationSummaryMemory({ ...options, llm }),
  ConversationSummaryBufferMemory: options =>
    new ConversationSummaryBufferMemory({ ...options, llm, countTokens, maxTokenLimit: 40 }),
  ConversationEntityMemory: options => new ConversationEntityMemory(options),
}
const VECTORS: Record<string, Make> = {
  VectorStoreRetrieverMemory: ({ collection, ...options }) =>
    new VectorStoreRetrieverMemory({ collection: collection as Collection, ...options }),
  'VectorStoreRetrieverMemory over TimeWeightedVectorStoreRetriever': ({
    collection,
    ...options
  }) =>
    new VectorStoreRetrieverMemory({
      collection: new TimeWeightedVectorStoreRetriever({ collection: collection as Collection }),
      ...options,
    }),
}

/** A test of each memory, over a store, and in RAM if it can be there. */
function testEvery(
  title: string,
  run: (t: ExecutionContext, make: (options?: { inputKey?: string }) => Memory) => Promise<void>,
): void {
  for (const [name, make] of Object.entries(MESSAGES)) {
    test(`${name} in RAM: ${title}`, t => run(t, options => make({ ...options })))
  }
  for (const [name, make] of Object.entries({ ...MESSAGES, ...VECTORS })) {
    testWithModel(`${name} in a store: ${title}`, async (t: ExecutionContext, encoder: Encoder) => {
      const { collection } = await reopenable(t, encoder)
      await run(t, options => make({ ...options, collection }))
    })
  }
}

/** Everything that a memory shows, whatever is asked. */
const all = async (memory: Memory) =>
  JSON.stringify(await memory.loadMemoryVariables({ input: 'Where is Anna?' }))

const TURN: [Values, Values] = [{ input: 'I saw Anna in Berlin.' }, { output: '她在柏林。' }]

testEvery('it stands where LangChain expects a memory', async (t, make) => {
  const memory: BaseMemory = make()
  t.is(await memory.saveContext(...TURN), undefined)
  const variables = await memory.loadMemoryVariables({ input: 'Where is Anna?' })
  t.deepEqual(Object.keys(variables), memory.memoryKeys)
})

testEvery('a prepared turn shows after its commit, and not after its undo', async (t, make) => {
  const memory = make()
  const before = await all(memory)
  const prepared = await memory.prepareSave(...TURN)
  t.is(await all(memory), before)
  await prepared.commit()
  t.not(await all(memory), before)
  await refused(t, 'ERR_INVALID_ARGUMENT', () => prepared.commit())
  await prepared.undo()
  t.is(await all(memory), before)
  await prepared.undo()
  const undone = await memory.prepareSave(...TURN)
  await undone.undo()
  await refused(t, 'ERR_INVALID_ARGUMENT', () => undone.commit())
  t.is(await all(memory), before)
})

testEvery('it forgets everything when it is cleared', async (t, make) => {
  const memory = make()
  const before = await all(memory)
  await memory.saveContext(...TURN)
  await memory.clear()
  t.is(await all(memory), before)
})

testEvery('what it shows is made of its lines, or of fewer of them', async (t, make) => {
  const memory = make()
  await memory.saveContext(...TURN)
  const inputs = { input: 'Where is Anna?' }
  const lines = (await memory.memoryLines?.(inputs)) ?? {}
  t.deepEqual(Object.keys(lines), memory.memoryKeys)
  t.deepEqual(memory.formatLines?.(lines), await memory.loadMemoryVariables(inputs))
  for (const [key, own] of Object.entries(lines)) {
    t.true(own.length > 0)
    const priorities = own.map(({ priority }) => priority).sort((a, b) => b - a)
    t.deepEqual(
      priorities,
      own.map((_, rank) => 1 / (rank + 1)),
    )
    t.notThrows(() => memory.formatLines?.({ ...lines, [key]: own.slice(1) }))
  }
})

testEvery('turns with empty texts are taken', async (t, make) => {
  const memory = make()
  for (const [input, output] of [
    ['', ''],
    ['', 'a'],
    ['a', ''],
  ]) {
    await t.notThrowsAsync(memory.saveContext({ input }, { output }))
    await t.notThrowsAsync(memory.loadMemoryVariables({ input }))
  }
})

testEvery('only the input that was said is stored', async (t, make) => {
  const memory = make({ inputKey: 'input' })
  const [inputs, outputs] = TURN
  await memory.saveContext({ ...inputs, apiKey: 'secret' }, outputs)
  t.false((await all(memory)).includes('secret'))
  const missing = () => memory.saveContext({ apiKey: 'secret' }, outputs)
  await refused(t, 'ERR_INVALID_ARGUMENT', missing)
})

testEvery('bad arguments are refused before anything changes', async (t, make) => {
  const memory = make()
  const before = await all(memory)
  const bad: Anything[] = [undefined, null, 'text', ['text'], 7]
  for (const values of bad) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.saveContext(values, {}))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.saveContext({ input: 'a' }, values))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.prepareSave(values, {}))
  }
  await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.saveContext({ input: 1n }, {}))
  for (const call of [7, { sginal: 1 }, { signal: 1 }] as Anything[]) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.saveContext(...TURN, call))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.prepareSave(...TURN, call))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.loadMemoryVariables({}, call))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => memory.clear(call))
  }
  t.is(await all(memory), before)
})

testEvery('a signal that has fired ends each call with its reason', async (t, make) => {
  const memory = make()
  const before = await all(memory)
  const reason = new Error('enough')
  const call = { signal: AbortSignal.abort(reason) }
  t.is(await t.throwsAsync(memory.saveContext(...TURN, call)), reason)
  t.is(await t.throwsAsync(memory.prepareSave(...TURN, call)), reason)
  t.is(await t.throwsAsync(memory.loadMemoryVariables({ input: 'a' }, call)), reason)
  t.is(await t.throwsAsync(memory.clear(call)), reason)
  t.is(await all(memory), before)
})
