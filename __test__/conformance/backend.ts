/** What every backend must do, so that memories and documents behave the same on each of them. */
import test, { type ExecutionContext } from 'ava'
import type { Backend, Hit, Metadata, StoredRecord } from 'hippocamp'

export interface BackendUnderTest {
  readonly name: string
  /**
   * An empty backend that encodes texts, or undefined where it cannot be had.
   * @param turns whether records are turns
   */
  open(t: ExecutionContext, turns: boolean): Promise<Backend>
}

const ids = (records: readonly (StoredRecord<object> | Hit<object>)[]) =>
  records.map(({ id }) => id)
const all = async (backend: Backend) => ids((await backend.list({ limit: 1_000 })).records)

/** Declares the tests of a backend. */
export function conforms({ name, open }: BackendUnderTest): void {
  const say = (behaviour: string, run: (t: ExecutionContext, backend: Backend) => Promise<void>) =>
    test(`${name}: ${behaviour}`, async t => run(t, await open(t, false)))

  say('what was added is there, in its order, as it was given', async (t, backend) => {
    const metadata = { n: 1, nested: { tags: ['a', '乙'], none: null }, yes: true, text: '引号"\\' }
    const given = await backend.add([
      { id: 'b', text: 'second\nline', metadata },
      { id: 'a', text: '第一个' },
      { text: 'without an id' },
    ])
    t.deepEqual(given.slice(0, 2), ['b', 'a'])
    t.is(typeof given[2], 'string')
    t.deepEqual(await all(backend), given)
    const [b, none, a] = await backend.get(['b', 'none', 'a'])
    t.is(b?.text, 'second\nline')
    t.deepEqual(b?.metadata, metadata)
    t.true(b?.createdAt instanceof Date && b.updatedAt instanceof Date)
    t.is(none, undefined)
    t.deepEqual(a?.metadata, {})
    t.is(await backend.count(), 3)
    t.deepEqual(await backend.add([]), [])
  })

  say('a batch is added as a whole or not at all', async (t, backend) => {
    await backend.add([{ id: 'a', text: 'one' }])
    const error = await t.throwsAsync(
      backend.add([
        { id: 'b', text: 'two' },
        { id: 'a', text: 'again' },
      ]),
    )
    t.is((error as { code?: string }).code, 'ERR_RECORD_EXISTS')
    t.deepEqual(await all(backend), ['a'])
  })

  say('upsert replaces, and keeps the place', async (t, backend) => {
    await backend.add([
      { id: 'a', text: 'one', metadata: { old: 1 } },
      { id: 'b', text: 'two' },
    ])
    const [before] = await backend.get(['a'])
    await backend.upsert([
      { id: 'a', text: 'eins' },
      { id: 'c', text: 'drei' },
    ])
    t.deepEqual(await all(backend), ['a', 'b', 'c'])
    const [a] = await backend.get(['a'])
    t.is(a?.text, 'eins')
    t.deepEqual(a?.metadata, {})
    t.deepEqual(a?.createdAt, before?.createdAt)
  })

  say('metadata are changed by id and by filter', async (t, backend) => {
    await backend.add(
      [1, 2, 3].map(n => ({ id: `${n}`, text: `text ${n}`, metadata: { n, x: 'y' } })),
    )
    t.is(await backend.update(['1', 'none'], { metadata: { n: 10, x: undefined, z: [1] } }), 1)
    t.is(await backend.update({ where: { n: { $gte: 3 } } }, { metadata: { big: true } }), 2)
    const found = (await backend.get(['1', '2', '3'])).map(record => record?.metadata)
    t.deepEqual(found, [
      { n: 10, z: [1], big: true },
      { n: 2, x: 'y' },
      { n: 3, x: 'y', big: true },
    ])
    t.is((await backend.get(['1']))[0]?.text, 'text 1')
  })

  say('records are deleted by id, by filter and altogether', async (t, backend) => {
    await backend.add([1, 2, 3, 4].map(n => ({ id: `${n}`, text: `text ${n}`, metadata: { n } })))
    t.is(await backend.delete(['1', 'none']), 1)
    t.is(await backend.delete({ where: { n: 3 } }), 1)
    t.deepEqual(await all(backend), ['2', '4'])
    t.is(await backend.clear(), 2)
    t.is(await backend.count(), 0)
    t.is(await backend.clear(), 0)
  })

  say('listings are filtered, sorted and paged', async (t, backend) => {
    const records = Array.from({ length: 25 }, (_, n) => ({
      id: `${n}`,
      text: `text ${n}`,
      metadata: { n: (n * 7) % 25, half: n % 2 },
    }))
    await backend.add(records)
    const pages = async (options: Parameters<Backend['list']>[0]) => {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await backend.list({ ...options, limit: 4, cursor })
        t.true(page.records.length <= 4)
        found.push(...ids(page.records))
        cursor = page.cursor
      } while (cursor !== undefined)
      return found
    }
    const inOrder = records.map(({ id }) => id)
    t.deepEqual(await pages({}), inOrder)
    t.deepEqual(await pages({ sort: { order: 'desc' } }), inOrder.toReversed())
    const byN = records.toSorted((a, b) => a.metadata.n - b.metadata.n).map(({ id }) => id)
    t.deepEqual(await pages({ sort: 'n' }), byN)
    t.deepEqual(await pages({ sort: { field: 'n', order: 'desc' } }), byN.toReversed())
    const even = records.filter(({ metadata }) => metadata.half === 0).map(({ id }) => id)
    t.deepEqual(await pages({ where: { half: 0 } }), even)
    t.is(await backend.count({ where: { half: 1 } }), 12)
    const [first] = (await backend.list({ limit: 1, vector: true })).records
    t.true((first?.vector?.length ?? 0) > 0)
  })

  say('filters mean the same everywhere', async (t, backend) => {
    await backend.add([
      { id: 'a', text: 'a', metadata: { n: 1, tags: ['x', 'y'], at: '2026-01-02T00:00:00.000Z' } },
      { id: 'b', text: 'b', metadata: { n: 2, tags: [], name: '安妮' } },
      { id: 'c', text: 'c', metadata: { n: '2', flag: false } },
      { id: 'd', text: 'd' },
    ])
    const passing = async (where: NonNullable<Parameters<Backend['list']>[0]>['where']) =>
      ids((await backend.list({ where })).records).join('')
    t.is(await passing({ n: 2 }), 'b')
    t.is(await passing({ n: { $ne: 2 } }), 'acd')
    t.is(await passing({ n: { $exists: false } }), 'd')
    t.is(await passing({ n: { $in: [1, '2'] } }), 'ac')
    t.is(await passing({ tags: 'x' }), 'a')
    t.is(await passing({ name: { $contains: '妮' } }), 'b')
    t.is(await passing({ at: { $gt: '2026-01-01', $lte: '2026-01-03' } }), 'a')
    t.is(await passing({ $or: [{ flag: false }, { n: { $lt: 2 } }] }), 'ac')
    t.is(await passing({ $not: { n: { $exists: true } } }), 'd')
    t.is(await passing({ $and: [{ n: { $gte: 1 } }, { tags: { $exists: true } }] }), 'ab')
  })

  say('what answers a text is found, the best first', async (t, backend) => {
    await backend.add([
      { id: 'soccer', text: 'My favourite sport is soccer.', metadata: { user: 'ann' } },
      { id: 'pizza', text: 'My favourite food is pizza.', metadata: { user: 'bob' } },
      { id: 'code', text: 'Error E4711: the pump has lost pressure.' },
    ])
    const found = async (text: string, options?: Parameters<Backend['search']>[1]) =>
      ids(await backend.search(text, options))
    t.is((await found('Which match should I watch?'))[0], 'soccer')
    t.is((await found('E4711', { k: 1 })).join(), 'code')
    t.deepEqual(await found('favourite', { where: { user: 'bob' } }), ['pizza'])
    t.deepEqual(await found('zebra', { mode: 'lexical' }), [])
    const hits = await backend.search('favourite sport', { k: 3 })
    t.true(hits.every(({ score }) => score >= 0 && score <= 1))
    t.true(hits.every(({ score }, i) => score <= (hits[i - 1]?.score ?? 1)))
    t.is(hits[0]?.text, 'My favourite sport is soccer.')
    t.deepEqual(hits[0]?.metadata, { user: 'ann' })
    await backend.delete(['soccer'])
    t.not((await found('favourite sport'))[0], 'soccer', 'what was deleted is not found')
    await backend.upsert([{ id: 'pizza', text: 'I play soccer every week.' }])
    t.is((await found('soccer'))[0], 'pizza', 'what was written is found at once')
  })

  say('namespaces never see each other', async (t, backend) => {
    const paths = [['a'], ['a', 'b'], ['ab'], ['a/b'], ['a', 'b', 'c'], ['%'], ['_'], ["'"], ['乙']]
    const spaces = paths.map(path => backend.namespace([...backend.path, ...path]))
    for (const [i, space] of spaces.entries()) {
      await space.add([{ id: 'same', text: `text of namespace ${i}`, metadata: { i } }])
    }
    for (const [i, space] of spaces.entries()) {
      t.deepEqual(space.path, [...backend.path, ...(paths[i] as string[])])
      t.deepEqual(
        (await space.search('text of namespace', { k: 100 })).map(
          ({ metadata }) => (metadata as Metadata).i,
        ),
        [i],
      )
      t.deepEqual((await space.get(['same']))[0]?.metadata, { i })
    }
    t.is(await (spaces[1] as Backend).clear(), 1)
    t.is(await (spaces[0] as Backend).count(), 1)
    t.is(await (spaces[4] as Backend).count(), 1)
    t.is(await backend.count(), 0)
  })

  say(
    'a record like one that is there is told, also when both come at once',
    async (t, backend) => {
      const text = 'The meeting is on Monday at nine.'
      const added = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          backend.addDistinct([{ id: `${i}`, text, metadata: { open: true } }]),
        ),
      )
      const stored = added.flat().filter(({ similar }) => similar === undefined)
      t.is(stored.length, 1)
      t.is(await backend.count(), 1)
      const id = stored[0]?.id as string
      t.true(added.flat().every(one => one.id === id))
      const changes = { metadata: { open: undefined, next: 'new' } }
      const where = { open: true }
      const kept = await backend.addDistinct([{ id: 'new', text }], {
        similar: 'keep',
        where,
        changes,
      })
      t.is(kept[0]?.id, 'new')
      t.is(kept[0]?.similar?.id, id)
      t.deepEqual((await backend.get([id]))[0]?.metadata, { next: 'new' })
      t.deepEqual(await backend.addDistinct([{ id: 'free', text }], { where }), [{ id: 'free' }])
    },
  )

  say('a call that is aborted has changed nothing', async (t, backend) => {
    await backend.add([{ id: 'a', text: 'one' }])
    const signal = AbortSignal.abort(new Error('enough'))
    const calls: (() => Promise<unknown>)[] = [
      () => backend.add([{ text: 'two' }], { signal }),
      () => backend.addDistinct([{ text: 'two' }], { signal }),
      () => backend.upsert([{ id: 'a', text: 'two' }], { signal }),
      () => backend.update(['a'], { metadata: { x: 1 } }, { signal }),
      () => backend.delete(['a'], { signal }),
      () => backend.clear({ signal }),
      () => backend.get(['a'], { signal }),
      () => backend.list({ signal }),
      () => backend.count({ signal }),
      () => backend.search('one', { signal }),
    ]
    for (const call of calls) await t.throwsAsync(call, { message: 'enough' })
    const [a] = await backend.get(['a'])
    t.deepEqual([a?.text, a?.metadata, await backend.count()], ['one', {}, 1])
  })

  test(`${name}: turns are ranked with those beside them, and shown with them`, async t => {
    const backend = await open(t, true)
    const said = [
      ['Ann', 'Where did you spend the summer?'],
      ['Bob', 'With my uncle.'],
      ['Ann', 'I was ill all the time.'],
    ] as const
    for (const [i, [speaker, text]] of said.entries()) {
      await backend.add([{ id: `${i}`, text, metadata: { session: 's', speaker } }])
    }
    await backend.add([{ id: 'other', text: 'My uncle sold his car.' }])
    t.deepEqual(ids(await backend.around('1')), ['0', '1', '2'])
    t.deepEqual(ids(await backend.around('0', { before: 3, after: 1 })), ['0', '1'])
    t.deepEqual(ids(await backend.around('other')), ['other'])
    t.deepEqual(await backend.around('none'), [])
    const [hit] = await backend.search('Where was Bob in summer?', { k: 1 })
    t.is(hit?.id, '1')
  })
}
