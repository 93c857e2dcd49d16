// What a question costs in each mode, from its text to the records, and how much of that is the encoder's.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadEncoder, open } from 'hippocamp'
import { addAll, indexed } from './collection.mjs'
import { percentile } from './latency.mjs'
import { readMatrix, rows } from './vectors.mjs'

const ROOT = resolve(import.meta.dirname, '..')
const BENCH = resolve(ROOT, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared', 'data', 'bench')
const WARM_UP = 50
const MODES = ['lexical', 'vector', 'hybrid']

export const options = {
  texts: {
    type: 'string',
    value: 'FILE',
    help: 'texts to store, one a line',
    default: join(BENCH, 'sentences.txt'),
  },
  questions: {
    type: 'string',
    value: 'FILE',
    help: 'texts to search with, one a line',
    default: join(BENCH, 'questions.txt'),
  },
  vectors: {
    type: 'string',
    value: 'FILE',
    help: "the texts' vectors, raw little-endian f32, if they are at hand",
  },
  n: { type: 'number', value: 'N', help: 'texts to store (default all)' },
  searches: { type: 'number', value: 'N', help: 'searches in each mode', default: 500 },
  encoder: {
    type: 'string',
    value: 'MODEL',
    help: 'name or folder of the model',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
  },
}

export function check({ texts, questions }) {
  const absent = [texts, questions].find(file => !existsSync(file))
  return absent && `there is no ${absent}: give files with --texts and --questions`
}

export async function run({ n, searches, encoder: model, ...files }) {
  const encoder = await loadEncoder(model, { cache: 0 })
  const texts = lines(files.texts).slice(0, n)
  const questions = lines(files.questions)
  const hash = createHash('sha256').update(encoder.fingerprint).update(texts.join('\n'))
  const folder = join(ROOT, '.hippocamp', 'bench')
  mkdirSync(folder, { recursive: true })
  // Encoding takes minutes: texts that have been encoded once are kept.
  const path = join(folder, `modes-${hash.digest('hex').slice(0, 16)}.db`)
  const store = await open(path, { encoder, durability: 'relaxed' })
  try {
    const collection = store.collection('texts')
    await fill(collection, texts, files.vectors, encoder.dimension)
    const first = performance.now()
    await collection.search('first', { mode: 'lexical' })
    const learnt = performance.now() - first
    await collection.search('first')
    await indexed(collection)

    const asked = Array.from(
      { length: searches + WARM_UP },
      (_, at) => questions[at % questions.length],
    )
    const calls = {
      'the encoder alone': question => encoder.encode(question),
      ...Object.fromEntries(
        MODES.map(mode => [mode, question => collection.search(question, { mode })]),
      ),
    }
    const times = await inTurn(calls, asked)
    const { lexical } = calls
    Object.assign(times, await inTurn({ 'lexical, nothing between': lexical }, asked))
    const alone = times['the encoder alone']
    const results = Object.entries(times).map(([mode, all]) => ({
      mode,
      p50: percentile(sorted(all), 0.5),
      p99: percentile(sorted(all), 0.99),
      // Question by question, as some are longer than others.
      ...(['vector', 'hybrid'].includes(mode) && {
        above: percentile(sorted(all.map((time, at) => time - alone[at])), 0.5),
      }),
    }))
    const count = texts.length.toLocaleString('en')
    return [
      {
        key: 'modes',
        title: `${count} texts, k = 10, one caller; words of all texts read and indexed in ${Math.round(learnt)} ms`,
        columns: {
          mode: 'mode',
          p50: { title: 'p50 ms', digits: 3 },
          p99: { title: 'p99 ms', digits: 3 },
          above: { title: 'above the encoder, p50 ms', digits: 3 },
        },
        rows: results,
      },
    ]
  } finally {
    await store.close()
  }
}

/** The times of each call for each question. The calls take turns, so that all of them meet the same machine. */
async function inTurn(calls, questions) {
  const times = Object.fromEntries(Object.keys(calls).map(name => [name, []]))
  for (const [at, question] of questions.entries()) {
    for (const [name, call] of Object.entries(calls)) {
      const start = performance.now()
      await call(question)
      if (at >= WARM_UP) times[name].push(performance.now() - start)
    }
  }
  return times
}

function sorted(/** @type {number[]} */ times) {
  return times.slice().sort((a, b) => a - b)
}

function lines(/** @type {string} */ file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
}

async function fill(collection, texts, file, dimension) {
  if ((await collection.count()) === texts.length) return
  await collection.clear()
  const vectors = file && rows(readMatrix(file, dimension, texts.length), dimension)
  await addAll(collection, texts.length, at => ({
    id: String(at),
    text: texts[at],
    ...(vectors && { vector: vectors[at] }),
  }))
}
