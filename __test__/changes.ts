// Changing and deleting records by filter, listing them in an order, patterns as regular expressions.
import test, { type ExecutionContext } from 'ava'
import type { Collection, ListOptions } from 'hippocamp'
import { openStore, refused } from './support/stores.js'

async function filled(t: ExecutionContext): Promise<Collection> {
  const c = (await openStore(t)).collection('c', { metric: 'l2' })
  const names = ['Zoe', 'ann', 'Ben', '王芳', 'carl', 'Ann-Marie']
  await c.add(
    names.map((name, i) => ({
      id: `r${i}`,
      text: `text ${i}`,
      vector: [i],
      metadata: { name, age: i % 3, tags: i % 2 ? ['x', 'y'] : ['y'] },
    })),
  )
  return c
}

async function listed(c: Collection, options: ListOptions = {}): Promise<string> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await c.list({ ...options, ...(cursor !== undefined && { cursor }) })
    ids.push(...page.records.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== undefined)
  return ids.join(' ')
}

test('records are deleted by filter, but never all of them by accident', async t => {
  const c = await filled(t)
  t.is(await c.delete({ where: { age: 1 } }), 2)
  t.is(await listed(c), 'r0 r2 r3 r5')
  t.is(await c.delete({ where: { age: 77 } }), 0)
  t.is(await c.delete(['r0', 'none']), 1)
  t.regex(
    (await refused(t, 'ERR_INVALID_ARGUMENT', () => c.delete({ where: {} }))).message,
    /clear/,
  )
  await refused(t, 'ERR_INVALID_FILTER', () => c.delete({ where: { $where: 1 } }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.delete({} as never))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.delete({ were: {} } as never))
  t.is(await c.count(), 3)
})

test('metadata are changed, and texts and vectors stay', async t => {
  const c = await filled(t)
  const before = await c.get('r1', { vector: true })
  t.is(await c.update({ where: { age: 1 } }, { metadata: { seen: true, tags: undefined } }), 2)
  const after = await c.get('r1', { vector: true })
  t.deepEqual(after?.metadata, { name: 'ann', age: 1, seen: true })
  t.deepEqual([after?.text, after?.vector], [before?.text, before?.vector])
  t.deepEqual(after?.createdAt, before?.createdAt)
  t.is(await c.count({ where: { seen: true } }), 2)
  t.is(await c.update(['r0', 'none'], { metadata: { age: null } }), 1)
  t.is(await c.update('r0', { metadata: { born: new Date(0) } }), 1)
  t.like((await c.get('r0'))?.metadata, { age: null, born: '1970-01-01T00:00:00.000Z' })
  t.deepEqual(
    await c
      .search('text 1', { mode: 'lexical', where: { seen: true }, k: 1, idsOnly: true })
      .then(hits => hits.map(({ id }) => id)),
    ['r1'],
  )
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.update('r0', {} as never))
  await refused(t, 'ERR_INVALID_METADATA', () => c.update('r0', { metadata: { f: () => 1 } }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.update({ where: {} }, { metadata: { a: 1 } }))
})

test('listings are sorted, page by page', async t => {
  const c = await filled(t)
  await c.add({ id: 'bare', vector: [9] })
  for (const limit of [1, 3, 100]) {
    t.is(await listed(c, { limit, sort: 'name' }), 'r5 r2 r0 r1 r4 r3 bare')
    t.is(
      await listed(c, { limit, sort: { field: 'age', order: 'desc' } }),
      'r2 r5 r1 r4 r0 r3 bare',
    )
    t.is(await listed(c, { limit, sort: { order: 'desc' } }), 'bare r5 r4 r3 r2 r1 r0')
    t.is(await listed(c, { limit, sort: 'age', where: { tags: 'x' } }), 'r3 r1 r5')
  }
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.list({ sort: '' }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.list({ sort: { order: 'up' as 'asc' } }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => c.list({ cursor: '{"row":true}' }))
})

test('patterns may be regular expressions', async t => {
  const c = await filled(t)
  t.is(await listed(c, { where: { name: /^ann/ } }), 'r1')
  t.is(await listed(c, { where: { name: /^ann/i } }), 'r1 r5')
  t.is(await listed(c, { where: { name: { $regex: /^ANN$/gi } } }), 'r1')
  t.is(
    await listed(c, {
      where: { $or: [{ name: /芳/u }, { name: { $not: { $regex: /[a-z]/i } } }] },
    }),
    'r3',
  )
  const behind = await refused(t, 'ERR_INVALID_FILTER', () =>
    c.count({ where: { name: /(?<=a)b/ } }),
  )
  t.regex(behind.message, /look/)
})
