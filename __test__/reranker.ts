// Loading rerankers and ranking with them: small models, whose scores torch has computed.
import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { loadReranker, Reranker } from 'hippocamp'
import { root } from './support/sources.js'
import { refused } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'

const data = join(root, 'crates', 'encoder', 'tests', 'data', 'rerankers')

interface Expected {
  readonly pairs: readonly (readonly [string, string])[]
  readonly logits: Readonly<Record<string, readonly number[]>>
}

const expected: Expected = JSON.parse(await readFile(join(data, 'expected.json'), 'utf8'))

/** A model folder of a family. */
async function modelFolder(t: ExecutionContext, family = 'bert'): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const file of ['config.json', 'model.safetensors']) {
    await copyFile(join(data, family, file), join(folder, file))
  }
  await copyFile(join(data, 'tokenizer.json'), join(folder, 'tokenizer.json'))
  return folder
}

async function loaded(t: ExecutionContext, family?: string): Promise<Reranker> {
  return loadReranker(await modelFolder(t, family), { maxTokens: 64 })
}

const TEXTS = ['the cat sat on the mat', 'a dog ran away', 'what is the best way to learn', 'mat']

test('scores are those of the reference', async t => {
  for (const family of Object.keys(expected.logits)) {
    const reranker = await loaded(t, family)
    t.is(reranker.maxTokens, 64)
    const states = ['bert', 'roberta'].includes(family)
    for (const [i, [query, text]] of expected.pairs.entries()) {
      const [score] = await reranker.score(query, [text])
      const logit = expected.logits[family]?.[i] as number
      const wanted = states ? logit : 1 / (1 + Math.exp(-logit))
      t.true(Math.abs((score as number) - wanted) < 5e-5, `${family}, pair ${i}`)
    }
  }
})

test('ranked texts come best first, with their places', async t => {
  const reranker = await loaded(t)
  const scores = await reranker.score('what is the cat', TEXTS)
  const ranked = await reranker.rank('what is the cat', TEXTS)
  t.is(ranked.length, TEXTS.length)
  for (const [i, { index, score, text }] of ranked.entries()) {
    t.is(text, TEXTS[index] as string)
    t.is(score, scores[index] as number)
    if (i > 0) t.true((ranked[i - 1]?.score ?? 0) >= score)
  }
  t.deepEqual(await reranker.rank('what is the cat', TEXTS, { topK: 2 }), ranked.slice(0, 2))
  t.deepEqual(await reranker.rank('what is the cat', TEXTS, { topK: 100 }), ranked)
  t.deepEqual(await reranker.rank('what is the cat', []), [])
})

test('of equal texts, the first comes first', async t => {
  const reranker = await loaded(t)
  const ranked = await reranker.rank('cat', ['mat', 'dog', 'mat', 'dog', 'mat'])
  const places = (text: string) => ranked.filter(one => one.text === text).map(({ index }) => index)
  t.deepEqual(places('mat'), [0, 2, 4])
  t.deepEqual(places('dog'), [1, 3])
  t.is(new Set(ranked.map(({ score }) => score)).size, 2)
})

test('a text has the same score, bit for bit, in any batch', async t => {
  const reranker = await loaded(t, 'xlm-roberta')
  const texts = Array.from({ length: 500 }, (_, i) => 'the best way '.repeat(1 + (i % 30)))
  const scores = await reranker.score('what is the best way', texts)
  for (const i of [0, 29, 250, 499]) {
    t.deepEqual(await reranker.score('what is the best way', [texts[i] as string]), [scores[i]])
  }
  t.deepEqual(await reranker.score('what is the best way', [...texts].reverse()), scores.reverse())
})

test('what is no question and no text is refused, naming it', async t => {
  const reranker = await loaded(t)
  const bad: [() => unknown, RegExp][] = [
    [() => reranker.rank(3 as never, ['a']), /query is 3/],
    [() => reranker.rank(undefined as never, ['a']), /query is undefined/],
    [() => reranker.rank('a', 'b' as never), /texts is "b"/],
    [() => reranker.rank('a', undefined as never), /texts is undefined/],
    [() => reranker.rank('a', ['b', 3 as never]), /text 1 is 3/],
    [() => reranker.rank('a', ['b'], { topK: 0 }), /topK is 0/],
    [() => reranker.rank('a', ['b'], { topk: 1 } as never), /topk/],
    [() => reranker.score('a', ['b'], { topK: 1 } as never), /topK/],
    [() => loadReranker(''), /model is ""/],
    [() => loadReranker('m', { maxTokens: 0 }), /maxTokens is 0/],
    [() => loadReranker('m', { cpu: 'mmx' as never }), /cpu is "mmx"/],
    [() => loadReranker('m', { pooling: 'cls' } as never), /pooling/],
  ]
  for (const [call, message] of bad) {
    const error = await refused(t, 'ERR_INVALID_ARGUMENT', call)
    t.regex(error.message, message)
  }
  const long = 'x'.repeat((1 << 20) + 1)
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => reranker.rank(long, ['a']))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => reranker.rank('a', [long]))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => reranker.rank('a', new Array(100_001).fill('b')))
})

test('a reranker is made by loading alone', t => {
  t.throws(() => new (Reranker as unknown as new () => Reranker)())
})

test('models that are no rerankers, and damaged ones, are refused', async t => {
  const folder = await modelFolder(t)
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  const withConfig = async (change: object) => {
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...change }))
    return loadReranker(folder)
  }
  await refused(t, 'ERR_UNSUPPORTED_MODEL', () => withConfig({ architectures: ['BertModel'] }))
  await refused(t, 'ERR_UNSUPPORTED_MODEL', () => withConfig({ id2label: { 0: 'no', 1: 'yes' } }))
  await refused(t, 'ERR_MODEL_INVALID', () => withConfig({ hidden_size: 25 }))
  await t.notThrowsAsync(withConfig({}))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => loadReranker(folder, { maxTokens: 4 }))
  await truncate(join(folder, 'model.safetensors'), 1000)
  await refused(t, 'ERR_MODEL_INVALID', () => loadReranker(folder))
  await rm(join(folder, 'model.safetensors'))
  await refused(t, 'ERR_MODEL_INVALID', () => loadReranker(folder))
  await refused(t, 'ERR_MODEL_NOT_FOUND', () => loadReranker(join(folder, 'none')))
})

test('a signal gives up', async t => {
  const reason = new Error('not now')
  const folder = await modelFolder(t)
  t.is(await t.throwsAsync(loadReranker(folder, { signal: AbortSignal.abort(reason) })), reason)
  const reranker = await loadReranker(folder)
  const aborted = { signal: AbortSignal.abort(reason) }
  t.is(await t.throwsAsync(reranker.rank('cat', TEXTS, aborted)), reason)
  const controller = new AbortController()
  const ranking = reranker.rank('cat', new Array(50_000).fill('the best way to learn'), {
    signal: controller.signal,
  })
  setTimeout(() => controller.abort(reason), 20)
  t.is(await t.throwsAsync(ranking), reason)
})
