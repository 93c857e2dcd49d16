// How well long-term memory recalls, before and after it has settled, and what remembering and recalling cost.

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { loadEncoder, open } from 'hippocamp'
import { LongTermMemory, VectorStoreRetrieverMemory } from 'hippocamp/memory'
import { addAll, indexed } from './collection.mjs'
import { missing, readConversations } from './retrieval/conversations.mjs'
import { figures, interval, mean } from './retrieval/metrics.mjs'

const ROOT = resolve(import.meta.dirname, '..')
const BUDGETS = [250, 500, 1_000, 2_000]
const K = 50
const SAVES = 200
const LOADS = 200
const MEMORIES = 10_000
/** Turns that settle, and turns in a talk. */
const OLD = 5_000
const TALK = 25

export const options = {
  data: {
    type: 'string',
    value: 'DIR',
    help: 'evaluation data, see docs/memory.md',
    default: resolve(ROOT, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared', 'data'),
  },
  encoder: {
    type: 'string',
    value: 'A,B',
    help: 'names or folders of models',
    default: modelsAtHand().join(','),
  },
}

export function check({ data }) {
  return missing(data)
}

export async function run({ data, encoder: models }) {
  const conversations = readConversations(data)
  const [quality, costs, settled] = [[], [], []]
  for (const model of models.split(',')) {
    const encoder = await loadEncoder(model, { cache: 0 })
    quality.push(...(await qualityOf(encoder, conversations)))
    costs.push(...(await costsOf(encoder, conversations)))
    if (settled.length === 0) settled.push(...(await settlingOf(encoder, conversations)))
  }
  const share = title => ({ title, digits: 3 })
  return [
    {
      key: 'recall',
      title: `Recall of turns in ${conversations.length} talks of LoCoMo`,
      columns: {
        encoder: 'encoder',
        state: 'state',
        category: 'questions',
        count: 'n',
        ndcg: share('nDCG@10'),
        from: share('95 % from'),
        to: share('to'),
        r5: share('R@5'),
        r10: share('R@10'),
        r50: share('R@50'),
        ...Object.fromEntries(BUDGETS.map(budget => [`t${budget}`, share(`${budget} tokens`)])),
      },
      rows: quality,
    },
    {
      key: 'costs',
      title: 'What it costs, in milliseconds',
      columns: {
        encoder: 'encoder',
        what: 'what',
        p50: { title: 'p50', digits: 2 },
        p99: { title: 'p99', digits: 2 },
        times: 'times',
      },
      rows: costs,
    },
    {
      key: 'settling',
      title: `${OLD.toLocaleString('en')} turns in talks of ${TALK}, without a language model`,
      columns: {
        what: 'what',
        seconds: { title: 'seconds', digits: 2 },
        turns: 'turns',
        summaries: 'summaries',
      },
      rows: settled,
    },
  ]
}

/** The models that the tests use too, where they are laid out. */
function modelsAtHand() {
  const folders = ['all-MiniLM-L6-v2', 'multilingual-e5-small'].map(name =>
    join(ROOT, '.hippocamp', 'models', name),
  )
  const there = folders.filter(folder => existsSync(folder))
  return there.length > 0 ? there : ['sentence-transformers/all-MiniLM-L6-v2']
}

/** Before and after the talks have settled, of all questions and of each category. */
async function qualityOf(encoder, conversations) {
  const store = await open(':memory:', { encoder })
  try {
    const collection = store.collection('talks', { turns: true })
    const memories = new Map()
    for (const { name, turns } of conversations) {
      const memory = new LongTermMemory({
        collection: collection.namespace([name]),
        encoder,
        timeZone: 'UTC',
      })
      await memory.remember(turns)
      memories.set(name, memory)
    }
    const fresh = await answered(memories, conversations)
    for (const memory of memories.values()) await memory.consolidate()
    const settled = await answered(memories, conversations)
    return [
      ...rowsOf({ encoder: encoder.name, state: 'fresh' }, fresh),
      ...rowsOf({ encoder: encoder.name, state: 'settled' }, settled),
    ]
  } finally {
    await store.close()
  }
}

async function answered(memories, conversations) {
  const all = []
  for (const { name, questions } of conversations) {
    const memory = memories.get(name)
    for (const { text, category, relevant } of questions) {
      const { memories: found } = await memory.recall(text, { k: K })
      const one = figures(
        found.map(({ id }) => id),
        relevant,
      )
      for (const budgetTokens of BUDGETS) {
        const { memories } = await memory.recall(text, { budgetTokens })
        const right = memories.filter(({ id }) => relevant.has(id))
        one[`t${budgetTokens}`] = right.length / relevant.size
      }
      all.push({ category, ...one })
    }
  }
  return all
}

function rowsOf(head, all) {
  const categories = [...new Set(all.map(({ category }) => category))].sort()
  return ['all', ...categories].map(category => {
    const some = all.filter(one => category === 'all' || one.category === category)
    const average = key => mean(some.map(one => one[key]))
    const [from, to] = interval(some.map(({ ndcg }) => ndcg))
    const keys = ['ndcg', 'r5', 'r10', 'r50', ...BUDGETS.map(budget => `t${budget}`)]
    const averages = Object.fromEntries(keys.map(key => [key, average(key)]))
    return { ...head, category, count: some.length, ...averages, from, to }
  })
}

/** One turn after the other in a durable file, as an application saves them, and questions to ten thousand memories. */
async function costsOf(encoder, conversations) {
  const folder = await mkdtemp(join(tmpdir(), 'hippocamp-bench-'))
  const store = await open(join(folder, 'memory.db'), { encoder })
  try {
    const turns = conversations.flatMap(({ turns }) => turns.map(({ text }) => text))
    const questions = conversations.flatMap(({ questions }) => questions.map(({ text }) => text))
    const collection = store.collection('turns')
    const memory = new VectorStoreRetrieverMemory({ collection })
    const saved = await timed(SAVES, i =>
      memory.saveContext({ input: turns[2 * i] }, { output: turns[2 * i + 1] }),
    )
    // Encoding ten thousand turns takes minutes, so most vectors are those of some, moved a little.
    const { data, dimension } = await encoder.encode(turns)
    await addAll(collection, MEMORIES - SAVES, at => {
      const row = at % turns.length
      const vector = data.slice(row * dimension, (row + 1) * dimension)
      return {
        text: `input: ${turns[row]}\noutput: ${turns[(7 * at + 1) % turns.length]}`,
        vector: at < turns.length ? vector : moved(vector, at),
      }
    })
    await indexed(collection)
    await collection.search(questions[0])
    const encoded = await timed(LOADS, i => encoder.encode(questions[i], queryOf(encoder)))
    const loaded = await timed(LOADS, i => memory.loadMemoryVariables({ input: questions[i] }))
    const above = loaded.map((ms, i) => ms - encoded[i])
    return [
      row('saveContext, durable', saved),
      row('encoding of a question', encoded),
      row(`loadMemoryVariables of ${MEMORIES.toLocaleString('en')} memories`, loaded),
      row('above the encoding', above),
    ].map(cost => ({ encoder: encoder.name, ...cost }))
  } finally {
    await store.close()
    await rm(folder, { recursive: true })
  }
}

/** As far as two turns on the same subject are from each other. */
function moved(vector, seed) {
  const step = 0.7 / Math.sqrt(vector.length)
  let state = seed | 1
  return vector.map(value => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    return value + step * ((state >>> 0) / 2 ** 31 - 1)
  })
}

/** Talks of long ago that settle, and settle again. */
async function settlingOf(encoder, conversations) {
  const folder = await mkdtemp(join(tmpdir(), 'hippocamp-bench-'))
  const store = await open(join(folder, 'memory.db'), { encoder })
  try {
    const memory = new LongTermMemory({ collection: store.collection('old', { turns: true }) })
    const turns = conversations.flatMap(({ turns }) => turns)
    const said = Array.from({ length: OLD }, (_, i) => {
      const { role, text } = turns[i % turns.length]
      const session = String(Math.floor(i / TALK))
      return { session, role, text: `${i}: ${text.slice(0, 60)}`, time: new Date(0) }
    })
    const rows = []
    const step = async (what, work) => {
      const start = performance.now()
      const { turns, summaries } = await work()
      rows.push({ what, seconds: (performance.now() - start) / 1_000, turns, summaries })
    }
    await step('remember', async () => ({ turns: (await memory.remember(said)).length }))
    await step('consolidate', () => memory.consolidate())
    await step('consolidate again', () => memory.consolidate())
    return rows
  } finally {
    await store.close()
    await rm(folder, { recursive: true })
  }
}

function queryOf({ prompts }) {
  return 'query' in prompts ? { prompt: 'query' } : {}
}

async function timed(times, work) {
  const all = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await work(i)
    all.push(performance.now() - start)
  }
  return all
}

function row(what, all) {
  const sorted = [...all].sort((a, b) => a - b)
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { what, p50: at(0.5), p99: at(0.99), times: all.length }
}
