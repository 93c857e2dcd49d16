// How texts are ranked: by words, by meaning and by both, and what is said about it.
import test from 'ava'
import { type Explanation, type Hit, loadEncoder, type SearchOptions } from 'hippocamp'
import { testWithModel } from './support/models.js'
import { direction, openStore, refused } from './support/stores.js'

const ids = (hits: readonly Hit[]) => hits.map(({ id }) => id)

const NOTES = [
  { id: 'sport', text: 'Ann told us that her favourite sport is soccer.' },
  { id: 'food', text: 'I had ramen for lunch today.' },
  { id: 'work', text: 'The quarterly report is due on Friday.' },
  { id: 'code', text: 'Error E4711: the pump of unit B-12 has lost pressure.' },
  { id: 'tea', text: '安妮喜欢在下午喝龙井茶。' },
  { id: 'meeting', text: '周五下午三点在会议室讨论季度报告。' },
]

/** The score that the parts of an explanation make. */
function recombined({ mode, fusion, vector, lexical, factors }: Explanation): number {
  const [v, b] = [vector?.score ?? 0, lexical?.score ?? 0]
  const fused =
    mode === 'vector' ? v : mode === 'lexical' ? b : 1 - (1 - v) * (1 - (fusion?.words ?? 0) * b)
  const score = Math.min(1, Math.max(0, fused))
  return factors.reduce((product, { value }) => product * value, score)
}

test('words are found without an encoder, in English and in Chinese', async t => {
  const c = (await openStore(t)).collection('notes')
  t.deepEqual(await c.search('soccer', { mode: 'lexical' }), [])
  await c.add(NOTES.map((note, i) => ({ ...note, vector: direction(i * 30) })))
  const find = (words: string, options: SearchOptions = {}) =>
    c.search(words, { mode: 'lexical', ...options })
  t.deepEqual(ids(await find('Which sports does Ann like?')), ['sport'])
  t.deepEqual(ids(await find('pump B-12')), ['code'])
  t.deepEqual(ids(await find('季度報告')), ['meeting'])
  t.deepEqual(ids(await find('喝茶')), ['tea'])
  const [hit] = await find('e4711', { explain: true })
  t.false('distance' in (hit ?? {}))
  t.is(hit?.explanation?.lexical?.terms[0]?.term, 'e4711')
  t.deepEqual(await find('e4711', { idsOnly: true }), [{ id: 'code', score: hit?.score ?? 0 }])
  const [first, second] = await c.searchMany(['soccer', 'ramen'], { mode: 'lexical', k: 1 })
  t.deepEqual([ids(first ?? []), ids(second ?? [])], [['sport'], ['food']])
  const { message } = await refused(t, 'ERR_ENCODER_REQUIRED', () => c.search('soccer'))
  t.regex(message, /lexical/)
})

test('a collection has a language', async t => {
  const store = await openStore(t)
  const c = store.collection('notizen', { language: 'de' })
  await c.add({ id: 'a', text: 'Die Häuser am See', vector: [1] })
  t.deepEqual(ids(await c.search('ein Haus', { mode: 'lexical' })), ['a'])
  const other = store.collection('notizen', { language: 'fr' })
  await refused(t, 'ERR_COLLECTION_MISMATCH', () => other.search('x', { mode: 'lexical' }))
  const unknown = async () => store.collection('d', { language: 'klingon' as 'de' })
  t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', unknown)).message, /"klingon".*"de"/)
})

test('rankings are controlled', async t => {
  const c = (await openStore(t)).collection('c')
  const day = 86_400_000
  const now = new Date('2026-11-20')
  await c.add(
    Array.from({ length: 30 }, (_, i) => ({
      id: `r${i}`,
      vector: direction(i),
      metadata: { at: new Date(now.getTime() - (30 - i) * day), of: i % 2, importance: i % 5 },
    })),
  )
  const find = async (options: SearchOptions) =>
    ids(await c.searchByVector(direction(0), { k: 3, ...options }))
  t.deepEqual(await find({}), ['r0', 'r1', 'r2'])
  t.deepEqual(await find({ offset: 2 }), ['r2', 'r3', 'r4'])
  t.deepEqual(await find({ groupBy: 'of' }), ['r0', 'r1'])
  t.deepEqual(await find({ groupBy: { field: 'of', size: 2 }, offset: 1 }), ['r1', 'r2', 'r3'])
  t.deepEqual(await find({ recency: { halfLife: day, now, field: 'at' } }), ['r29', 'r28', 'r27'])
  t.deepEqual(await find({ recency: { halfLife: 1e15, floor: 0.5 } }), ['r0', 'r1', 'r2'])
  t.deepEqual(await find({ boost: { field: 'importance', weight: 1, max: 4 } }), [
    'r4',
    'r9',
    'r14',
  ])
  t.is((await find({ diversity: 1 }))[1], 'r29')
  const [hit] = await c.searchByVector(direction(0), {
    boost: { field: 'importance', weight: 0.2, max: 4 },
    recency: { halfLife: day * 30, now, field: 'at', floor: 0.2 },
    where: { of: 0 },
    explain: true,
  })
  t.deepEqual(
    hit?.explanation?.factors.map(({ name }) => name),
    ['recency', 'boost'],
  )
  t.deepEqual(hit?.explanation?.filter, { passing: 15, records: 30 })
  t.true(Math.abs(recombined(hit?.explanation as Explanation) - (hit?.score ?? 0)) < 1e-6)
})

test('it is said why a record is no hit', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(
    Array.from({ length: 20 }, (_, i) => ({
      id: `r${i}`,
      vector: direction(i),
      metadata: { even: i % 2 === 0 },
    })),
  )
  const why = (id: string, options: SearchOptions = {}) =>
    c.whyNot(direction(0), id, { k: 3, ...options })
  const { lastScore = 0, ...none } = await why('none')
  t.deepEqual(none, { exists: false, reasons: [{ by: 'missing' }] })
  const last = (await c.searchByVector(direction(0), { k: 3 }))[2]
  t.true(Math.abs(lastScore - (last?.score ?? 1)) < 1e-6)
  t.like(await why('r2'), { exists: true, hit: 3, rank: 3, reasons: [] })
  t.like(await why('r9'), { rank: 10, reasons: [{ by: 'k' }] })
  t.like(await why('r1', { where: { even: true } }), {
    rank: 2,
    reasons: [{ by: 'filter', conditions: ['{"even":true}'] }],
  })
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.whyNot(3 as unknown as string, 'r1'))
})

testWithModel('both arms together find what each alone would miss', async (t, encoder) => {
  const c = (await openStore(t, { encoder })).collection('notes')
  await c.add(NOTES)
  const best = async (question: string, options: SearchOptions = {}) =>
    (await c.search(question, { k: 1, ...options }))[0]?.id
  t.is(await best('What did I eat?'), 'food')
  t.is(await best('E4711'), 'code')
  t.is(await best('季度报告什么时候讨论？'), 'meeting')
  for (const question of ['What did I eat?', 'the pump of B-12', '谁喜欢喝茶？']) {
    for (const mode of ['hybrid', 'vector', 'lexical'] as const) {
      const hits = await c.search(question, { mode, explain: true })
      t.true(hits.length > 0 || mode === 'lexical')
      for (const hit of hits) {
        const explanation = hit.explanation as Explanation
        t.is(explanation.mode, mode)
        t.true(Math.abs(recombined(explanation) - hit.score) < 1e-6)
        t.true(hit.score >= 0 && hit.score <= 1)
        t.is(explanation.question !== undefined, mode !== 'lexical')
      }
    }
    const many = await c.searchMany([question], { explain: false })
    t.deepEqual(many, [await c.search(question)])
  }
  // Chinese characters are mostly unknown to this model.
  const [tea] = await c.search('安妮喜欢喝什么茶？', { explain: true })
  t.is(tea?.id, 'tea')
  t.false(tea?.explanation?.vector?.trusted)
})

testWithModel('a model says nothing of other languages than its own', async (t, _, folder) => {
  const encoder = await loadEncoder(folder, { languages: ['zh-CN'] })
  const c = (await openStore(t, { encoder })).collection('notes')
  await c.add(NOTES)
  const trusted = async (question: string, ranking = {}) =>
    (await c.search(question, { explain: true, ranking }))[0]?.explanation?.vector?.trusted
  t.false(await trusted('What did I eat?'))
  t.true(await trusted('今天吃了什么', { unknownTokens: 1 }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => loadEncoder(folder, { languages: ['English'] }))
  const wrong = { languages: 'en' as unknown as string[] }
  await refused(t, 'ERR_INVALID_ARGUMENT', () => loadEncoder(folder, wrong))
})

testWithModel('names and words that are everywhere are not encoded', async (t, encoder) => {
  const c = (await openStore(t, { encoder })).collection('talk')
  const texts = ['plays chess', 'reads a novel', 'cooks pasta', 'repairs the car', 'swims']
  await c.add(
    Array.from({ length: 60 }, (_, i) => ({
      text: `${i % 2 ? 'Ann' : 'Ben'} ${texts[i % 5]} on day ${i}`,
    })),
  )
  const explained = async (question: string, options: SearchOptions = {}) =>
    (await c.search(question, { k: 1, explain: true, ...options }))[0]?.explanation?.question
  t.like(await explained('Which books does Ann read each day?'), {
    encoded: 'Which books does read each',
    leftOut: ['Ann', 'day?'],
  })
  t.like(await explained('Ann'), { encoded: 'Ann', leftOut: [] })
  t.like(await explained('Does Ann swim?', { ranking: { stripNames: false } }), { leftOut: [] })
  for (const fusion of ['rrf', 'weighted'] as const) {
    const hits = await c.search('who reads?', { ranking: { fusion }, explain: true })
    t.is(hits[0]?.explanation?.fusion?.method, fusion)
    t.true(hits.every(({ score }) => score >= 0 && score <= 1))
  }
})
