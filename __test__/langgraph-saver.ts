// The checkpoint saver: LangGraph's own suite for savers, a graph that is interrupted and goes on, and hostile names.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  Annotation,
  Command,
  END,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
} from '@langchain/langgraph'
import {
  type Checkpoint,
  type CheckpointMetadata,
  emptyCheckpoint,
  uuid6,
} from '@langchain/langgraph-checkpoint'
import test, { type ExecutionContext } from 'ava'
import { HippocampSaver } from 'hippocamp/langgraph'
import { root } from './support/sources.js'
import { openStore, refused, storePath } from './support/stores.js'

/** A suite for vitest, which is what LangGraph's own validation is written for. */
const SUITE = `
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { specTest } from '@langchain/langgraph-checkpoint-validation'
import { deltaChannelHistoryTests } from '@langchain/langgraph-checkpoint-validation'
import { open } from 'hippocamp'
import { HippocampSaver } from 'hippocamp/langgraph'

const opened = new Map()
const initializer = {
  checkpointerName: 'HippocampSaver',
  async createCheckpointer() {
    const folder = await mkdtemp(join(tmpdir(), 'hippocamp-validation-'))
    const store = await open(join(folder, 'memory.db'), { durability: 'relaxed' })
    const saver = new HippocampSaver({ collection: store.collection('checkpoints', { vectors: false }) })
    opened.set(saver, { store, folder })
    return saver
  },
  async destroyCheckpointer(saver) {
    const { store, folder } = opened.get(saver)
    await store.close()
    await rm(folder, { recursive: true })
  },
}
specTest(initializer)
if (deltaChannelHistoryTests) deltaChannelHistoryTests(initializer)
`

test('it passes the validation that LangGraph publishes for checkpoint savers', async t => {
  const folder = join(root, '.hippocamp', 'validation')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'saver.test.mjs'), SUITE)
  writeFileSync(
    join(folder, 'vitest.config.mjs'),
    'export default { test: { globals: true, include: ["*.test.mjs"] } }\n',
  )
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--root', folder, '--reporter=json']
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, CI: 'true' },
    maxBuffer: 2 ** 26,
  }).catch(error => error)
  const report = JSON.parse(stdout.slice(stdout.indexOf('{')))
  const failures = report.testResults
    .flatMap(({ assertionResults }: { assertionResults: Result[] }) => assertionResults)
    .filter(({ status }: Result) => status !== 'passed')
    .map(({ fullName, failureMessages }: Result) => `${fullName}: ${failureMessages[0]}`)
  t.deepEqual(failures, [])
  t.true(report.numPassedTests >= 700, `${report.numPassedTests} passed`)
})

interface Result {
  status: string
  fullName: string
  failureMessages: string[]
}

async function saverOf(t: ExecutionContext, path?: string) {
  const store = await openStore(t, path === undefined ? {} : { path })
  return new HippocampSaver({ collection: store.collection('checkpoints', { vectors: false }) })
}

const State = Annotation.Root({
  said: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
})

function graphWith(checkpointer: MemorySaver | HippocampSaver) {
  return new StateGraph(State)
    .addNode('ask', () => ({ said: ['your name?'] }))
    .addNode('wait', () => ({ said: [`I am ${interrupt('name')}`] }))
    .addNode('greet', ({ said }) => ({ said: [`hello, ${said.at(-1)}`] }))
    .addEdge(START, 'ask')
    .addEdge('ask', 'wait')
    .addEdge('wait', 'greet')
    .addEdge('greet', END)
    .compile({ checkpointer })
}

test('a graph that was interrupted goes on after a restart, and has the history that it has in memory', async t => {
  const path = await storePath(t)
  const config = { configurable: { thread_id: '对话/1' } }
  const first = await saverOf(t, path)
  await graphWith(first).invoke({ said: ['hi'] }, config)
  const memory = graphWith(new MemorySaver())
  await memory.invoke({ said: ['hi'] }, config)

  const graph = graphWith(await saverOf(t, path))
  const state = await graph.getState(config)
  t.deepEqual(state.next, ['wait'])
  t.is(state.tasks[0]?.interrupts[0]?.value, 'name')
  const done = await graph.invoke(new Command({ resume: '安' }), config)
  t.deepEqual(done.said, ['hi', 'your name?', 'I am 安', 'hello, I am 安'])
  await memory.invoke(new Command({ resume: '安' }), config)

  const history = async (of: typeof graph) => {
    const all: unknown[] = []
    for await (const { values, next, metadata } of of.getStateHistory(config))
      all.push({ values, next, source: metadata?.source, step: metadata?.step })
    return all
  }
  t.deepEqual(await history(graph), await history(memory))
  const states: string[] = []
  for await (const { config: at } of graph.getStateHistory(config))
    states.push(at.configurable?.checkpoint_id)
  const forked = await graph.invoke(null, {
    configurable: { ...config.configurable, checkpoint_id: states[1] },
  })
  t.deepEqual(forked.said, done.said)
})

test('branches from one checkpoint keep what is theirs', async t => {
  const saver = await saverOf(t)
  const graph = graphWith(saver)
  const config = { configurable: { thread_id: 't' } }
  await graph.invoke({ said: ['hi'] }, config)
  const { config: base } = await graph.getState(config)
  const [a, b] = [
    await graph.updateState(base, { said: ['branch A'] }),
    await graph.updateState(base, { said: ['branch B'] }),
  ]
  const said = async (at: typeof a) => (await graph.getState(at)).values.said.at(-1)
  t.is(await said(a), 'branch A')
  t.is(await said(b), 'branch B')
  t.is(await said(base), 'your name?')
})

test('a serialiser of one’s own may give any bytes, whatever it calls them', async t => {
  const collection = (await openStore(t)).collection('checkpoints', { vectors: false })
  const serde = {
    dumpsTyped: async (value: unknown): Promise<[string, Uint8Array]> => [
      'json',
      gzipSync(JSON.stringify(value)),
    ],
    loadsTyped: async (_: string, bytes: Uint8Array | string) =>
      JSON.parse(gunzipSync(bytes as Uint8Array).toString()),
  }
  const saver = new HippocampSaver({ collection, serde })
  const config = { configurable: { thread_id: 't' } }
  const put = await saver.put(config, checkpoint('1', { value: '值' }), META, { value: 1 })
  await saver.putWrites(put, [['channel', 'x']], 'task')
  const tuple = await saver.getTuple(config)
  t.is(tuple?.checkpoint.channel_values.value, '值')
  t.deepEqual(tuple?.pendingWrites, [['task', 'channel', 'x']])
})

test('a listing gives what passes its filter, as many as are asked for, and leaves other things of the collection alone', async t => {
  const collection = (await openStore(t)).collection('shared', { vectors: false })
  await collection.namespace(['t']).add({ text: 'not a checkpoint' })
  const saver = new HippocampSaver({ collection })
  const config = { configurable: { thread_id: 't', checkpoint_ns: '' } }
  for (let i = 0; i < 120; i++)
    await saver.put(config, checkpoint(`${1000 + i}`), { ...META, step: i % 40 }, {})
  const listed = async (options: Parameters<typeof saver.list>[1]) => {
    const ids: string[] = []
    for await (const { checkpoint } of saver.list({ configurable: { thread_id: 't' } }, options))
      ids.push(checkpoint.id)
    return ids
  }
  t.deepEqual(await listed({ limit: 2 }), ['1119', '1118'])
  t.deepEqual(await listed({ filter: { step: 3 } }), ['1083', '1043', '1003'])
  t.deepEqual(await listed({ filter: { step: 3 }, limit: 1 }), ['1083'])
  t.deepEqual(await listed({ limit: 0 }), [])
  t.is((await listed({})).length, 120)
  await saver.deleteThread('t')
  t.deepEqual(await listed({}), [])
  t.is(await collection.count({ recursive: true }), 1)
})

const checkpoint = (id: string, values: Record<string, unknown> = {}): Checkpoint => {
  const channel_versions = Object.fromEntries(Object.keys(values).map(name => [name, 1]))
  return { ...emptyCheckpoint(), id, channel_values: values, channel_versions }
}
const META: CheckpointMetadata = { source: 'loop', step: 1, parents: {} }

test('threads and checkpoint namespaces never see each other, whatever they are called', async t => {
  const saver = await saverOf(t)
  const names = [
    'a',
    'a/b',
    'ns:',
    'ns:a',
    'a:b',
    '..',
    '%',
    '*',
    '用户',
    'A',
    'a\u0001',
    '__proto__',
  ]
  const places = names.flatMap(thread_id =>
    ['', ...names].map(checkpoint_ns => ({ thread_id, checkpoint_ns })),
  )
  for (const configurable of places) {
    const value = JSON.stringify(configurable)
    const put = await saver.put({ configurable }, checkpoint('1', { value }), META, { value: 1 })
    await saver.putWrites(put, [['channel', value]], 'task')
  }
  for (const configurable of places) {
    const tuple = await saver.getTuple({ configurable })
    t.is(tuple?.checkpoint.channel_values.value, JSON.stringify(configurable))
    t.deepEqual(tuple?.pendingWrites, [['task', 'channel', JSON.stringify(configurable)]])
    const listed: unknown[] = []
    for await (const { config } of saver.list({ configurable })) listed.push(config.configurable)
    t.deepEqual(listed, [{ ...configurable, checkpoint_id: '1' }])
  }
  await saver.deleteThread('a')
  for (const { thread_id, checkpoint_ns } of places) {
    const tuple = await saver.getTuple({ configurable: { thread_id, checkpoint_ns } })
    t.is(tuple === undefined, thread_id === 'a', thread_id)
  }
})

test('a checkpoint larger than a record comes back whole, also as bytes', async t => {
  const saver = await saverOf(t)
  const config = { configurable: { thread_id: 't', checkpoint_ns: '' } }
  const large = { text: '大'.repeat(900_000), bytes: new Uint8Array(900_000).fill(9) }
  const put = await saver.put(config, checkpoint(uuid6(1), large), META, { text: 1, bytes: 1 })
  await saver.putWrites(put, [['channel', large.text]], 'task')
  const tuple = await saver.getTuple(config)
  t.is(tuple?.checkpoint.channel_values.text, large.text)
  t.deepEqual(tuple?.checkpoint.channel_values.bytes, large.bytes)
  t.deepEqual(tuple?.pendingWrites, [['task', 'channel', large.text]])
})

test('configs that name nothing are refused with what is missing', async t => {
  const saver = await saverOf(t)
  const place = { thread_id: 't', checkpoint_ns: '' }
  const bad: [() => unknown, RegExp][] = [
    [() => saver.put({ configurable: {} }, checkpoint('1'), META, {}), /thread_id/],
    [() => saver.getTuple({ configurable: { thread_id: 7 } }), /thread_id is 7/],
    [
      () => saver.put({ configurable: { thread_id: '' } }, checkpoint('1'), META, {}),
      /thread_id|empty/,
    ],
    [() => saver.putWrites({ configurable: place }, [], 'task'), /checkpoint_id/],
    [() => new HippocampSaver({} as never), /collection is undefined/],
  ]
  for (const [call, message] of bad) {
    const error = await refused(t, 'ERR_INVALID_ARGUMENT', call)
    t.regex(error.message, message)
  }
})
