// The addon in the life of a process: event loop, exits, worker threads, memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { open } from 'hippocamp'
import { runProgram } from './support/programs.js'
import { root } from './support/sources.js'
import { direction, openStore, randomVectors, storePath } from './support/stores.js'

const FILL = `
  const store = await open(path, { durability: 'relaxed' })
  const c = store.collection('c')
  const records = Array.from({ length: 5000 }, (_, i) => ({ id: 'r' + i, vector: [i, 1, 2, 3] }))
`

test('a process ends when nothing is pending, though its store is open', async t => {
  const { status, out, err } = await runProgram(
    await storePath(t),
    `${FILL}
    await c.add(records)
    console.log((await c.searchByVector([1, 1, 2, 3], { k: 1 }))[0].id)`,
  )
  t.deepEqual([status, out, err], [0, 'r1\n', ''])
})

test('a process stays while a promise is pending', async t => {
  const { status, out } = await runProgram(
    await storePath(t),
    `${FILL}
    c.add(records).then(() => c.count()).then(count => console.log(count))`,
  )
  t.deepEqual([status, out], [0, '5000\n'])
})

test('a process that exits with work in flight ends with its own status', async t => {
  const endings: [string, number][] = [
    ['process.exit(7)', 7],
    ['setImmediate(() => process.exit(7))', 7],
    ['setImmediate(() => { throw new Error("theirs") })', 1],
  ]
  for (const [end, expected] of endings) {
    for (const wait of [0, 1, 5, 20]) {
      const { status, signal } = await runProgram(
        await storePath(t),
        `${FILL}
        for (let i = 0; i < 4; i++) {
          c.upsert(records).catch(() => {})
          for (let j = 0; j < 50; j++) c.searchByVector([i, j, 2, 3]).catch(() => {})
        }
        await new Promise(resolve => setTimeout(resolve, ${wait}))
        ${end}`,
      )
      t.deepEqual([status, signal], [expected, null], `${end} after ${wait} ms`)
    }
  }
})

test('what was acknowledged before a process is killed is there afterwards', async t => {
  const path = await storePath(t)
  const program = `
    import { appendFileSync } from 'node:fs'
    import { open } from 'hippocamp'
    const c = (await open(process.argv[1])).collection('c')
    for (let i = 0; ; i++) {
      const [id] = await c.add({ id: 'r' + i, vector: [i, 1] })
      appendFileSync(process.argv[1] + '.acknowledged', id + '\\n')
      console.log(id)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, path], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', chunk => {
    printed += chunk
    if (printed.split('\n').length > 20) child.kill('SIGKILL')
  })
  await once(child, 'close')
  // What was printed may have waited in the process when it was killed.
  const acknowledged = (await readFile(`${path}.acknowledged`, 'utf8')).split('\n').slice(0, -1)
  t.true(acknowledged.length >= 20)
  const c = (await openStore(t, { path, durability: 'durable' })).collection('c')
  const records = await c.get(acknowledged)
  t.true(records.every((record, i) => record?.id === acknowledged[i]))
  t.true((await c.count()) - acknowledged.length <= 1)
})

test('a store that nobody holds any more is let go without being closed', async t => {
  const { status, err } = await runProgram(
    await storePath(t),
    `for (let i = 0; i < 50; i++) {
      const store = await open(':memory:')
      await store.collection('c').add({ vector: [1, 2] })
    }
    for (let i = 0; i < 10; i++) { gc(); await new Promise(resolve => setTimeout(resolve, 5)) }`,
  )
  t.deepEqual([status, err], [0, ''])
})

test('worker threads share one store', async t => {
  const path = await storePath(t)
  const store = await openStore(t, { path })
  await store.collection('shared').add({ id: 'main', vector: direction(0) })
  const workers = ['p', 'q', 'r'].map(
    name => new Worker(join(root, '__test__/fixtures/worker.mjs'), { workerData: { path, name } }),
  )
  const exits = Promise.all(workers.map(worker => once(worker, 'exit')))
  const answers = await Promise.all(workers.map(worker => once(worker, 'message')))
  t.deepEqual(
    answers.map(([seen]) => seen),
    ['main', 'main', 'main'],
  )
  await exits
  t.is(await store.collection('shared').count(), 1 + 3 * 100)
})

test('a worker thread that is terminated with work in flight disturbs nobody', async t => {
  const path = await storePath(t)
  const store = await openStore(t, { path })
  const c = store.collection('shared')
  await c.add({ id: 'main', vector: direction(0) })
  for (let round = 0; round < 8; round++) {
    const worker = new Worker(join(root, '__test__/fixtures/busy-worker.mjs'), {
      workerData: { path, round },
    })
    await once(worker, 'message')
    await new Promise(resolve => setTimeout(resolve, round * 2))
    await worker.terminate()
    t.is((await c.get('main'))?.id, 'main')
  }
  t.is((await c.searchByVector(direction(0), { k: 1 })).length, 1)
})

test('a process whose only user of the addon was a terminated worker goes on', async t => {
  const { status, signal, out, err } = await runProgram(
    await storePath(t),
    `import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    // The addon is loaded in workers alone: with the last of them its environment goes.
    for (let round = 0; round < 5; round++) {
      const worker = new Worker('./__test__/fixtures/busy-worker.mjs', { workerData: { path, round }, execArgv: [] })
      await once(worker, 'message')
      await worker.terminate()
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    console.log('still here')`,
  )
  t.deepEqual([status, signal, out, err], [0, null, 'still here\n', ''])
})

test('the event loop goes round while a hundred thousand records are added', async t => {
  const c = (await openStore(t)).collection('c')
  const count = 100_000
  const vectors = randomVectors(count, 4)
  const records = Array.from({ length: count }, (_, i) => ({
    id: `r${i}`,
    text: `text ${i}`,
    metadata: { i, tags: ['a', 'b'] },
    vector: vectors.subarray(4 * i, 4 * i + 4),
  }))
  let [timers, immediates] = [0, 0]
  const timer = setInterval(() => timers++, 1)
  let going = true
  const turn = () => {
    immediates++
    if (going) setImmediate(turn)
  }
  setImmediate(turn)
  const ids = await c.add(records)
  const [timersWhileAdding, immediatesWhileAdding] = [timers, immediates]
  const found = await c.list({ limit: count })
  going = false
  clearInterval(timer)
  t.is(ids.length, count)
  t.is(found.records.length, count)
  t.is(found.records[count - 1]?.id, `r${count - 1}`)
  // A turn for every slice of at most 16 records, in and out, and timers in between.
  t.true(immediatesWhileAdding >= count / 16, `${immediatesWhileAdding} turns`)
  t.true(timersWhileAdding >= 20, `${timersWhileAdding} timers`)
  t.true(immediates - immediatesWhileAdding >= count / 16)
})

test('the event loop goes round while thousands of searches are settled', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(Array.from({ length: 200 }, (_, i) => ({ id: `r${i}`, vector: direction(i) })))
  let settled = 0
  let between = 0
  const turn = () => {
    if (settled > 0 && settled < 5000) between++
    if (settled < 5000) setImmediate(turn)
  }
  setImmediate(turn)
  await Promise.all(
    Array.from({ length: 5000 }, (_, i) =>
      c.searchByVector(direction(i % 360), { k: 20 }).then(() => settled++),
    ),
  )
  t.is(settled, 5000)
  t.true(between > 10, `${between} turns`)
})

test('searches leave no memory behind', async t => {
  const { status, out } = await runProgram(
    await storePath(t),
    `${FILL}
    await c.add(records)
    const { signal } = new AbortController()
    const round = async () => {
      for (let i = 0; i < 100; i++) {
        await Promise.all(Array.from({ length: 50 }, (_, j) =>
          c.searchByVector([i, j, 2, 3], { k: 10, vector: true, ...(j % 2 && { signal }) })))
      }
      for (let i = 0; i < 4; i++) { gc(); await new Promise(resolve => setTimeout(resolve, 20)) }
      const { rss, heapUsed, external } = process.memoryUsage()
      return { rss, heapUsed, external }
    }
    // What leaks grows without end, where allocators come to rest: when, depends on how threads happened to meet.
    const grown = ({ rss, heapUsed, external }, since) =>
      [rss - since.rss, heapUsed - since.heapUsed, external - since.external]
    const rounds = [await round()]
    let last = []
    const atRest = ([rss, heapUsed, external]) => rss < 2_000_000 && heapUsed < 1_000_000 && external < 1_000_000
    while (rounds.length < 50) {
      rounds.push(await round())
      if (rounds.length <= 5) continue
      last = grown(rounds.at(-1), rounds.at(-6))
      if (atRest(last)) break
    }
    console.log(JSON.stringify({ atRest: atRest(last), last, rss: rounds.map(each => each.rss) }))`,
  )
  t.is(status, 0)
  // Of 25,000 searches with ten records each, of which one leaked record each would be over 2.5 MB on the heap.
  t.true(JSON.parse(out).atRest, `memory did not come to rest: ${out}`)
})

test('no rejection is left unhandled', async t => {
  const { status, err } = await runProgram(
    await storePath(t),
    `const refusals = []
    const refused = promise => refusals.push(promise.then(() => { throw new Error('not refused') }, () => {}))
    ${FILL}
    refused(c.add({ id: '', vector: [1] }))
    refused(c.add([...records, { id: 'r0', vector: [1, 2, 3, 4] }]))
    refused(c.get(3))
    refused(c.searchByVector([1], { k: 0 }))
    refused(open('/'))
    refused(c.count({ signal: AbortSignal.abort() }))
    const controller = new AbortController()
    refused(c.add(records.concat(records), { signal: controller.signal }))
    controller.abort()
    await Promise.all(refusals)
    await store.close()
    refused(c.count())
    await Promise.all(refusals)`,
  )
  t.deepEqual([status, err], [0, ''])
})

test('an addon that cannot be loaded is refused with what to do', async t => {
  const { status, out } = await runProgram(
    await storePath(t),
    `const error = await open(path).catch(error => error)
    console.log(error instanceof HippocampError, error.code)
    console.log(error.message)`,
    { NAPI_RS_NATIVE_LIBRARY_PATH: join(root, 'no-such.node') },
  )
  t.is(status, 0)
  t.regex(out, /^true ERR_NATIVE_LOAD\n/)
  t.true(out.includes(process.platform) && out.includes(process.arch))
  t.regex(out, /no-such\.node/)
  t.regex(out, /npm install/)
})

test('handles keep working while their store is only reachable through them', async t => {
  const path = await storePath(t)
  const collection = async () => (await open(path, { durability: 'relaxed' })).collection('c')
  const c = await collection()
  for (let i = 0; i < 20; i++) {
    await c.add({ id: `r${i}`, vector: [i, 1] })
    new Array(100_000).fill({})
  }
  t.is(await c.count(), 20)
})
