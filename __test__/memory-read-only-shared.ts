// A memory that another chain reads but does not write.
import test from 'ava'
import { ConversationBufferMemory, ReadOnlySharedMemory } from 'hippocamp/memory'
import { shown } from './support/memories.js'
import { refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

test('it shows what the other memory remembers, and saves and clears nothing', async t => {
  const memory = new ConversationBufferMemory({ memoryKey: 'chat' })
  const shared = new ReadOnlySharedMemory({ memory })
  await memory.saveContext({ input: 'a' }, { output: 'b' })
  await shared.saveContext({ input: 'c' }, { output: 'd' })
  const prepared = await shared.prepareSave({ input: 'c' }, { output: 'd' })
  await prepared.commit()
  await prepared.undo()
  await shared.clear()
  t.deepEqual(shared.memoryKeys, ['chat'])
  t.is(await shown(shared), 'Human: a\nAI: b')
  t.deepEqual(await shared.memoryLines?.({}), await memory.memoryLines({}))
  t.deepEqual(shared.formatLines?.({ chat: [] }), { chat: '' })
})

test('a memory without lines has none when it is shared either', t => {
  const { memoryKeys, ...rest } = new ConversationBufferMemory()
  const plain = { memoryKeys, ...rest, loadMemoryVariables: async () => ({ history: 'x' }) }
  const shared = new ReadOnlySharedMemory({ memory: plain as Anything })
  t.is(shared.memoryLines, undefined)
  t.is(shared.formatLines, undefined)
})

test('what is no memory is refused', async t => {
  for (const options of [
    undefined,
    {},
    { memory: 7 },
    { memory: {} },
    { memoy: 7 },
  ] as Anything[]) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => new ReadOnlySharedMemory(options))
  }
})
