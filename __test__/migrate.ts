// The scripts of examples/migrate, on what the libraries themselves have saved (fixtures/migrate/README.md).
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { open } from 'hippocamp'
import { LongTermMemory } from 'hippocamp/memory'
import { FORMATS, type Found, migrate } from '../examples/migrate/main.mjs'
import { testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { openStore, storePath } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'

const EXPORTS = join(root, '__test__/fixtures/migrate')
const VECTORS: number[][] = JSON.parse(readFileSync(join(EXPORTS, 'vectors.json'), 'utf8'))

const SOURCES: Record<string, string> = {
  hnswlib: 'hnswlib',
  faiss: 'faiss',
  'memory-vector-store': 'memory-vector-store.json',
  chroma: 'chroma.json',
  mem0: 'mem0.json',
}

function read(format: string, source = join(EXPORTS, SOURCES[format] ?? '')) {
  return (FORMATS[format] as (source: string) => AsyncGenerator<Found>)(source)
}

async function readAll(format: string, source?: string) {
  const all: Found[] = []
  for await (const found of read(format, source)) all.push(found)
  return all
}

const TEXTS = ['Tea is served at five.', '猫在沙发上睡觉。', 'The bus leaves at nine o’clock.']

for (const format of ['hnswlib', 'faiss', 'memory-vector-store', 'chroma']) {
  test(`of ${format}, documents come with their ids, metadata and vectors, and are found by these`, async t => {
    const found = await readAll(format)
    t.deepEqual(
      found.slice(0, 3).map(({ text }) => text),
      TEXTS,
    )
    t.deepEqual(
      found.slice(0, 2).map(({ id }) => id),
      ['tea', 'cat'],
    )
    t.is(found[0]?.metadata?.at, 5)
    for (const [i, { vector = [] }] of found.entries())
      for (const [d, value] of vector.entries())
        t.true(Math.abs(value - (VECTORS[i]?.[d] ?? 9)) < 1e-6)

    const collection = (await openStore(t)).collection('c')
    for (let times = 0; times < 2; times++)
      t.is(await migrate(read(format), collection, { encodes: false }), found.length)
    t.is(await collection.count(), found.length)
    const [best] = await collection.searchByVector(VECTORS[1] ?? [], { k: 1 })
    t.is(best?.text, TEXTS[1])
    t.true((best?.score ?? 0) > 0.999)
  })
}

test('of HNSWLib, what was added later is there too, and metadata are as deep as they were', async t => {
  const found = await readAll('hnswlib')
  t.is(found.length, 4)
  t.like(found[3], { id: 'late', text: 'Added later.', metadata: { at: 11 } })
  t.deepEqual(found[1]?.metadata, { at: 7, where: { room: 'living' } })
  t.regex(found[2]?.id ?? '', /^[0-9a-f]{32}$/)
})

testWithModel('memories of mem0 are those of their users, and are recalled', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('m', { turns: true })
  t.is(await migrate(read('mem0'), collection, { encodes: true }), 3)
  const of = async (...path: string[]) =>
    (await collection.namespace(path).list({ recursive: true })).records.map(({ text }) => text)
  t.deepEqual(await of('user_id:ann'), ['Ann likes tea.', 'Ann hat eine Katze namens 小花.'])
  t.deepEqual(await of('user_id:ann', 'agent_id:helper'), ['Ann hat eine Katze namens 小花.'])
  t.deepEqual(await of('user_id:bob'), ['Bob takes the bus.'])
  const [best] = await collection
    .namespace(['user_id:ann'])
    .search('What does she drink?', { k: 1 })
  t.like(best, { text: 'Ann likes tea.', metadata: { topic: 'drink', kind: 'fact' } })
})

test('owners and times of older exports of mem0 are told, and reserved keys of its metadata are not', async t => {
  const file = join(await temporaryFolder(t), 'mem0.json')
  const one = {
    id: '1',
    memory: 'x',
    userId: 'ann',
    created_at: '2026-01-01T20:00:00-07:00',
    metadata: { kind: 'note', topic: 'y' },
  }
  await writeFile(file, JSON.stringify([one]))
  t.deepEqual(await readAll('mem0', file), [
    {
      id: '1',
      text: 'x',
      metadata: { kind: 'fact', topic: 'y', time: '2026-01-02T03:00:00.000Z' },
      namespace: ['user_id:ann'],
    },
  ])
})

testWithModel('a migrated memory can be remembered again', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('m', { turns: true })
  await migrate(read('mem0'), collection, { encodes: true })
  const memory = new LongTermMemory({ collection: collection.namespace(['user_id:ann']) })
  const [again] = await memory.remember('Ann likes tea.')
  t.is(again?.status, 'merged')
  const [kept] = await memory.get([again?.id ?? ''])
  t.like(kept, { mentions: 2, importance: 0.5 })
})

test('what is no export says so', async t => {
  const folder = await temporaryFolder(t)
  await cp(join(EXPORTS, 'faiss'), folder, { recursive: true })
  await writeFile(join(folder, 'faiss.index'), 'IwFl and so on')
  await t.throwsAsync(readAll('faiss', folder), {
    message: /begins with "IwFl": only flat indexes/,
  })
  await cp(join(EXPORTS, 'hnswlib'), folder, { recursive: true })
  await writeFile(join(folder, 'hnswlib.index'), Buffer.alloc(200))
  await t.throwsAsync(readAll('hnswlib', folder), { message: /is no index of 8 dimensions/ })
})

test('the command stores what it reads, and says what is wrong', async t => {
  const path = await storePath(t)
  const command = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(root, 'examples/migrate/main.mjs'), ...args])
  const { stdout } = await command(
    'hnswlib',
    join(EXPORTS, 'hnswlib'),
    path,
    '--collection',
    'notes',
  )
  t.is(stdout, `4 records stored in ${path}\n`)
  const store = await open(path)
  t.is(await store.collection('notes').count(), 4)
  await store.close()
  for (const args of [[], ['chroma'], ['pinecone', 'x', path]]) {
    const { stderr, code } = await command(...args).catch(error => error)
    t.is(code, 1)
    t.regex(stderr, /give a format \(hnswlib, faiss, memory-vector-store, chroma, mem0\)/)
  }
})
