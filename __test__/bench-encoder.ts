import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { loadEncoder } from 'hippocamp'
import { compare } from '../bench/encoder/agreement.mjs'
import { batchesOf } from '../bench/encoder/batches.mjs'
import { LEVELS, ours, PEERS, PRECISIONS, peersNamed } from '../bench/encoder/engines.mjs'
import { exported, layOut, poolingOf } from '../bench/encoder/peer-model.mjs'
import { EngineProcess } from '../bench/encoder/process.mjs'
import { ratios } from '../bench/encoder/ratios.mjs'
import { nearestInLength, Texts } from '../bench/encoder/workloads.mjs'
import { testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { temporaryFolder } from './support/tiny-model.js'

test('every instruction set that an encoder can be given is measured', async t => {
  const refusal = await t.throwsAsync(loadEncoder('none', { cpu: '?' as never }))
  const known = [...(refusal?.message.split(': use ')[1] ?? '').matchAll(/"([^"]+)"/g)]
  t.true(known.length >= 4, refusal?.message)
  for (const [, level] of known) t.true(LEVELS.includes(level as string), level)
})

test('ours is measured as it comes, at each precision, and at each instruction set', t => {
  const all = ours({ levels: true })
  t.is(all.length, 1 + PRECISIONS.length * (1 + LEVELS.length))
  t.deepEqual(all[0]?.settings, { cpu: undefined })
  t.is(new Set(all.map(({ variant }) => variant)).size, all.length)
  t.deepEqual(
    ours({ cpu: 'avx2', levels: true }).map(({ settings }) => settings),
    [{}, ...PRECISIONS.map(precision => ({ precision }))].map(one => ({ ...one, cpu: 'avx2' })),
  )
})

test('peers of the encoder are named one by one, all or none', t => {
  t.deepEqual(peersNamed('none'), [])
  t.deepEqual(peersNamed('all'), Object.keys(PEERS))
  t.deepEqual(peersNamed('openvino,openvino'), ['openvino'])
  t.is(peersNamed('candle'), undefined)
})

test('texts of about the same length are padded together, and each is encoded', t => {
  const { batches, tokens } = batchesOf(['a', 'b', 'c', 'd', 'e'], [3, 9, 4, 8, 1], 2)
  t.deepEqual(batches, [['b', 'd'], ['c', 'a'], ['e']])
  t.is(tokens, 25)
})

test('no text is handed out twice, in whichever workload', t => {
  const texts = new Texts()
  const all = [1, 2].flatMap(() => [
    ...texts.short(200),
    ...texts.documents(60),
    ...texts.mixed(100),
  ])
  t.is(new Set(all).size, all.length)
  const lengths = new Texts().mixed(100).map(({ length }) => length)
  t.true(Math.min(...lengths) >= 15 && Math.min(...lengths) < 30)
  t.true(Math.max(...lengths) > 400 && Math.max(...lengths) <= 600)
})

test('questions are those texts that are nearest to ten tokens', t => {
  t.deepEqual(nearestInLength(['a', 'b', 'c', 'd'], [5, 10, 12, 9], 3), ['b', 'd', 'c'])
})

test('who gives other vectors or has other tokens does other work', t => {
  const wanted = { vectors: [1, 0, 0, 1], tokens: [3, 4] }
  t.deepEqual(compare({ vectors: [2, 0, 0, 2], tokens: [3, 4] }, wanted, false), {
    mean: 1,
    lowest: 1,
  })
  const off = { vectors: [1, 0.3, 0, 1], tokens: [3, 4] }
  t.regex(compare(off, wanted, false).error ?? '', /mean cosine is 0\.97/)
  t.is(compare(off, wanted, true).error, undefined)
  t.regex(compare({ vectors: [0, 1, 1, 0], tokens: [3, 4] }, wanted, true).error ?? '', /0\.0000/)
  t.regex(compare({ vectors: [0, 0, 0, 1], tokens: [3, 4] }, wanted, true).error ?? '', /NaN/)
  t.regex(
    compare({ vectors: [1, 0, 0, 1], tokens: [3, 5] }, wanted, false).error ?? '',
    /8 tokens where we have 7/,
  )
  t.regex(
    compare({ vectors: [1, 0], tokens: [3, 4] }, wanted, false).error ?? '',
    /vectors of 1 values, not 2/,
  )
})

const rate = (
  engine: string,
  variant: string,
  workload: string,
  tokensPerSecond: number,
  precision?: string,
) => ({ engine, variant, workload, tokensPerSecond, ...(precision && { precision }) })

test('ours is compared with each variant of a peer and with the best of them all', t => {
  const rates = [
    rate('ours', 'auto', 'short', 600, 'int8'),
    rate('ours', 'auto', 'documents', 400, 'int8'),
    rate('ours', 'f32', 'short', 300, 'f32'),
    rate('peer', 'slow', 'short', 100),
    rate('peer', 'quick', 'short', 200),
    rate('peer', 'slow', 'documents', 400),
    rate('other', 'only', 'short', 50),
  ]
  const latencies = [
    { engine: 'ours', variant: 'auto', p50: 2, p99: 3 },
    { engine: 'peer', variant: 'slow', p50: 4, p99: 9 },
    { engine: 'peer', variant: 'quick', p50: 1, p99: 2 },
  ]
  t.deepEqual(
    ratios(rates, latencies, 'ours').map(row => [
      row.engine,
      row.variant,
      row.short,
      row.documents,
      row.query,
      row.shortF32,
      row.documentsF32,
    ]),
    [
      ['peer', 'slow', 6, 1, 2, 3, null],
      ['peer', 'quick', 3, null, 0.5, 1.5, null],
      ['peer', 'its best', 3, 1, 0.5, 1.5, null],
      ['other', 'only', 12, null, null, 6, null],
    ],
  )
})

test('a model is laid out for peers, cut where ours cuts', async t => {
  const folder = await temporaryFolder(t)
  const [model, onnx, laid] = ['model', 'onnx', 'laid'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await mkdir(join(model, '1_Pooling'), { recursive: true })
  await mkdir(onnx)
  await writeFile(join(model, 'config.json'), '{}')
  await writeFile(join(model, 'tokenizer.json'), '{}')
  await writeFile(join(model, 'tokenizer_config.json'), '{ "a": 1, "model_max_length": 512 }')
  await writeFile(join(model, '1_Pooling/config.json'), '{ "pooling_mode_cls_token": true }')
  await writeFile(join(onnx, 'model.onnx'), 'f32')
  await writeFile(join(onnx, 'model_q8.onnx'), 'q8')
  t.is(poolingOf(model), 'cls')
  t.is(exported(onnx, 'q8'), join(onnx, 'model_q8.onnx'))
  t.is(exported(model, 'f32'), undefined)
  layOut(model, onnx, laid, 128)
  const read = (name: string) => readFile(join(laid, name), 'utf8')
  t.deepEqual(JSON.parse(await read('tokenizer_config.json')), { a: 1, model_max_length: 128 })
  t.is(await read('onnx/model.onnx'), 'f32')
  t.is(await read('onnx/model_quantized.onnx'), 'q8')
})

test('an engine whose process cannot start or ends says why', async t => {
  const none = new EngineProcess('openvino', 'no-such-python')
  await t.throwsAsync(none.ask('memory'), { message: /no-such-python/ })
  await t.throwsAsync(none.ask('memory'), { message: /no-such-python/ })
  const other = new EngineProcess('openvino', process.execPath) // which reads no Python
  await t.throwsAsync(other.ask('memory'), { message: /ended with code 1: / })
  const own = new EngineProcess('hippocamp', '')
  await t.throwsAsync(own.ask('open', { engine: 'none' }), { message: /none\.mjs/ })
  t.true((await own.ask('memory')).rss > 10) // An error is an answer; the process goes on.
  await own.close()
  await t.throwsAsync(own.ask('memory'), { message: /SIGKILL/ })
})

testWithModel(
  'the encoder bench measures every workload, and goes on without a peer that is not there',
  async (t, _, model) => {
    const folder = await temporaryFolder(t)
    const onnx = join(folder, 'onnx')
    await mkdir(onnx)
    for (const name of ['model.onnx', 'model_q8.onnx']) await writeFile(join(onnx, name), '')
    const json = join(folder, 'encoder.json')
    const peers = ['--peers', 'openvino', '--onnx', onnx, '--python', 'no-such-python']
    await bench('--quick', '--model', model, ...peers, '--json', json)
    const { results, options } = JSON.parse(await readFile(json, 'utf8'))
    t.like(options, { quick: true, peers: 'openvino' })
    const auto = results.throughput.filter(({ variant }: { variant: string }) =>
      variant.startsWith('auto'),
    )
    t.deepEqual(
      auto.map(({ workload }: { workload: string }) => workload),
      ['short', 'documents', 'mixed'],
    )
    for (const { texts, textsPerSecond, tokensPerSecond, tokensPerText } of results.throughput) {
      t.true(texts >= 1 && Math.abs(tokensPerSecond / textsPerSecond - tokensPerText) < 1e-6)
    }
    t.true(results.queries[0].p50 <= results.queries[0].p99)
    const [alone] = results.alone
    t.true(alone.importMs > 0 && alone.openMs > 0 && alone.peak >= alone.rss)
    t.true(results.agreement.every(({ mean }: { mean: number }) => mean > 0.99))
    t.deepEqual(
      results.failures.map(({ engine }: { engine: string }) => engine),
      ['openvino'],
    )
    t.regex(results.failures[0].error, /no-such-python/)
  },
)

function bench(...args: string[]) {
  return new Promise<void>((resolve, reject) => {
    const command = [join(root, 'bench', 'main.mjs'), 'encoder', ...args]
    execFile(process.execPath, command, { cwd: root }, (error, _, stderr) => {
      if (error) reject(new Error(stderr))
      else resolve()
    })
  })
}
