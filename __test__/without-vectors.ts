// Collections without vectors, from JavaScript: texts that are kept and searched by words, without an encoder.
import test from 'ava'
import { ConversationBufferMemory, ConversationSummaryBufferMemory } from 'hippocamp/memory'
import { openStore, refused, storePath } from './support/stores.js'

test('texts are kept and found by their words', async t => {
  const store = await openStore(t)
  const notes = store.collection('notes', { vectors: false })
  await notes.add([
    { id: 'a', text: 'Red house' },
    { id: 'b', text: '红色的房子' },
  ])
  t.deepEqual(
    (await notes.search('房子', { vector: true })).map(({ id, vector, distance }) => [
      id,
      vector,
      distance,
    ]),
    [['b', undefined, undefined]],
  )
  t.is((await notes.get('a', { vector: true }))?.vector, undefined)
  t.is((await notes.stats()).dimension, undefined)
  t.is((await store.collections())[0]?.dimension, 0)
  for (const call of [
    () => notes.search('house', { mode: 'hybrid' }),
    () => notes.searchByVector([1]),
    () => notes.add({ text: 'x', vector: [1] }),
    () => notes.addDistinct({ text: 'x' }),
  ]) {
    const { message } = await refused(t, 'ERR_INVALID_ARGUMENT', call)
    t.regex(message, /vectors: false/)
  }
  const other = store.collection('notes', { vectors: true })
  await refused(t, 'ERR_COLLECTION_MISMATCH', () => other.count())
})

test('memories of talks are durable without an encoder', async t => {
  const path = await storePath(t)
  const llm = async () => 'They greeted each other.'
  for (let times = 1; times <= 3; times++) {
    const store = await openStore(t, { path })
    const collection = store.collection('talks', { vectors: false }).namespace(['ann'])
    const memory = new ConversationBufferMemory({ collection })
    await memory.saveContext({ input: '你好' }, { output: 'Hello' })
    const { history } = await memory.loadMemoryVariables({})
    t.is(history, Array(times).fill('Human: 你好\nAI: Hello').join('\n'))
    const summary = new ConversationSummaryBufferMemory({
      collection: collection.namespace(['ann', 'summary']),
      llm,
      maxTokenLimit: 11,
      maxSummaryTokens: 5,
      countTokens: text => text.split(/\s+/).length,
    })
    await summary.saveContext({ input: 'one two' }, { output: 'three four' })
    const shown = String((await summary.loadMemoryVariables({})).history)
    t.is(shown.startsWith('System: They greeted each other.'), times > 1, shown)
    await store.close()
  }
})
