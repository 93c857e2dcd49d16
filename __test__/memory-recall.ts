// How well long-term memory recalls the turns that answer: the figures that docs/long-term-memory.md states, where the
// evaluation data are at hand.
import { join, resolve } from 'node:path'
import test from 'ava'
import { loadEncoder } from 'hippocamp'
import { LongTermMemory } from 'hippocamp/memory'
import { missing, readConversations } from '../bench/retrieval/conversations.mjs'
import { figures, mean } from '../bench/retrieval/metrics.mjs'
import { modelFolder } from './support/models.js'
import { root } from './support/sources.js'
import { openStore } from './support/stores.js'

const DATA = join(resolve(root, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared'), 'data')

for (const [model, ndcg, r10] of [
  ['all-MiniLM-L6-v2', 0.63, 0.82],
  ['multilingual-e5-small', 0.65, 0.83],
] as const) {
  const title = `${model} recalls the turns of talks, settled or not`
  const folder = modelFolder(model)
  if (folder === undefined || missing(DATA)) {
    console.log(`skipped: "${title}" needs the model and ${DATA} (set HIPPOCAMP_EVAL_DIR)`)
    test.skip(title, () => {})
    continue
  }
  test(title, async t => {
    t.timeout(600_000)
    const encoder = await loadEncoder(folder)
    const store = await openStore(t, { path: ':memory:', encoder })
    const collection = store.collection('talks', { turns: true })
    const talks = readConversations(DATA).map(({ name, turns, questions }) => {
      const memory = new LongTermMemory({ collection: collection.namespace([name]), encoder })
      return { memory, turns, questions }
    })
    for (const { memory, turns } of talks) await memory.remember(turns)
    const measured = async () => {
      const all: { ndcg: number; r10: number; tokens: number }[] = []
      for (const { memory, questions } of talks) {
        for (const { text, relevant } of questions) {
          const { memories } = await memory.recall(text)
          const within = await memory.recall(text, { budgetTokens: 1_000 })
          const right = within.memories.filter(({ id }) => relevant.has(id)).length
          const found = memories.map(({ id }) => id)
          const { ndcg, r10 = 0 } = figures(found, relevant) as { ndcg: number; r10?: number }
          all.push({ ndcg, r10, tokens: right / relevant.size })
        }
      }
      const average = (key: 'ndcg' | 'r10' | 'tokens') => mean(all.map(one => one[key]))
      return { ndcg: average('ndcg'), r10: average('r10'), tokens: average('tokens') }
    }
    const fresh = await measured()
    t.true(fresh.ndcg >= ndcg && fresh.r10 >= r10, JSON.stringify(fresh))
    for (const { memory } of talks) await memory.consolidate()
    const settled = await measured()
    t.true(settled.tokens >= fresh.tokens, JSON.stringify({ fresh, settled }))
    t.true(settled.ndcg >= ndcg && settled.r10 >= r10, JSON.stringify(settled))
  })
}
