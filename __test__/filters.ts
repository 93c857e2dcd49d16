import test from 'ava'
import type { Collection, Filter } from 'hippocamp'
import { direction, openStore } from './support/stores.js'

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** The language as docs/filters.md tells it, written down anew: looks at every record. */
function passes(filter: Json, metadata: Json): boolean {
  return entries(filter).every(([key, value]) => {
    if (key === '$and') return (value as Json[]).every(one => passes(one, metadata))
    if (key === '$or') return (value as Json[]).some(one => passes(one, metadata))
    if (key === '$not') return !passes(value, metadata)
    return passesField(value, stands(metadata, key.split('.')))
  })
}

/** What stands at a path: values, of which an array's elements count besides itself. */
type Standing = { value: Json; element: boolean }

function stands(value: Json, path: readonly string[]): Standing[] {
  const [head, ...rest] = path
  if (head === undefined) return [{ value, element: false }, ...elements(value)]
  if (Array.isArray(value)) return value.flatMap(item => stands(item, path))
  if (!isObject(value) || !Object.hasOwn(value, head)) return []
  return stands(value[head] as Json, rest)
}

function elements(value: Json): Standing[] {
  if (!Array.isArray(value)) return []
  return value.flatMap(item =>
    Array.isArray(item) ? elements(item) : [{ value: item as Json, element: true }],
  )
}

function passesField(test: Json, found: readonly Standing[]): boolean {
  if (!isObject(test)) return passesField({ $eq: test }, found)
  const any = (is: (one: Standing) => boolean) => found.some(is)
  return entries(test).every(([operator, operand]) => {
    switch (operator) {
      case '$eq':
        return any(({ value }) => value === operand)
      case '$ne':
        return !any(({ value }) => value === operand)
      case '$in':
        return any(({ value }) => (operand as Json[]).includes(value))
      case '$nin':
        return !any(({ value }) => (operand as Json[]).includes(value))
      case '$gt':
        return any(({ value }) => order(value, operand) > 0)
      case '$gte':
        return any(({ value }) => order(value, operand) >= 0)
      case '$lt':
        return any(({ value }) => order(value, operand) < 0)
      case '$lte':
        return any(({ value }) => order(value, operand) <= 0)
      case '$exists':
        return found.length > 0 === operand
      case '$contains':
        return any(({ value, element }) =>
          element
            ? value === operand
            : typeof value === 'string' && typeof operand === 'string' && value.includes(operand),
        )
      case '$regex':
        return any(
          ({ value }) => typeof value === 'string' && new RegExp(operand as string).test(value),
        )
      case '$not':
        return !passesField(operand, found)
      default:
        throw new Error(operator)
    }
  })
}

/** Above 0 if the value is more, below if it is less; NaN where the two are not ordered. */
function order(value: Json, operand: Json): number {
  if (typeof value === 'number' && typeof operand === 'number') return value - operand
  if (typeof value !== 'string' || typeof operand !== 'string') return Number.NaN
  return value === operand ? 0 : value > operand ? 1 : -1
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function entries(value: Json): [string, Json][] {
  return Object.entries(value as object)
}

/** Few values of every kind, so that filters and records meet. */
class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(count: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * count)
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }

  scalar(): Json {
    return this.of([
      null,
      true,
      false,
      -1,
      0,
      0.5,
      1,
      '',
      'a',
      'b',
      'ab',
      '张',
      '张三',
      '2026-11-28',
    ])
  }

  value(depth: number): Json {
    const kind = depth > 0 ? this.below(6) : 0
    if (kind < 4) return this.scalar()
    if (kind === 4) return this.some(3, () => this.value(depth - 1))
    return this.metadata(depth - 1)
  }

  metadata(depth: number): { [key: string]: Json } {
    return Object.fromEntries(
      this.some(4, () => [this.of(['x', 'y', 'z', '名']), this.value(depth)]),
    )
  }

  operator(): [string, Json] {
    const ordered = () => this.of<Json>([-1, 0, 0.5, 1, '', 'a', 'ab', '张', '2026'])
    return this.of<() => [string, Json]>([
      () => [this.of(['$eq', '$ne', '$contains']), this.scalar()],
      () => [this.of(['$gt', '$gte', '$lt', '$lte']), ordered()],
      () => [this.of(['$in', '$nin']), this.some(3, () => this.scalar())],
      () => ['$exists', this.below(2) === 0],
      () => ['$regex', this.of(['a', '^a', 'b$', '^$', '三', '.[a-b]', '\\d{4}-'])],
      () => ['$not', Object.fromEntries([this.operator()])],
    ])()
  }

  condition(): Json {
    if (this.below(4) === 0) return this.scalar()
    return Object.fromEntries([this.operator(), ...this.some(1, () => this.operator())])
  }

  filter(depth: number): { [key: string]: Json } {
    const kind = depth > 0 ? this.below(6) : 0
    const inner = () => this.filter(depth - 1)
    if (kind === 3) return { $and: [inner(), ...this.some(2, inner)] }
    if (kind === 4) return { $or: [inner(), ...this.some(2, inner)] }
    if (kind === 5) return { $not: inner() }
    const paths = ['x', 'y', '名', 'x.y', 'y.x', 'x.x.y', '名.z']
    return Object.fromEntries(
      [0, ...this.some(1, () => 0)].map(() => [this.of(paths), this.condition()]),
    )
  }
}

async function idsOf(c: Collection, where: Filter): Promise<string[]> {
  const { records } = await c.list({ where, limit: 1_000 })
  return records.map(({ id }) => id)
}

test('100,000 pairs of a filter and a record agree with the language as it is told', async t => {
  const chance = new Chance(7)
  const records = Array.from({ length: 200 }, (_, i) => ({
    id: `r${i}`,
    metadata: chance.metadata(3),
    vector: direction(i),
  }))
  const c = (await openStore(t)).collection('c')
  await c.add(records.slice(0, 100))
  let passing = 0
  for (let number = 0; number < 500; number++) {
    // The second half comes when the paths of the first filters have been indexed.
    if (number === 250) await c.add(records.slice(100))
    const filter = chance.filter(3)
    const there = number < 250 ? records.slice(0, 100) : records
    const expected = there.filter(({ metadata }) => passes(filter, metadata)).map(({ id }) => id)
    passing += expected.length
    t.deepEqual(await idsOf(c, filter as Filter), expected, JSON.stringify(filter))
  }
  for (let number = 0; number < 130; number++) {
    const filter = chance.filter(3)
    const expected = records.filter(({ metadata }) => passes(filter, metadata)).map(({ id }) => id)
    t.deepEqual(await idsOf(c, filter as Filter), expected, JSON.stringify(filter))
  }
  t.true(passing > 10_000 && passing < 65_000, `${passing} passed: neither all nor none`)
})

test('a Date is compared with the dates that metadata has kept', async t => {
  const c = (await openStore(t)).collection('c')
  const days = [1, 10, 20, 30].map(day => new Date(Date.UTC(2026, 10, day)))
  await c.add(days.map((when, i) => ({ id: `r${i}`, metadata: { when }, vector: direction(i) })))
  const [, from, to] = days as [Date, Date, Date, Date]
  t.deepEqual(await idsOf(c, { when: { $gte: from, $lt: to } }), ['r1'])
  t.deepEqual(await idsOf(c, { when: { $gt: '2026-11-10' } }), ['r1', 'r2', 'r3'])
  t.deepEqual(await idsOf(c, { when: { $in: [from, to] } }), ['r1', 'r2'])
})

test('as many as are asked for are found while so many pass', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add(
    Array.from({ length: 3_000 }, (_, i) => ({
      id: `r${i}`,
      metadata: { price: i / 10, tags: i % 500 === 0 ? ['rare'] : ['common', `t${i % 7}`] },
      vector: direction(i / 10),
    })),
  )
  const cases: [Filter, number][] = [
    [{ tags: { $contains: 'rare' } }, 6],
    [{ price: { $gte: 100, $lt: 100.3 } }, 3],
    [{ $or: [{ price: 0 }, { price: { $gt: 299.75 } }] }, 3],
    [{ $not: { tags: 'common' } }, 6],
    [{ tags: { $regex: '^t[0-3]$' }, price: { $lte: 0.9 } }, 6],
  ]
  for (const [where, count] of cases) {
    t.is(await c.count({ where }), count, JSON.stringify(where))
    const hits = await c.searchByVector(direction(200), { where, k: 10, targetRecall: 0.8 })
    t.is(hits.length, Math.min(10, count), JSON.stringify(where))
  }
})

test('patterns that take other engines for ever take no time to speak of', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add({ id: 'a', metadata: { text: 'a'.repeat(30_000) }, vector: direction(0) })
  t.deepEqual(await idsOf(c, { text: { $regex: '^(a+)+$' } }), ['a'])
  t.deepEqual(await idsOf(c, { text: { $regex: '^(a|a)*b$' } }), [])
})

test('a filter has 32 levels at most', async t => {
  const c = (await openStore(t)).collection('c')
  await c.add({ id: 'a', metadata: { a: 1 }, vector: direction(0) })
  const nested = (levels: number): Filter =>
    levels === 0 ? { a: 1 } : { $and: [nested(levels - 1)] }
  t.deepEqual(await idsOf(c, nested(31)), ['a'])
  await t.throwsAsync(idsOf(c, nested(32)), { code: 'ERR_LIMIT_EXCEEDED', message: /32 levels/ })
})
