// How well questions are answered: by meaning, by words, and by both in the ways that there are.

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadEncoder, open } from 'hippocamp'
import { addAll } from './collection.mjs'
import { machine } from './machine.mjs'
import { figures, interval, mean } from './retrieval/metrics.mjs'
import { missing, readSet, SETS } from './retrieval/sets.mjs'

const K = 50
/** Questions that are asked at once. */
const AT_ONCE = 256
const ROOT = resolve(import.meta.dirname, '..')
const MODES = {
  vector: { mode: 'vector' },
  lexical: { mode: 'lexical' },
  hybrid: {},
  'hybrid, weighted': { ranking: { fusion: 'weighted' } },
  'hybrid, rrf': { ranking: { fusion: 'rrf' } },
}

export const options = {
  data: {
    type: 'string',
    value: 'DIR',
    help: 'evaluation data, see docs/ranking.md',
    default: resolve(ROOT, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared', 'data'),
  },
  sets: { type: 'string', value: 'A,B', help: 'which sets', default: Object.keys(SETS).join(',') },
  encoder: {
    type: 'string',
    value: 'MODEL',
    help: 'name or folder of the model',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
  },
}

export function check({ data, sets }) {
  return missing(sets.split(','), data)
}

export async function run({ data, sets, encoder: model }) {
  const { version } = machine()
  const encoder = await loadEncoder(model)
  // Encoding takes minutes: texts that have been encoded once are kept.
  const folder = join(ROOT, '.hippocamp', 'bench', `${version}-${encoder.fingerprint.slice(0, 16)}`)
  mkdirSync(folder, { recursive: true })
  const results = []
  for (const name of sets.split(',')) {
    const set = readSet(name, data)
    const store = await open(join(folder, `${name}.db`), { encoder, durability: 'relaxed' })
    try {
      const collection = store.collection('texts')
      await fill(collection, set.texts)
      results.push(...(await measured(name, collection, set.questions)))
    } finally {
      await store.close()
    }
  }
  return [
    {
      key: 'retrieval',
      title: `Retrieval with ${encoder.name}`,
      columns: {
        set: 'set',
        mode: 'mode',
        ndcg: { title: 'nDCG@10', digits: 4 },
        from: { title: '95 % from', digits: 4 },
        to: { title: 'to', digits: 4 },
        mrr: { title: 'MRR@10', digits: 4 },
        r5: { title: 'R@5', digits: 4 },
        r10: { title: 'R@10', digits: 4 },
        r50: { title: 'R@50', digits: 4 },
        over: { title: 'over the better arm', digits: 4 },
        overFrom: { title: '95 % from', digits: 4 },
        overTo: { title: 'to', digits: 4 },
      },
      rows: results,
    },
  ]
}

async function fill(collection, texts) {
  if ((await collection.count()) === texts.length) return
  await collection.clear()
  await addAll(collection, texts.length, at => texts[at])
}

/** A row for each mode. */
async function measured(set, collection, questions) {
  const ofModes = {}
  for (const [mode, how] of Object.entries(MODES)) {
    const all = []
    for (let from = 0; from < questions.length; from += AT_ONCE) {
      const some = questions.slice(from, from + AT_ONCE)
      const texts = some.map(({ text }) => text)
      const found = await collection.searchMany(texts, { k: K, idsOnly: true, ...how })
      for (const [at, hits] of found.entries()) {
        all.push(
          figures(
            hits.map(({ id }) => id),
            some[at].relevant,
          ),
        )
      }
    }
    ofModes[mode] = all
  }
  const ndcg = mode => ofModes[mode].map(({ ndcg }) => ndcg)
  const better = mean(ndcg('vector')) > mean(ndcg('lexical')) ? ndcg('vector') : ndcg('lexical')
  return Object.entries(ofModes).map(([mode, all]) => {
    const average = key => mean(all.map(one => one[key]))
    const [from, to] = interval(ndcg(mode))
    const differences = ndcg(mode).map((value, at) => value - better[at])
    const [overFrom, overTo] = interval(differences)
    return {
      set,
      mode,
      ...{ ndcg: average('ndcg'), from, to, mrr: average('mrr') },
      ...{ r5: average('r5'), r10: average('r10'), r50: average('r50') },
      ...(mode in { vector: 0, lexical: 0 } ? {} : { over: mean(differences), overFrom, overTo }),
    }
  })
}
