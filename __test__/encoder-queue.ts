// The queue before an encoder: what is put together, what goes first, what is turned away.
import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { type Embeddings, type Encoder, loadEncoder } from 'hippocamp'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

const sentences = (count: number) =>
  Array.from({ length: count }, (_, i) => `the sentence with the number ${i}`)

const row = ({ data, dimension }: Embeddings, i: number) =>
  data.slice(i * dimension, (i + 1) * dimension)

/** Resolves when so many texts wait at least. */
async function waits(encoder: Encoder, count = 1): Promise<void> {
  while (encoder.stats().waiting < count) await nextTurn()
}

testWithModel(
  'a thousand calls at once give what one call gives, in about as many micro-batches',
  async (t, _, folder) => {
    const encoder = await loadEncoder(folder, { cache: 0 })
    const texts = sentences(1000)
    const together = await encoder.encode(texts)
    const { microBatches } = encoder.stats()
    const each = await Promise.all(texts.map(text => encoder.encode(text)))
    t.true(each.every(({ data }, i) => Buffer.compare(bytes(data), bytes(row(together, i))) === 0))
    const more = encoder.stats().microBatches - microBatches
    // The first ones go at once, alone.
    t.true(more <= microBatches + 16, `${more} for ${microBatches}`)
  },
)

testWithModel('a question overtakes bulk work', async (t, _, folder) => {
  const encoder = await loadEncoder(folder)
  const order: string[] = []
  const bulk = encoder.encode(sentences(2000)).then(() => order.push('bulk'))
  await waits(encoder)
  await encoder.encode('which sentence?').then(() => order.push('question'))
  await bulk
  t.deepEqual(order, ['question', 'bulk'])
})

testWithModel('a search overtakes the records that are being added', async (t, _, folder) => {
  const encoder = await loadEncoder(folder)
  const notes = (await openStore(t, { encoder })).collection('notes')
  await notes.add({ id: 'one', text: 'My favourite sport is soccer' })
  const order: string[] = []
  const adding = notes
    .add(sentences(1500).map(text => ({ text })))
    .then(ids => order.push(`added ${ids.length}`))
  await waits(encoder)
  const [hit] = await notes.search('Which match should I watch?', { k: 1 })
  order.push(`found ${hit?.id}`)
  await adding
  t.deepEqual(order, ['found one', 'added 1500'])
})

testWithModel('questions that come together are encoded together', async (t, _, folder) => {
  const encoder = await loadEncoder(folder, { cache: 0 })
  const notes = (await openStore(t, { encoder })).collection('notes')
  await notes.add(sentences(100).map((text, i) => ({ id: `n${i}`, text })))
  const questions = sentences(200).map(text => `Which is ${text}?`)
  const one: string[] = []
  for (const question of questions) {
    const [hit] = await notes.search(question, { k: 1, idsOnly: true })
    one.push(`${hit?.id} ${hit?.score}`)
  }
  const { microBatches } = encoder.stats()
  const controller = new AbortController()
  const all = questions.map(question => notes.search(question, { k: 1, idsOnly: true }))
  const given = questions.map(question =>
    notes.search(question, { signal: controller.signal }).catch((error: unknown) => error),
  )
  const reason = new Error('enough')
  setTimeout(() => controller.abort(reason))
  const hits = (await Promise.all(all)).map(([hit]) => `${hit?.id} ${hit?.score}`)
  t.deepEqual(hits, one)
  const up = await Promise.all(given)
  t.true(up.every(outcome => outcome === reason || Array.isArray(outcome)))
  const more = encoder.stats().microBatches - microBatches
  t.true(more <= microBatches / 4, `${more} for ${microBatches}`)
})

testWithModel('a full queue turns calls away, naming how many wait', async (t, _, folder) => {
  const encoder = await loadEncoder(folder, { queue: { limit: 20, whenFull: 'reject' } })
  const expected = await encoder.encode(sentences(300))
  const first = encoder.encode(sentences(300))
  const error = await refused(t, 'ERR_QUEUE_FULL', () => encoder.encode(sentences(20)))
  t.regex(error.message, /\d+ texts wait, the limit is 20/)
  // Questions have places of their own.
  t.is((await encoder.encode('a question')).count, 1)
  t.deepEqual(await first, expected)
  t.is((await encoder.encode(sentences(20))).count, 20)
})

testWithModel('a call that fails on its way leaves its place to others', async (t, _, folder) => {
  const encoder = await loadEncoder(folder, { queue: { limit: 1, whenFull: 'reject' } })
  const spoilt = [...sentences(20), 3 as never]
  await refused(t, 'ERR_INVALID_ARGUMENT', () => encoder.encode(spoilt))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => encoder.encode(sentences(20), { prompt: 'none' }))
  const controller = new AbortController()
  const aborted = encoder.encode(sentences(5000), { signal: controller.signal })
  controller.abort(new Error('enough'))
  await t.throwsAsync(aborted, { message: 'enough' })
  t.is((await encoder.encode(sentences(20))).count, 20)
})

testWithModel('calls wait outside a full queue, in order', async (t, _, folder) => {
  const encoder = await loadEncoder(folder, { queue: { limit: 1 } })
  const expected = await encoder.encode(sentences(40))
  const order: number[] = []
  const first = encoder.encode(sentences(400))
  const controller = new AbortController()
  const reason = new Error('no longer')
  const outside = Array.from({ length: 6 }, (_, i) =>
    encoder.encode(sentences(40), { signal: i === 2 ? controller.signal : undefined }),
  )
  const outcomes = outside.map((call, i) =>
    call.then(
      embeddings => {
        order.push(i)
        return embeddings
      },
      (error: unknown) => error,
    ),
  )
  controller.abort(reason)
  t.is(await outcomes[2], reason)
  t.deepEqual(order, [])
  const all = await Promise.all(outcomes)
  t.deepEqual(
    all.filter(outcome => outcome !== reason),
    new Array(5).fill(expected),
  )
  t.is((await first).count, 400)
})

testWithModel('what is aborted leaves the queue at once', async (t, _, folder) => {
  const encoder = await loadEncoder(folder)
  const expected = await encoder.encode(sentences(50))
  const controller = new AbortController()
  const aborted = encoder.encode(sentences(3000), { signal: controller.signal })
  const others = encoder.encode(sentences(50))
  await waits(encoder, 2000)
  const reason = new Error('not any more')
  controller.abort(reason)
  t.true(encoder.stats().waiting <= 50)
  t.is(await t.throwsAsync(aborted), reason)
  t.deepEqual(await others, expected)
})

testWithModel('a question that comes again is not encoded again', async (t, _, folder) => {
  const encoder = await loadEncoder(folder)
  const first = await encoder.encode(['one question', 'and another'])
  const { texts, cache } = encoder.stats()
  t.like({ texts, ...cache }, { texts: 2, hits: 0, misses: 2, vectors: 2 })
  t.true(cache.bytes > 2 * 384 * 4)
  t.deepEqual(await encoder.encode(['one question', 'and another']), first)
  t.deepEqual((await encoder.encode('and another')).data, row(first, 1))
  t.like(encoder.stats(), { texts: 2, cache: { hits: 3, misses: 2 } })
  await encoder.encode('and another', { prefix: 'query: ' })
  t.like(encoder.stats(), { texts: 3, cache: { hits: 3, misses: 3 } })

  const forgetful = await loadEncoder(folder, { cache: 0 })
  await forgetful.encode('one question')
  t.deepEqual((await forgetful.encode('one question')).data, row(first, 0))
  t.like(forgetful.stats(), { texts: 2, cache: { hits: 0, misses: 0, vectors: 0, bytes: 0 } })
})

testWithModel('an encoder tells what it does', async (t, _, folder) => {
  const encoder = await loadEncoder(folder)
  t.deepEqual(encoder.stats(), {
    texts: 0,
    tokens: 0,
    tokensPerSecond: 0,
    microBatches: 0,
    batchFill: 0,
    waiting: 0,
    running: 0,
    cache: { hits: 0, misses: 0, vectors: 0, bytes: 0 },
    interactive: { calls: 0, p50: 0, p99: 0 },
    bulk: { calls: 0, p50: 0, p99: 0 },
  })
  const { tokens } = await encoder.encode(sentences(200))
  await encoder.encode('a question')
  const stats = encoder.stats()
  t.like(stats, { texts: 201, waiting: 0, running: 0 })
  t.is(stats.tokens, tokens + 4)
  t.like(stats, { interactive: { calls: 1 }, bulk: { calls: 1 } })
  t.true(stats.batchFill > 0 && stats.batchFill <= 1)
  t.true(stats.tokensPerSecond > 0)
  for (const { p50, p99 } of [stats.interactive, stats.bulk]) t.true(p50 > 0 && p50 <= p99)
})

test('options of the queue that cannot be are refused', async t => {
  const bad: [unknown, RegExp][] = [
    [{ queue: 3 }, /queue is 3/],
    [{ queue: { limit: 0 } }, /queue\.limit is 0/],
    [{ queue: { limit: 1.5 } }, /queue\.limit is 1\.5/],
    [{ queue: { whenFull: 'drop' } }, /queue\.whenFull is "drop": use "wait", "reject"/],
    [{ queue: { limits: 3 } }, /unknown option "limits" of queue: did you mean "limit"/],
    [{ cache: -1 }, /cache is -1/],
    [{ cache: '1 MB' }, /cache is "1 MB"/],
  ]
  for (const [options, message] of bad) {
    const error = await refused(t, 'ERR_INVALID_ARGUMENT', () =>
      loadEncoder('no-such-model', options as never),
    )
    t.regex(error.message, message)
  }
})

function bytes(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
