// Talks that settle in a process that is killed, again and again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { LongTermMemory } from 'hippocamp/memory'
import { testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { openStore, storePath } from './support/stores.js'

const TALKS = 24
const TURNS = 12

testWithModel(
  'a process that is killed while talks settle loses nothing',
  async (t, encoder, model) => {
    const path = await storePath(t)
    const said = Array.from({ length: TALKS * TURNS }, (_, i) => ({
      id: `turn-${i}`,
      session: `talk-${Math.floor(i / TURNS)}`,
      role: i % 2 ? 'Ann' : 'Bob',
      text:
        i % TURNS === 11 ? 'We say goodbye for today, see you soon.' : `Point ${i} of our plan.`,
      time: i * 1_000,
    }))
    const fill = async (path: string) => {
      const store = await openStore(t, { path, encoder })
      const collection = store.collection('talks', { turns: true })
      const memory = new LongTermMemory({ collection })
      await memory.remember(said)
      return { store, collection, memory }
    }
    const undisturbed = await fill(':memory:')
    await undisturbed.memory.consolidate({ quietFor: 0 })
    const expected = await undisturbed.memory.summaries({ limit: TALKS })
    t.is(expected.length, TALKS)
    await (await fill(path)).store.close()

    let kills = 0
    for (let done = false; !done; ) {
      const child = spawn(
        process.execPath,
        [join(root, '__test__', 'fixtures', 'settling.mjs'), path, model],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      // Some are killed at a talk that has just settled, some a moment later.
      let settled = 0
      child.stdout.on('data', (lines: Buffer) => {
        settled += lines.toString().split('\n').length - 1
        if (settled >= 3) setTimeout(() => child.kill('SIGKILL'), kills % 4)
      })
      const [code] = await once(child, 'exit')
      done = code === 0
      kills += done ? 0 : 1
    }
    t.true(kills >= 3, `${kills}`)

    const store = await openStore(t, { path, encoder })
    const collection = store.collection('talks')
    const memory = new LongTermMemory({ collection })
    const summaries = await memory.summaries({ limit: TALKS + 1 })
    const told = (all: typeof summaries) => all.map(({ id, text, sources }) => [id, text, sources])
    t.deepEqual(told(summaries).sort(), told(expected).sort())
    t.is(await collection.count(), said.length)
    t.is(await collection.count({ where: { settled: { $exists: true } } }), said.length)
    t.is((await memory.consolidate({ quietFor: 0 })).sessions, 0)
  },
)
