// Loading real models and encoding with them.
import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { type Encoder, loadEncoder, open } from 'hippocamp'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'

const row = (data: Float32Array, i: number, dimension: number) =>
  data.slice(i * dimension, (i + 1) * dimension)

const cosine = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)

testWithModel('an encoder tells what it is', async (t, encoder) => {
  t.is(encoder.dimension, 384)
  t.is(encoder.maxTokens, 256)
  t.regex(encoder.fingerprint, /^[0-9a-f]{64}$/)
  t.true(encoder.name.includes('MiniLM'))
  t.is(typeof encoder.prompts, 'object')
})

testWithModel(
  'vectors are rows of one array, of length 1, and near for near meanings',
  async (t, encoder) => {
    const texts = [
      'A man is playing soccer.',
      'Someone plays football.',
      'The stock market fell today.',
    ]
    const { data, count, dimension, tokens, truncated } = await encoder.encode(texts)
    t.true(data instanceof Float32Array)
    t.is(data.length, 3 * 384)
    t.like({ count, dimension, truncated }, { count: 3, dimension: 384, truncated: 0 })
    t.true(tokens >= 3 * 5 && tokens <= 3 * 12)
    const [a, b, c] = [0, 1, 2].map(i => row(data, i, dimension)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    t.true(Math.abs(cosine(a, a) - 1) < 1e-5)
    t.true(cosine(a, b) > 0.5)
    t.true(cosine(a, c) < 0.2)
  },
)

testWithModel('a text has the same vector, bit for bit, in any batch', async (t, encoder) => {
  const texts = Array.from({ length: 300 }, (_, i) => `${'word '.repeat(i % 40)}number ${i}`)
  const { data } = await encoder.encode(texts)
  for (const i of [0, 1, 39, 150, 299]) {
    const alone = await encoder.encode(texts[i] as string)
    t.deepEqual(alone.data, row(data, i, 384))
  }
  const backwards = await encoder.encode([...texts].reverse())
  t.deepEqual(row(backwards.data, 299, 384), row(data, 0, 384))
})

testWithModel('any text can be encoded', async (t, encoder) => {
  const texts = [
    '',
    ' \n\t',
    '😀👩‍👩‍👧',
    '你好，世界',
    'שלום مرحبا',
    'a\0b',
    'half \ud83d',
    '\udc00',
    'x'.repeat(1 << 20),
  ]
  const { data, count, truncated } = await encoder.encode(texts)
  t.is(count, texts.length)
  t.is(truncated, 0 + Number((await encoder.countTokens('x'.repeat(1 << 20))) > 254))
  t.true(data.every(Number.isFinite))
  t.deepEqual((await encoder.encode('half \ufffd')).data, row(data, 6, 384))
  t.deepEqual((await encoder.encode([])).data.length, 0)
})

testWithModel('texts above the limits are refused', async (t, encoder) => {
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => encoder.encode('x'.repeat((1 << 20) + 1)))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => encoder.countTokens('x'.repeat((1 << 20) + 1)))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => encoder.encode(new Array(100_001).fill('a')))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () =>
    encoder.encode(new Array(300).fill('x'.repeat(1 << 20))),
  )
})

testWithModel('what is not a text is refused, naming it', async (t, encoder) => {
  const bad = [undefined, null, 3, {}, ['a', 3], [undefined]]
  for (const texts of bad) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => encoder.encode(texts as string[]))
  }
  const error = await refused(t, 'ERR_INVALID_ARGUMENT', () => encoder.encode(['a', 3 as never]))
  t.regex(error.message, /text 1 is 3/)
  await refused(t, 'ERR_INVALID_ARGUMENT', () => encoder.encode('a', { prompt: 'a', prefix: 'b' }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => encoder.encode('a', { promt: 'a' } as never))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => encoder.countTokens(3 as never))
})

testWithModel('a hundred thousand texts are encoded in one call', async (t, encoder) => {
  const texts = Array.from({ length: 100_000 }, (_, i) => `${i % 10}`)
  let turns = 0
  const counting = setInterval(() => turns++, 1)
  const { data, count } = await encoder.encode(texts)
  clearInterval(counting)
  t.is(count, 100_000)
  t.true(turns > 100)
  t.deepEqual(row(data, 99_999, 384), row(data, 9, 384))
  t.deepEqual(row(data, 99_999, 384), (await encoder.encode('9')).data)
})

testWithModel('what is beyond the most tokens is cut off, and counted', async (t, _, folder) => {
  const encoder = await loadEncoder(folder, { maxTokens: 6 })
  t.is(encoder.maxTokens, 6)
  const { data, truncated, tokens } = await encoder.encode(['a b c d e f g', 'a b c d', 'a b'])
  t.is(truncated, 1)
  t.is(tokens, 6 + 6 + 4)
  t.deepEqual(row(data, 0, 384), row(data, 1, 384))
  t.is(await encoder.countTokens('a b c d e f g'), 7)
})

testWithModel('prompts are put before each text', async (t, encoder, folder) => {
  const prompted = await loadEncoder(folder, { prompts: { query: 'query: ' } })
  t.like(prompted.prompts, { query: 'query: ' })
  const plain = (await encoder.encode('query: which match?')).data
  t.deepEqual((await prompted.encode('which match?', { prompt: 'query' })).data, plain)
  t.deepEqual((await prompted.encode('which match?', { prefix: 'query: ' })).data, plain)
  t.notDeepEqual((await prompted.encode('which match?')).data, plain)
  const error = await refused(t, 'ERR_INVALID_ARGUMENT', () =>
    prompted.encode('a', { prompt: 'qery' }),
  )
  t.regex(error.message, /query/)
})

testWithModel(
  'an encoder has a precision, which is int8 by default',
  async (t, encoder, folder) => {
    t.is(encoder.precision, 'int8')
    const texts = ['A man is playing soccer.', 'The stock market fell today.', '足球']
    const { data } = await encoder.encode(texts)
    const exact = await loadEncoder(folder, { precision: 'f32' })
    const truth = (await exact.encode(texts)).data
    for (const [precision, least] of [
      ['int8', 0.99],
      ['bf16', 0.9998],
      ['f32', 0.999999],
    ] as const) {
      const rounded = await loadEncoder(folder, { precision })
      t.is(rounded.precision, precision)
      t.is(rounded.cpu, encoder.cpu)
      t.is(rounded.fingerprint === encoder.fingerprint, precision === 'int8')
      const found = (await rounded.encode(texts)).data
      if (precision === 'int8') t.deepEqual(found, data)
      for (const i of texts.keys()) t.true(cosine(row(found, i, 384), row(truth, i, 384)) > least)
    }
    t.is((await loadEncoder(folder, { precision: 'auto' })).fingerprint, encoder.fingerprint)
  },
)

testWithModel('vectors can be cut to their first dimensions', async (t, encoder, folder) => {
  const short = await loadEncoder(folder, { dimensions: 100 })
  t.is(short.dimension, 100)
  t.not(short.fingerprint, encoder.fingerprint)
  const { data } = await short.encode('My favourite sport is soccer')
  const whole = (await encoder.encode('My favourite sport is soccer')).data.subarray(0, 100)
  const length = Math.hypot(...whole)
  t.true(data.every((value, i) => Math.abs(value - (whole[i] as number) / length) < 1e-6))
  t.true(Math.abs(cosine(data, data) - 1) < 1e-5)
  t.is((await loadEncoder(folder, { dimensions: 384 })).fingerprint, encoder.fingerprint)
  const error = await refused(t, 'ERR_INVALID_ARGUMENT', () =>
    loadEncoder(folder, { dimensions: 385 }),
  )
  t.regex(error.message, /385.*384/)
})

testWithModel('a folder named after a known model has its prompts', async (t, encoder, folder) => {
  t.deepEqual(encoder.prompts, {})
  const copy = join(await temporaryFolder(t), 'bge-small-en-v1.5')
  await cp(folder, copy, { recursive: true, dereference: true })
  const known = await loadEncoder(copy)
  t.is(known.prompts.query, 'Represent this sentence for searching relevant passages: ')
  t.is(known.prompts.passage, '')
  t.is(known.fingerprint, encoder.fingerprint)
  const given = await loadEncoder(copy, { prompts: { query: '' } })
  t.deepEqual(given.prompts, { query: '', passage: '' })
})

testWithModel('options that change vectors change the fingerprint', async (t, encoder, folder) => {
  const raw = await loadEncoder(folder, { normalize: false })
  const cls = await loadEncoder(folder, { pooling: 'cls' })
  const same = await loadEncoder(folder)
  t.is(new Set([encoder, raw, cls].map(e => e.fingerprint)).size, 3)
  t.is(same.fingerprint, encoder.fingerprint)
  const { data } = await raw.encode('a longer vector')
  t.true(cosine(data, data) > 1.1)
})

testWithModel('texts are stored and found by meaning', async (t, encoder) => {
  const store = await openStore(t, { encoder })
  const notes = store.collection('notes')
  const texts = [
    'My favourite sport is soccer',
    'I am allergic to nuts',
    'We met in Lisbon last year',
  ]
  await notes.add(
    texts.map((text, i) => ({ id: `n${i}`, text, metadata: { user: i ? 'bob' : 'ann' } })),
  )
  const [first] = await notes.search('which match should I watch?', { k: 1 })
  t.like(first, { id: 'n0', text: texts[0], metadata: { user: 'ann' } })
  const theirs = await notes.search('which match should I watch?', { where: { user: 'bob' } })
  t.deepEqual(theirs.map(hit => hit.id).sort(), ['n1', 'n2'])
  const { data } = await encoder.encode(texts[1] as string)
  const [same] = await notes.searchByVector(data, { vector: true })
  t.is(same?.id, 'n1')
  t.true((same?.score ?? 0) > 0.99999)
  t.like(await notes.stats(), { dimension: 384, encoder: encoder.fingerprint })
  await notes.upsert({ id: 'n1', text: 'Nuts are fine for me now' })
  t.is((await notes.search('Nuts are fine'))[0]?.id, 'n1')
})

testWithModel('a collection is bound to the encoder that made it', async (t, encoder, folder) => {
  const store = await openStore(t, { encoder })
  await store.collection('c').add({ id: 'a', text: 'text' })
  const other = await loadEncoder(folder, { pooling: 'cls' })
  const c = store.collection('c', { encoder: other })
  await refused(t, 'ERR_COLLECTION_MISMATCH', () => c.add({ text: 'text' }))
  await refused(t, 'ERR_COLLECTION_MISMATCH', () => c.search('text'))
  t.is(await store.collection('c').count(), 1)
})

testWithModel('a store loads the encoder that is named', async (t, encoder, folder) => {
  const store = await openStore(t, { encoder: folder })
  await store.collection('c').add({ id: 'a', text: 'text' })
  t.is((await store.collections())[0]?.encoder, encoder.fingerprint)
})

testWithModel('a model folder that is incomplete or damaged is refused', async (t, _, folder) => {
  const copy = join(await temporaryFolder(t), 'model')
  const spoil = async (spoilt: () => Promise<void>, code: RegExp) => {
    await rm(copy, { recursive: true, force: true })
    await cp(folder, copy, { recursive: true, dereference: true })
    await spoilt()
    const error = await t.throwsAsync(loadEncoder(copy))
    t.regex((error as { code?: string }).code ?? '', code)
    t.true((error?.message.length ?? 0) > 20)
  }
  const model = /^ERR_MODEL_(INVALID|NOT_FOUND)$/
  await spoil(() => rm(join(copy, 'config.json')), model)
  await spoil(() => rm(join(copy, 'model.safetensors')), model)
  await spoil(() => truncate(join(copy, 'model.safetensors'), 1_000_000), model)
  await spoil(() => writeFile(join(copy, 'config.json'), '{"model_type":'), model)
  await spoil(
    () => writeFile(join(copy, 'tokenizer.json'), '{"not": "a tokenizer"}'),
    /^ERR_TOKENIZER$/,
  )
  await spoil(async () => {
    const config = JSON.parse(await readFile(join(copy, 'config.json'), 'utf8'))
    await writeFile(join(copy, 'config.json'), JSON.stringify({ ...config, model_type: 'llama' }))
  }, /^ERR_UNSUPPORTED_MODEL$/)
})

test('a model that is nowhere is refused with what to do', async t => {
  const empty = await temporaryFolder(t)
  await mkdir(join(empty, 'nothing'))
  for (const name of [join(empty, 'nothing'), join(empty, 'no-such-folder')]) {
    const error = await t.throwsAsync(loadEncoder(name, { offline: true }))
    t.regex((error as { code?: string }).code ?? '', /^ERR_MODEL_(NOT_FOUND|INVALID)$/)
  }
  await refused(t, 'ERR_MODEL_NOT_FOUND', () =>
    open(':memory:', { encoder: join(empty, 'no-such-folder') }),
  )
})

testWithModel('an aborted load rejects with the reason', async (t, _, folder) => {
  const reason = new Error('not now')
  t.is(await t.throwsAsync(loadEncoder(folder, { signal: AbortSignal.abort(reason) })), reason)
  const controller = new AbortController()
  const loading: Promise<Encoder> = loadEncoder(folder, { signal: controller.signal })
  setImmediate(() => controller.abort(reason))
  t.is(await t.throwsAsync(loading), reason)
})
