import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { timeAction, timeCalls } from '../bench/latency.mjs'
import { table } from '../bench/table.mjs'
import { documents, shortTexts } from '../bench/texts.mjs'
import { readVectors, syntheticVectors } from '../bench/vectors.mjs'
import { testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { temporaryFolder } from './support/tiny-model.js'

test('a bench writes its figures and the machine as JSON', async t => {
  const folder = await temporaryFolder(t)
  const run = async (...args: string[]) => {
    const json = join(folder, `${args[0]}.json`)
    const { code, stderr } = await bench(...args, '--json', json)
    t.is(code, 0, stderr)
    return JSON.parse(await readFile(json, 'utf8'))
  }
  const search = await run(
    'search',
    '--n',
    '50',
    '--dim',
    '8',
    '--searches',
    '20',
    '--metric',
    'l2',
  )
  t.like(search, { bench: 'search', options: { n: 50, dim: 8, k: 10, metric: 'l2' } })
  t.is(search.machine.node, process.versions.node)
  t.deepEqual(
    search.results.search.map(({ callers }: { callers: number }) => callers),
    [1, 8],
  )
  t.true(
    search.results.search.every(
      ({ p50, p99 }: Record<string, number>) => Number(p50) <= Number(p99),
    ),
  )

  const store = await run(
    'store',
    '--records',
    '20',
    '--single',
    '4',
    '--dim',
    '8',
    '--dir',
    folder,
  )
  t.is(store.results.store.length, 9)
  for (const row of store.results.store) {
    t.is(row.records, row.batch === 1 ? 4 : 20)
    t.true(row.bytesPerRecord > 600)
  }
})

testWithModel(
  'documents of every format are ingested, and a second time none is encoded',
  async (t, _, model) => {
    const json = join(await temporaryFolder(t), 'documents.json')
    const small = ['--kilobytes', '70', '--encoder', model, '--texts', 'none', '--json', json]
    const { code, stderr } = await bench('documents', ...small)
    t.is(code, 0, stderr)
    const { parse, ingest } = JSON.parse(await readFile(json, 'utf8')).results
    t.deepEqual(
      parse.map(({ format, files }: { format: string; files: number }) => [format, files > 0]),
      ['md', 'html', 'csv', 'pdf', 'docx'].map(format => [format, true]),
    )
    const [first, second] = ingest
    t.true(first.added >= 5 && first.encoded > 50)
    t.deepEqual([second.added, second.skipped, second.encoded], [0, first.added, 0])
  },
)

testWithModel('the memories of frameworks find what is nearest', async (t, _, model) => {
  const folder = await temporaryFolder(t)
  const [texts, questions, json] = ['texts', 'questions', 'json'].map(name => join(folder, name))
  const some = Array.from(
    { length: 110 },
    (_, i) => `The harbour keeps ${i} boats of kind ${i % 7}.`,
  )
  await writeFile(texts as string, some.join('\n'))
  await writeFile(questions as string, some.slice(0, 5).join('\n'))
  const { code, stderr } = await bench(
    'frameworks',
    ...['--texts', texts as string, '--questions', questions as string, '--sizes', '100'],
    ...['--peers', 'none', '--encoder', model, '--json', json as string],
  )
  t.is(code, 0, stderr)
  const { frameworks } = JSON.parse(await readFile(json as string, 'utf8')).results
  const [nearest, weighed] = frameworks // `recall` weighs more than nearness
  t.is(nearest.recall, 1)
  t.true(weighed.recall >= 0.5)
  for (const row of frameworks) {
    t.is(row.error, undefined)
    t.true(row.p50 > 0 && row.p50 <= row.p99)
  }
})

test('vectors in files are searched, and a file that holds no whole vectors is refused', async t => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'vectors.f32')
  const values = Float32Array.from({ length: 12 }, (_, at) => at + 1)
  await writeFile(file, new Uint8Array(values.buffer))
  t.deepEqual(
    readVectors(file, 4),
    [0, 4, 8].map(at => values.slice(at, at + 4)),
  )
  t.is(readVectors(file, 4, 2).length, 2)
  t.throws(() => readVectors(file, 5), { message: /48 bytes.*20 \(4 × --dim 5\)/ })

  const options = [
    '--vectors',
    file,
    '--queries',
    file,
    '--dim',
    '4',
    '--searches',
    '3',
    '--k',
    '3',
  ]
  t.regex((await bench('search', ...options)).stdout, /3 vectors of 4, cosine, k = 3/)
})

for (const [args, message] of [
  [[], /which bench\?/],
  [['serach'], /"serach" is not a bench/],
  [['search', '--kk', '3'], /Unknown option '--kk'/],
  [['search', '3'], /Unexpected argument '3'/],
  [['search', '--k', '0'], /--k is "0": give a whole number above 0/],
  [['search', '--metric', 'l3'], /--metric is "l3": give one of cosine, l2, dot/],
  [['search', '--vectors', 'f'], /--vectors and --queries belong together/],
  [['encoder', '--peers', '--rounds', '1'], /--peers needs --onnx/],
  [['encoder', '--peers', 'candle'], /--peers is "candle": give all, none or some of transformers/],
  [['encoder', '--peers', 'openvino', '--onnx', '.'], /there is no model of f32 weights in it/],
  [['encoder', '--quick=yes'], /'--quick' does not take an argument/],
  [['frameworks', '--peers', 'zep', '--texts', '.', '--questions', '.'], /"zep" is no peer/],
  [['search', '--peers', 'faiss'], /--peers is "faiss": give all, none or some of usearch,/],
] as const) {
  test(`bench ${args.join(' ')} is refused with the usage`, async t => {
    const { code, stderr } = await bench(...args)
    t.is(code, 1)
    t.regex(stderr, message)
    t.regex(
      stderr,
      /npm run bench -- encoder\|search\|filters\|retrieval\|modes\|memory\|turns\|documents\|frameworks\|store/,
    )
  })
}

test('made-up vectors have length 1 and depend on their seed alone', t => {
  const vectors = syntheticVectors(5, 16, 1)
  t.deepEqual(vectors, syntheticVectors(5, 16, 1))
  t.notDeepEqual(vectors, syntheticVectors(5, 16, 2))
  for (const vector of vectors) t.true(Math.abs(Math.hypot(...vector) - 1) < 1e-6)
})

test('no text is given twice', t => {
  for (const texts of [shortTexts(1_000), documents(200)]) t.is(new Set(texts).size, texts.length)
  t.true(documents(200).every(text => text.length >= 600 && text.length < 610))
})

test('calls are made once each, and never more at a time than there are callers', async t => {
  const inputs = Array.from({ length: 20 }, (_, at) => at)
  const seen: number[] = []
  let active = 0
  let most = 0
  const result = await timeCalls(inputs, 3, async input => {
    active += 1
    most = Math.max(most, active)
    await new Promise(setImmediate)
    seen.push(input)
    active -= 1
  })
  t.deepEqual(
    seen.sort((a, b) => a - b),
    inputs,
  )
  t.is(most, 3)
  t.true(result.p50 <= result.p99 && result.p99 <= result.seconds * 1000)
})

test('an action that holds the event loop is noticed', async t => {
  const { longestDelay } = await timeAction(async () => {
    const end = performance.now() + 60
    while (performance.now() < end);
  })
  t.true(longestDelay >= 50, `${longestDelay} ms`)
})

test('a table ends its numbers at the same place', t => {
  const columns = { name: 'name', count: 'n', time: { title: 'ms', digits: 2 } }
  const rows = [
    { name: 'a', count: 1234, time: 0.5 },
    { name: 'long', count: 1, time: 10 },
  ]
  t.is(table(columns, rows), '  name      n     ms\n  a     1,234   0.50\n  long      1  10.00')
})

function bench(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>(resolve => {
    const command = [join(root, 'bench', 'main.mjs'), ...args]
    execFile(process.execPath, command, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}
