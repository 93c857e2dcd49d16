// Several processes and one cache.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { fetchModelWith } from '../src-ts/models/fetch.js'
import { withLock } from '../src-ts/models/lock.js'
import { readSettings } from '../src-ts/models/settings.js'
import { COMMIT, FakeHub } from './support/fake-hub.js'
import { sha256, temporaryFolder, tinyModel } from './support/tiny-model.js'

const ID = 'some-org/tiny-model'
const WEIGHTS = 'model.safetensors'
const model = tinyModel()
const partialName = `${sha256(model[WEIGHTS] as Buffer)}.hippocamp.incomplete`

type Child = ChildProcessByStdio<null, Readable, null>

function startFetch(t: ExecutionContext, endpoint: string, cache: string): Child {
  const path = fileURLToPath(new URL('./support/fetch-model.ts', import.meta.url))
  const args = [...process.execArgv, path, endpoint, cache, ID]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  return child
}

/** Waits until something is true; the test's own timeout is the limit. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(10)
}

function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    found => found.size,
    () => 0,
  )
}

test('two processes that fetch at once both get the model, which is fetched once', async t => {
  const hub = await FakeHub.start(t, ID, model)
  const cache = await temporaryFolder(t)
  const children = [startFetch(t, hub.address, cache), startFetch(t, hub.address, cache)]
  const outputs = await Promise.all(children.map(child => text(child.stdout)))
  const folder = join(cache, 'models--some-org--tiny-model', 'snapshots', COMMIT)
  t.deepEqual(outputs, [`ready\n${folder}\n`, `ready\n${folder}\n`])
  t.deepEqual(await readFile(join(folder, WEIGHTS)), model[WEIGHTS])
  t.is(hub.seen.filter(({ server }) => server === 'storage').length, 1)
  t.deepEqual(await readdir(join(cache, '.locks', 'models--some-org--tiny-model')), [])
})

test('a fetch whose process is killed is taken over and continued', async t => {
  const hub = await FakeHub.start(t, ID, model)
  const cache = await temporaryFolder(t)
  const blobs = join(cache, 'models--some-org--tiny-model', 'blobs')
  hub.behaviour = { stalls: { [WEIGHTS]: [100_000] } }
  const child = startFetch(t, hub.address, cache)
  await until(async () => (await sizeOf(join(blobs, partialName))) === 100_000)
  child.kill('SIGKILL')
  await once(child, 'exit')

  const folder = await fetchModelWith(readSettings({ HF_ENDPOINT: hub.address }, cache), ID)
  t.deepEqual(await readFile(join(folder, WEIGHTS)), model[WEIGHTS])
  const stored = hub.seen.filter(({ server }) => server === 'storage')
  t.deepEqual(
    stored.map(({ range }) => range),
    [undefined, 'bytes=100000-'],
  )
})

test('many fetches in one process fetch once', async t => {
  const hub = await FakeHub.start(t, ID, model)
  const settings = readSettings({ HF_ENDPOINT: hub.address }, await temporaryFolder(t))
  const folders = await Promise.all(Array.from({ length: 8 }, () => fetchModelWith(settings, ID)))
  t.is(new Set(folders).size, 1)
  t.is(hub.seen.filter(({ server }) => server === 'storage').length, 1)
})

test('the holders of a lock come one after the other', async t => {
  const path = join(await temporaryFolder(t), 'locks', 'a.lock')
  let inside = 0
  const order: number[] = []
  await Promise.all(
    [1, 2, 3].map(number =>
      withLock(path, undefined, async () => {
        t.is(++inside, 1)
        await wait(20)
        order.push(number)
        inside--
      }),
    ),
  )
  t.deepEqual(order.sort(), [1, 2, 3])
  await t.throwsAsync(stat(path), { code: 'ENOENT' })
})

test('a lock is released when its task fails', async t => {
  const path = join(await temporaryFolder(t), 'a.lock')
  const fault = new Error('mine')
  t.is(await t.throwsAsync(withLock(path, undefined, () => Promise.reject(fault))), fault)
  t.is(await withLock(path, undefined, async () => 'free'), 'free')
})

test('waiting for a lock can be aborted, and leaves it to its holder', async t => {
  const path = join(await temporaryFolder(t), 'a.lock')
  await withLock(path, undefined, async () => {
    const waiting = withLock(path, AbortSignal.timeout(50), async () => 'never')
    await t.throwsAsync(waiting, { name: 'AbortError' })
    t.true((await sizeOf(path)) > 0)
  })
})

test('a lock that another machine has left long ago is taken over', async t => {
  const path = join(await temporaryFolder(t), 'a.lock')
  await writeFile(path, JSON.stringify({ pid: process.pid, host: 'another.example', nonce: 'n' }))
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(path, longAgo, longAgo)
  t.is(await withLock(path, undefined, async () => 'mine'), 'mine')
})

test('a lock without a name in it, left long ago, is taken over', async t => {
  const path = join(await temporaryFolder(t), 'a.lock')
  await writeFile(path, '')
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(path, longAgo, longAgo)
  t.is(await withLock(path, undefined, async () => 'mine'), 'mine')
})
