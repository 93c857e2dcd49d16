// Opening, reopening, sharing and closing stores.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { open, Store } from 'hippocamp'
import { root } from './support/sources.js'
import { direction, openStore, refused, storePath } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'

test('reopening finds everything', async t => {
  const path = await storePath(t, '记忆 memory.db')
  const first = await open(path)
  const notes = first.collection('笔记', { metric: 'l2' })
  await notes.add([
    { id: 'a', text: '我最喜欢的运动是足球', metadata: { user: '安' }, vector: [1, 2] },
    { id: 'b', vector: [3, 4] },
  ])
  await notes.namespace(['user', '42']).add({ id: 'a', text: 'mine', vector: [5, 6] })
  const before = await notes.get(['a', 'b'], { vector: true })
  await first.close()

  const again = await openStore(t, { path, create: false })
  const found = again.collection('笔记')
  t.deepEqual(await found.get(['a', 'b'], { vector: true }), before)
  t.deepEqual(before[0]?.vector, Float32Array.of(1, 2))
  t.is(before[0]?.text, '我最喜欢的运动是足球')
  t.deepEqual(await found.namespaces(), [
    { path: [], records: 2 },
    { path: ['user', '42'], records: 1 },
  ])
  const [hit] = await found.searchByVector([3, 4], { k: 1 })
  t.like(hit, { id: 'b', distance: 0, score: 1 })
  t.deepEqual(await again.collections(), [{ name: '笔记', dimension: 2, metric: 'l2', records: 3 }])
})

test('a store is opened by a URL too', async t => {
  const path = await storePath(t)
  const store = await openStore(t, { path })
  await store.collection('c').add({ id: 'a', vector: [1] })
  const same = await open(pathToFileURL(path), { durability: 'relaxed' })
  t.is(await same.collection('c').count(), 1)
  await same.close()
})

test('a store in memory is gone when it is closed, and its own', async t => {
  const [one, other] = [await open(':memory:'), await open(':memory:')]
  await one.collection('c').add({ id: 'a', vector: [1] })
  t.is(await one.collection('c').count(), 1)
  t.is(await other.collection('c').count(), 0)
  const { path } = await one.stats()
  await Promise.all([one.close(), other.close()])
  await t.throwsAsync(stat(path), { code: 'ENOENT' })
})

test('two handles on one file in a process see each other’s writes, and close apart', async t => {
  const path = await storePath(t)
  const [one, other] = [await openStore(t, { path }), await openStore(t, { path })]
  await one.collection('c').add({ id: 'a', vector: [1, 0] })
  t.is((await other.collection('c').searchByVector([1, 0]))[0]?.id, 'a')
  await one.close()
  await other.collection('c').add({ id: 'b', vector: [0, 1] })
  t.is(await other.collection('c').count(), 2)
})

test('two processes on one file see each other’s commits', async t => {
  const path = await storePath(t)
  const store = await openStore(t, { path })
  const here = store.collection('shared')
  await here.add({ id: 'ours', vector: direction(0) })
  t.is((await here.searchByVector(direction(0)))[0]?.id, 'ours')

  const child = spawn(process.execPath, [join(root, '__test__/fixtures/other-process.mjs'), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (command: unknown) => {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    return JSON.parse((await answers.next()).value)
  }
  t.deepEqual(await ask({ search: direction(0) }), ['ours'])
  t.deepEqual(await ask({ add: { id: 'theirs', vector: direction(90) } }), ['theirs'])
  t.deepEqual(
    (await here.searchByVector(direction(80))).map(hit => hit.id),
    ['theirs', 'ours'],
  )
  await here.delete('ours')
  t.deepEqual(await ask({ search: direction(0) }), ['theirs'])
  t.deepEqual(await ask({ upsert: { id: 'theirs', vector: direction(180) } }), ['theirs'])
  t.is((await here.searchByVector(direction(180)))[0]?.score, 1)
  child.stdin.end()
  const [status] = await once(child, 'exit')
  t.is(status, 0)
})

test('many processes write one file at the same time and nothing is lost', async t => {
  const path = await storePath(t)
  const store = await openStore(t, { path })
  await store.collection('shared').add({ id: 'first', vector: [1, 1] })
  const writers = ['p', 'q', 'r'].map(name =>
    promisify(execFile)(process.execPath, [
      join(root, '__test__/fixtures/writer.mjs'),
      path,
      name,
      '40',
    ]),
  )
  await Promise.all(writers)
  const { records } = await store.collection('shared').list({ limit: 1000 })
  const expected = ['p', 'q', 'r'].flatMap(name => Array.from({ length: 40 }, (_, i) => name + i))
  t.deepEqual(records.map(record => record.id).sort(), ['first', ...expected].sort())
})

test('a read-only store is read, and refuses every write', async t => {
  const path = await storePath(t)
  const store = await open(path)
  await store.collection('c').add({ id: 'a', vector: [1, 0] })
  await store.close()
  const readOnly = await openStore(t, { path, readOnly: true, durability: 'durable' })
  const c = readOnly.collection('c')
  t.is((await c.searchByVector([1, 0]))[0]?.id, 'a')
  await refused(t, 'ERR_READ_ONLY', () => c.add({ id: 'b', vector: [0, 1] }))
  await refused(t, 'ERR_READ_ONLY', () => c.upsert({ id: 'a', vector: [0, 1] }))
  await refused(t, 'ERR_READ_ONLY', () => c.delete('a'))
  await refused(t, 'ERR_READ_ONLY', () => c.clear())
  await refused(t, 'ERR_READ_ONLY', () => readOnly.dropCollection('c'))
  t.is(await c.count(), 1)
})

test('a file that is not there is made, unless it is not to be', async t => {
  const path = await storePath(t)
  const error = await refused(t, 'ERR_STORE_NOT_FOUND', () => open(path, { create: false }))
  t.true(error.message.includes(path))
  await (await open(path)).close()
  await (await open(path, { create: false })).close()
  await refused(t, 'ERR_STORE_NOT_FOUND', () =>
    open(join(path, '..', 'other.db'), { readOnly: true }),
  )
  t.pass()
})

test('a path that cannot be a store is refused with a code', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'a-folder'))
  const directory = await t.throwsAsync(open(join(folder, 'a-folder')))
  t.true(['ERR_IO', 'ERR_STORE_INVALID'].includes((directory as { code?: string }).code ?? ''))
  const nowhere = await t.throwsAsync(open(join(folder, 'no', 'such', 'folder', 'x.db')))
  t.true(['ERR_IO', 'ERR_STORE_NOT_FOUND'].includes((nowhere as { code?: string }).code ?? ''))
})

test('a file that is not a store is refused and left as it is', async t => {
  const folder = await temporaryFolder(t)
  const text = join(folder, 'shopping.txt')
  const words = 'milk, bread and a hundred other things. '.repeat(200)
  await writeFile(text, words)
  const error = await refused(t, 'ERR_STORE_INVALID', () => open(text))
  t.true(error.message.includes(text))
  t.is(await readFile(text, 'utf8'), words)

  const half = join(folder, 'half.db')
  const whole = await storePath(t)
  const store = await open(whole)
  await store.collection('c').add({ id: 'a', vector: [1] })
  await store.close()
  await writeFile(half, (await readFile(whole)).subarray(0, 1000))
  await refused(t, 'ERR_STORE_INVALID', async () => {
    const store = await open(half)
    t.teardown(() => store.close())
    await store.collections()
  })
})

test('a store of a newer version or of another application is refused and left as it is', async t => {
  const path = await storePath(t)
  const store = await open(path)
  await store.collection('c').add({ id: 'a', vector: [1] })
  await store.close()
  const patched = async (offset: number, value: number) => {
    const bytes = await readFile(path)
    bytes.writeUInt32BE(value, offset)
    const copy = await storePath(t, 'patched.db')
    await writeFile(copy, bytes)
    return { copy, bytes }
  }
  // SQLite's header has the schema version at byte 60 and the application's number at byte 68.
  const newer = await patched(60, 999)
  const error = await refused(t, 'ERR_STORE_NEWER', () => open(newer.copy))
  t.regex(error.message, /999.*upgrade/)
  t.deepEqual(await readFile(newer.copy), newer.bytes)
  const other = await patched(68, 0x12345678)
  await refused(t, 'ERR_STORE_INVALID', () => open(other.copy))
  t.deepEqual(await readFile(other.copy), other.bytes)
})

test('the file of a store that was closed is all of it, and can be copied', async t => {
  const path = await storePath(t)
  const store = await open(path)
  await store.collection('c').add({ id: 'a', vector: [1] })
  await store.close()
  const copy = await storePath(t, 'copy.db')
  await copyFile(path, copy)
  t.is(await (await openStore(t, { path: copy })).collection('c').count(), 1)
})

// Permissions bind neither root nor Windows.
const testAsUser = process.platform === 'win32' || process.getuid?.() === 0 ? test.skip : test

testAsUser('a folder that cannot be written is refused', async t => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o500)
  const error = await t.throwsAsync(open(join(folder, 'x.db')))
  t.regex((error as { code?: string }).code ?? '', /^ERR_(IO|READ_ONLY)$/)
})

test('one file cannot be open with two durabilities in one process', async t => {
  const path = await storePath(t)
  await openStore(t, { path, durability: 'durable' })
  await refused(t, 'ERR_INVALID_ARGUMENT', () => open(path, { durability: 'memory' }))
  t.pass()
})

test('a dropped collection is gone with everything in it', async t => {
  const store = await openStore(t)
  const [kept, dropped] = [store.collection('kept'), store.collection('dropped')]
  await kept.add({ id: 'a', vector: [1] })
  await dropped.add({ id: 'a', vector: [1, 2] })
  await dropped.namespace(['x']).add({ id: 'b', vector: [1, 2] })
  t.is(await store.dropCollection('dropped'), true)
  t.is(await store.dropCollection('dropped'), false)
  t.is(await dropped.count(), 0)
  t.deepEqual(await dropped.namespaces(), [])
  t.deepEqual(await dropped.searchByVector([1, 2]), [])
  t.deepEqual(
    (await store.collections()).map(info => info.name),
    ['kept'],
  )
  await dropped.add({ id: 'a', vector: [1, 2, 3] })
  t.is((await dropped.stats()).dimension, 3)
})

test('stats tell where a store is and how large', async t => {
  const path = await storePath(t)
  const store = await openStore(t, { path })
  const before = await store.stats()
  t.like(before, { path, collections: 0 })
  await store.collection('c').add({ vector: [1] })
  const after = await store.stats()
  t.is(after.collections, 1)
  t.true(after.lsn > before.lsn)
  t.true(after.bytes > 0)
})

test('limits are settable', async t => {
  const store = await openStore(t, {
    limits: { k: 2, idBytes: 3, metadataDepth: 2, batchRecords: 2, dimension: 2, textBytes: 4 },
  })
  const c = store.collection('c')
  await c.add({ id: 'abc', vector: [1, 0], text: 'text', metadata: { a: { b: 1 } } })
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => c.searchByVector([1, 0], { k: 3 }))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => c.add({ id: 'abcd', vector: [1, 0] }))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => c.add({ vector: [1, 0], text: 'texts' }))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () =>
    c.add({ vector: [1, 0], metadata: { a: { b: {} } } }),
  )
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => c.add([0, 1, 2].map(() => ({ vector: [1, 0] }))))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => c.get(['a', 'b', 'c']))
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => store.collection('d').add({ vector: [1, 0, 0] }))
  t.is((await c.searchByVector([1, 0])).length, 1)
  t.is((await c.list()).records.length, 1)
})

test('closing twice is the same, and every later call is refused', async t => {
  const store = await openStore(t)
  const c = store.collection('c')
  await c.add({ id: 'a', vector: [1] })
  await Promise.all([store.close(), store.close()])
  await store.close()
  const calls: (() => unknown)[] = [
    () => store.collection('c'),
    () => store.collections(),
    () => store.dropCollection('c'),
    () => store.stats(),
    () => c.namespace(['a']),
    () => c.add({ vector: [1] }),
    () => c.add([]),
    () => c.upsert({ vector: [1] }),
    () => c.get('a'),
    () => c.delete('a'),
    () => c.clear(),
    () => c.list(),
    () => c.count(),
    () => c.search('a'),
    () => c.searchByVector([1]),
    () => c.namespaces(),
    () => c.stats(),
  ]
  for (const call of calls) await refused(t, 'ERR_CLOSED', call)
})

test('closing lets the operations under way finish', async t => {
  const path = await storePath(t)
  const store = await open(path, { durability: 'relaxed' })
  const c = store.collection('c')
  const records = Array.from({ length: 2000 }, (_, i) => ({ id: `r${i}`, vector: [i, 1] }))
  const adding = c.add(records)
  const counting = Promise.all(Array.from({ length: 20 }, () => c.count()))
  const closing = store.close()
  await refused(t, 'ERR_CLOSED', () => c.add({ vector: [1, 2] }))
  t.is((await adding).length, 2000)
  await counting
  await closing
  t.is(await (await openStore(t, { path })).collection('c').count(), 2000)
})

test('a store is closed at the end of its block', async t => {
  const store = await openStore(t)
  await store[Symbol.asyncDispose]()
  await refused(t, 'ERR_CLOSED', () => store.stats())
  t.is(typeof Store.prototype[Symbol.asyncDispose], 'function')
})
