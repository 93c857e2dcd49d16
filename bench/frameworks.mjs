// How long the memories of frameworks and ours take to answer, each by the call that its users make, with the same vectors.

import { fork } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadEncoder } from 'hippocamp'
import { CONTESTANTS } from './frameworks/stores.mjs'
import { install } from './packages.mjs'

const DATA = resolve(
  import.meta.dirname,
  '..',
  process.env.HIPPOCAMP_EVAL_DIR ?? '../shared',
  'data/bench',
)

export const options = {
  texts: {
    type: 'string',
    value: 'FILE',
    help: 'texts to remember, one a line',
    default: join(DATA, 'sentences.txt'),
  },
  questions: {
    type: 'string',
    value: 'FILE',
    help: 'texts to search with, one a line',
    default: join(DATA, 'questions.txt'),
  },
  sizes: {
    type: 'string',
    value: 'A,B',
    help: 'how many are remembered',
    default: '1000,10000,50000',
  },
  searches: { type: 'number', value: 'N', help: 'searches for each row, at most', default: 200 },
  peers: {
    type: 'string',
    value: 'NAMES',
    help: `whom to compare with: ${names().join(',')}, all or none`,
    default: 'all',
  },
  encoder: {
    type: 'string',
    value: 'MODEL',
    help: 'name or folder of the model',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
  },
}

export function check({ texts, questions, peers, sizes }) {
  const missing = [texts, questions].find(path => !existsSync(path))
  if (missing) return `${missing} does not exist`
  if (!sizes.split(',').every(size => Number(size) >= 100)) return 'sizes are numbers from 100 on'
  const known = [...names(), 'all', 'none']
  const unknown = peers.split(',').find(name => !known.includes(name))
  return unknown && `"${unknown}" is no peer`
}

export async function run({
  texts: path,
  questions: asked,
  sizes,
  searches,
  peers,
  encoder: model,
}) {
  const counts = sizes.split(',').map(Number)
  const texts = [...new Set(linesOf(path))].slice(0, Math.max(...counts))
  const questions = linesOf(asked).slice(0, searches)
  const chosen = peers === 'all' ? names() : peers === 'none' ? [] : peers.split(',')
  const folder = await mkdtemp(join(tmpdir(), 'hippocamp-frameworks-'))
  try {
    const encoder = await loadEncoder(model)
    const { data, dimension } = await encoder.encode([...texts, ...questions])
    const vectors = join(folder, 'vectors.f32')
    writeFileSync(vectors, data)
    const rows = []
    for (const size of counts.filter(size => size <= texts.length)) {
      for (const name of ['hippocamp', 'recall', ...chosen]) {
        const { title, call, packages } = CONTESTANTS[name]
        console.error(`${size.toLocaleString('en')} memories: ${title}, ${call}`)
        const at = await mkdtemp(join(folder, 'store-'))
        const task = { name, size, folder: at, model, texts, questions, vectors, dimension }
        const result = await install(packages).then(
          () => measure(task),
          error => ({ error: error.message }),
        )
        await rm(at, { recursive: true })
        rows.push(rowOf({ size, title, call }, result))
      }
    }
    for (const row of rows) {
      const own = rows.find(({ size, title }) => size === row.size && title === 'hippocamp')
      if (own?.p50 && row.p50) row.ratio = row.p50 / own.p50
    }
    return [
      {
        key: 'frameworks',
        title: 'ten memories for a question, vectors made before',
        columns: COLUMNS,
        rows,
      },
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

const COLUMNS = {
  size: 'memories',
  title: 'library',
  call: 'call',
  p50: { title: 'p50 ms', digits: 3 },
  p99: { title: 'p99 ms', digits: 3 },
  ratio: { title: 'to ours, p50', digits: 1 },
  loop: { title: 'event loop held, ms', digits: 1 },
  recall: { title: 'recall@10', digits: 4 },
  heap: { title: 'heap MiB', digits: 1 },
  rss: { title: 'RSS MiB', digits: 0 },
  filled: { title: 'filled s', digits: 2 },
  error: 'error',
}

/** @returns {Promise<any>} */
function measure(task) {
  return new Promise(resolve => {
    const child = fork(fileURLToPath(new URL('frameworks/child.mjs', import.meta.url)), {
      execArgv: ['--expose-gc', '--no-memory-reducer', '--max-old-space-size=8192'],
      env: { ...process.env, MEM0_TELEMETRY: 'false' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let said = ''
    child.stderr?.on('data', text => (said = (said + text).slice(-2000)))
    child.once('message', resolve)
    child.once('exit', code => resolve({ error: `ended with ${code}: ${said.slice(-300)}` }))
    child.send(task)
  })
}

function rowOf(head, { times, error, heap, rss, filled, ...others }) {
  if (error) return { ...head, error: String(error).split('\n')[0] }
  const sorted = times.toSorted((a, b) => a - b)
  const at = part => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]
  const mebibytes = bytes => bytes / 2 ** 20
  return {
    ...head,
    ...others,
    p50: at(0.5),
    p99: at(0.99),
    heap: mebibytes(heap),
    rss: mebibytes(rss),
    filled: filled / 1000,
  }
}

function linesOf(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
}

function names() {
  return Object.keys(CONTESTANTS).filter(name => CONTESTANTS[name].title !== 'hippocamp')
}
