// How well questions are answered: the figures that docs/ranking.md states, where the evaluation data are at hand.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Collection, SearchOptions } from 'hippocamp'
import { figures, mean } from '../bench/retrieval/metrics.mjs'
import { readSet, SETS } from '../bench/retrieval/sets.mjs'
import { modelFolder, testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { openStore } from './support/stores.js'

const DATA = join(resolve(root, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared'), 'data')

type SetName = keyof typeof SETS

function isThere(name: SetName): boolean {
  const there = existsSync(join(DATA, SETS[name].folder))
  if (!there) console.log(`skipped: ${name} is not in ${DATA} (set HIPPOCAMP_EVAL_DIR)`)
  return there
}

async function ndcg(collection: Collection, name: SetName, options: SearchOptions) {
  const { questions } = readSet(name, DATA)
  const texts = questions.map(({ text }) => text)
  const found = await collection.searchMany(texts, { k: 10, idsOnly: true, ...options })
  const all = found.map(
    (hits, at) =>
      figures(
        hits.map(({ id }) => id),
        questions[at]?.relevant ?? new Map(),
      ).ndcg,
  )
  return mean(all)
}

async function filled(t: ExecutionContext, name: SetName, options = {}): Promise<Collection> {
  const collection = (await openStore(t, { path: ':memory:', ...options })).collection('texts')
  const { texts } = readSet(name, DATA)
  const vector = 'encoder' in options ? {} : { vector: [1] }
  await collection.add(texts.map(text => ({ ...text, ...vector })))
  return collection
}

for (const [name, least] of [
  ['scifact', 0.67],
  ['xquad-en', 0.965],
  ['xquad-zh', 0.965],
] as const) {
  if (!isThere(name)) continue
  test(`words alone answer ${name}`, async t => {
    const value = await ndcg(await filled(t, name), name, { mode: 'lexical' })
    t.true(value >= least, `${value}`)
  })
}

for (const [name, least] of [
  ['xquad-en', 0.975],
  ['xquad-zh', 0.965],
] as const) {
  if (!isThere(name) || modelFolder() === undefined) continue
  testWithModel(`words and meaning answer ${name} better`, async (t, encoder) => {
    t.timeout(600_000)
    const collection = await filled(t, name, { encoder })
    const hybrid = await ndcg(collection, name, {})
    const lexical = await ndcg(collection, name, { mode: 'lexical' })
    t.true(hybrid >= least && hybrid >= lexical, `${hybrid} ${lexical}`)
  })
}

if (!Object.keys(SETS).some(name => existsSync(join(DATA, SETS[name as SetName].folder)))) {
  test.skip('questions are answered', () => {})
}
