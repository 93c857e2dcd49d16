// Turns of conversations, from JavaScript. The engine's tests have the ranking itself.
import test from 'ava'
import type { Hit } from 'hippocamp'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

const ids = (hits: Hit[]) => hits.map(({ id }) => id)

test('turns answer by what stands beside them, and say so', async t => {
  const talk = (await openStore(t)).collection('talk', { turns: { speaker: 'role' } })
  await talk.add([
    { id: 'q', text: 'Which sport?', metadata: { session: 1, role: 'assistant' }, vector: [1] },
    { id: 'a', text: 'Curling.', metadata: { session: 1, role: 'user' }, vector: [1] },
    { id: 'b', text: 'Swimming.', metadata: { session: 2, role: 'user' }, vector: [1] },
  ])
  const options = { mode: 'lexical', explain: true } as const
  const hits = await talk.search('user sport', options)
  t.deepEqual(ids(hits).sort(), ['a', 'b', 'q'])
  const answer = hits.find(({ id }) => id === 'a')
  t.true((answer?.explanation?.lexical?.neighbours ?? 0) > 0)
  t.deepEqual(
    answer?.explanation?.factors.map(({ name }) => name),
    ['speaker'],
  )
  const alone = { ...options, ranking: { previous: 0, next: 0, speaker: 0, question: 0 } }
  t.deepEqual(ids(await talk.search('sport', alone)), ['q'])
})

test('where turns are is fixed with the collection', async t => {
  const store = await openStore(t)
  await store.collection('talk', { turns: true }).add({ text: 'a', vector: [1] })
  t.is(await store.collection('talk').count(), 1)
  t.is(await store.collection('talk', { turns: true }).count(), 1)
  const other = store.collection('talk', { turns: { session: 'thread' } })
  const { message } = await refused(t, 'ERR_COLLECTION_MISMATCH', () => other.search('a', {}))
  t.regex(message, /has turns .*"session":"session".*"thread"/)
})

testWithModel('a short answer is found by the question before it', async (t, encoder) => {
  const store = await openStore(t, { encoder })
  const said = ['Where do you spend your holidays?', 'In the mountains.', 'I see.', '你好！']
  const records = said.map((text, i) => ({ id: `${i}`, text, metadata: { session: 1 } }))
  const plain = store.collection('plain')
  const turns = store.collection('turns', { turns: true })
  await plain.add(records)
  for (const record of records) await turns.add(record)
  const vector = async (id: string) => (await turns.get(id, { vector: true }))?.vector
  const { data } = await encoder.encode(`${said[0]}\n${said[1]}`)
  t.deepEqual(await vector('1'), data)
  t.deepEqual(await vector('0'), (await encoder.encode(`${said[0]}`)).data)
  const question = 'vacation places'
  const score = async (c: typeof plain) =>
    (await c.search(question, { mode: 'vector', ranking: { background: false } })).find(
      ({ id }) => id === '1',
    )?.score ?? 0
  t.true((await score(turns)) > (await score(plain)))
})
