// What is refused, with which code, and that nothing has changed afterwards.
import vm from 'node:vm'
import test, { type ExecutionContext } from 'ava'
import { type Collection, type ErrorCode, loadEncoder, open } from 'hippocamp'
import { openStore, refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

async function collection(t: ExecutionContext): Promise<Collection> {
  const c = (await openStore(t)).collection('c', { dimension: 2 })
  await c.add({ id: 'first', text: 'first', metadata: { n: 1 }, vector: [1, 0] })
  return c
}

async function refusedUnchanged(
  t: ExecutionContext,
  c: Collection,
  code: ErrorCode,
  call: () => unknown,
  message: RegExp,
): Promise<void> {
  const error = await refused(t, code, call)
  t.regex(error.message, message)
  t.is(await c.count(), 1)
  t.like(await c.get('first'), { text: 'first', metadata: { n: 1 } })
}

test('misspelt option names are refused with the right one', async t => {
  const store = await openStore(t)
  const c = await collection(t)
  const cases: [() => unknown, RegExp][] = [
    [
      () => c.search('a', { kk: 3 } as Anything),
      /unknown option "kk" of search: did you mean "k"\?/,
    ],
    [() => c.search('a', { topK: 3 } as Anything), /"topK" of search: did you mean "k"\?/],
    [() => c.search('a', { filter: {} } as Anything), /did you mean "where"\?/],
    [
      () => c.searchByVector([1, 0], { wher: {} } as Anything),
      /searchByVector: did you mean "where"\?/,
    ],
    [() => c.searchByVector([1, 0], { minscore: 1 } as Anything), /did you mean "minScore"\?/],
    [() => c.list({ limits: 3 } as Anything), /did you mean "limit"\?/],
    [() => c.count({ were: {} } as Anything), /did you mean "where"\?/],
    [() => c.get('a', { vectors: true } as Anything), /did you mean "vector"\?/],
    [() => c.add({ vector: [1, 0] }, { sginal: 1 } as Anything), /did you mean "signal"\?/],
    [
      () => c.delete('first', { force: true } as Anything),
      /unknown option "force" of delete: known are "signal"/,
    ],
    [() => store.collection('d', { dimensions: 3 } as Anything), /did you mean "dimension"\?/],
    [() => store.collection('d', { turns: 1 as Anything }), /turns is 1: give true, or an object/],
    [() => store.collection('d', { turns: { role: 'x' } as Anything }), /"role" of turns/],
    [() => store.collection('d', { turns: { time: '' } }), /turns.time is ""/],
    [() => store.collection('d', { vectors: 0 as Anything }), /vectors is 0/],
    [() => store.collection('d', { vectors: false, dimension: 2 }), /is to have no vectors/],
    [
      () => store.collection('d', { embedder: 3 } as Anything),
      /known are "dimension", "vectors", "metric", "index", "precision", "targetRecall", "language", "turns", "encoder"/,
    ],
    [() => open(':memory:', { durabilty: 'relaxed' } as Anything), /did you mean "durability"\?/],
    [() => open(':memory:', { readonly: true } as Anything), /did you mean "readOnly"\?/],
    [
      () => open(':memory:', { limits: { K: 3 } as Anything }),
      /unknown limit "K": did you mean "k"\?/,
    ],
    [() => loadEncoder('m', { maxtokens: 3 } as Anything), /did you mean "maxTokens"\?/],
    [
      () => c.add({ metdata: {}, vector: [1, 0] } as Anything),
      /unknown key "metdata" of record 0: did you mean "metadata"\?/,
    ],
    [
      () => c.add([{ vector: [1, 0] }, { embedding: [1, 0] } as Anything]),
      /"embedding" of record 1: did you mean "vector"\?/,
    ],
  ]
  for (const [call, message] of cases) {
    await refusedUnchanged(t, c, 'ERR_INVALID_ARGUMENT', call, message)
  }
})

test('options of the wrong type are refused with the value', async t => {
  const c = await collection(t)
  const cases: [() => unknown, RegExp][] = [
    [() => c.search('a', 3 as Anything), /the options of search are 3: give an object/],
    [() => c.search('a', null as Anything), /the options of search are null/],
    [() => c.search('a', [] as Anything), /an array/],
    [() => c.search(3 as Anything), /the query is 3: give a string/],
    [() => c.search(undefined as Anything), /the query is undefined/],
    [() => c.get('first', { vector: 1 as Anything }), /vector is 1: give true or false/],
    [() => c.get(3 as Anything), /the id is 3/],
    [() => c.get([3] as Anything), /id 0 is 3/],
    [() => c.delete(undefined as Anything), /the id is undefined/],
    [() => c.list({ limit: 0 }), /limit is 0/],
    [() => c.list({ limit: 1.5 }), /limit is 1.5/],
    [() => c.list({ cursor: 3 as Anything }), /cursor is 3/],
    [() => c.list({ cursor: 'no cursor' }), /cursor "no cursor"/],
    [
      () => c.count({ signal: {} as Anything }),
      /signal is an object: give the signal of an AbortController/,
    ],
    [() => c.count({ signal: new AbortController() as Anything }), /signal is a AbortController/],
    [() => c.searchByVector([1, 0], { minScore: Number.NaN }), /minScore is NaN/],
    [() => c.search('a', { mode: 'fuzzy' as Anything }), /mode is "fuzzy": use "hybrid"/],
    [() => c.search('a', { offset: -1 }), /offset is -1/],
    [() => c.search('a', { explain: 1 as Anything }), /explain is 1/],
    [() => c.search('a', { explain: true, idsOnly: true }), /idsOnly and explain/],
    [() => c.search('a', { diversity: 2 }), /diversity is 2: give a number from 0 to 1/],
    [() => c.search('a', { ranking: 3 as Anything }), /the options of ranking are 3/],
    [() => c.search('a', { ranking: { alpha: 1 } as Anything }), /"alpha" of ranking: known are/],
    [() => c.search('a', { ranking: { fusion: 'max' as Anything } }), /ranking.fusion is "max"/],
    [() => c.search('a', { ranking: { words: 1.5 } }), /ranking.words is 1.5/],
    [() => c.search('a', { ranking: { pool: 0 } }), /ranking.pool is 0/],
    [() => c.search('a', { ranking: { k1: -1 } }), /ranking.k1 is -1/],
    [() => c.search('a', { ranking: { previous: 2 } }), /ranking.previous is 2/],
    [() => c.search('a', { ranking: { question: NaN } }), /ranking.question is NaN/],
    [() => c.search('a', { ranking: { rankConstant: 0 } }), /ranking.rankConstant is 0/],
    [() => c.search('a', { ranking: { background: 1 as Anything } }), /ranking.background is 1/],
    [() => c.search('a', { recency: {} as Anything }), /recency.halfLife is undefined/],
    [() => c.searchByVector([1, 0], { recency: { halfLife: 0 } }), /recency.halfLife is 0/],
    [
      () => c.search('a', { recency: { halfLife: 1, now: new Date(Number.NaN) } }),
      /recency.now is NaN/,
    ],
    [() => c.search('a', { boost: {} as Anything }), /boost.field is undefined/],
    [() => c.searchByVector([1, 0], { boost: { field: 'n', max: 0 } }), /boost.max is 0/],
    [() => c.search('a', { groupBy: '' }), /groupBy is ""/],
    [() => c.search('a', { groupBy: { field: 'n', size: 0 } }), /groupBy.size is 0/],
    [() => c.searchByVector([1, 0], { mode: 'lexical' }), /the query is a vector/],
    [() => c.whyNot('a', 3 as Anything), /the id is 3/],
    [() => c.namespace('user' as Anything), /the namespace is "user"/],
    [() => c.namespace([3 as Anything]), /part 0 of the namespace is 3/],
    [() => c.namespace(['']), /empty/],
    [() => c.namespace(['a\0']), /NUL/],
    [() => c.add(3 as Anything), /record 0 is 3: give an object/],
    [() => c.add([null as Anything]), /record 0 is null/],
    [() => c.add({ id: 3 as Anything, vector: [1, 0] }), /the id of record 0 is 3/],
    [() => c.add({ text: 3 as Anything, vector: [1, 0] }), /the text of record 0 is 3/],
    [() => c.add({ vector: 'abc' as Anything }), /the vector of record 0 is "abc"/],
    [() => c.add({ id: 'x' }), /record 0.*neither text nor vector/],
    [() => open(''), /path is ""/],
    [() => open(3 as Anything), /path is 3/],
    [() => open('a\0b'), /path is/],
    [
      () => open(':memory:', { durability: 'none' as Anything }),
      /durability is "none": use "durable", "relaxed", "memory"/,
    ],
    [() => open(':memory:', { busyTimeout: -1 }), /busyTimeout is -1/],
    [() => open(':memory:', { readOnly: 'yes' as Anything }), /readOnly is "yes"/],
    [() => open(':memory:', { limits: { k: 0 } }), /limits.k is 0/],
    [() => open(':memory:', { limits: { metadataDepth: 101 } }), /metadataDepth is 101/],
    [() => open(':memory:', { encoder: {} as Anything }), /encoder is an object: give an Encoder/],
    [() => loadEncoder(''), /model is ""/],
    [() => loadEncoder(undefined as Anything), /model is undefined/],
    [() => loadEncoder('m', { pooling: 'sum' as Anything }), /pooling is "sum"/],
    [() => loadEncoder('m', { cpu: 'mmx' as Anything }), /cpu is "mmx"/],
    [() => loadEncoder('m', { precision: 'fp16' as Anything }), /precision is "fp16"/],
    [() => loadEncoder('m', { maxTokens: 0 }), /maxTokens is 0/],
    [() => loadEncoder('m', { dimensions: 0 }), /dimensions is 0/],
    [() => loadEncoder('m', { prompts: { query: 3 } as Anything }), /prompt "query" is 3/],
  ]
  for (const [call, message] of cases) {
    await refusedUnchanged(t, c, 'ERR_INVALID_ARGUMENT', call, message)
  }
})

test('a collection’s options are checked when it is named', async t => {
  const store = await openStore(t)
  const cases: [() => unknown, ErrorCode][] = [
    [() => store.collection(''), 'ERR_INVALID_ARGUMENT'],
    [() => store.collection(3 as Anything), 'ERR_INVALID_ARGUMENT'],
    [() => store.collection('a\0'), 'ERR_INVALID_ARGUMENT'],
    [() => store.collection('\ud800'), 'ERR_INVALID_ARGUMENT'],
    [() => store.collection('x'.repeat(513)), 'ERR_LIMIT_EXCEEDED'],
    [() => store.collection('c', { dimension: 0 }), 'ERR_INVALID_ARGUMENT'],
    [() => store.collection('c', { dimension: 16_385 }), 'ERR_LIMIT_EXCEEDED'],
    [() => store.collection('c', { metric: 'hamming' as Anything }), 'ERR_INVALID_ARGUMENT'],
    [() => store.collection('c', { encoder: 'model' as Anything }), 'ERR_INVALID_ARGUMENT'],
  ]
  for (const [call, code] of cases) {
    t.throws(call, { code })
    await refused(t, code, call)
  }
})

test('k is a whole number from 1 to the limit', async t => {
  const c = await collection(t)
  for (const k of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null, 3n]) {
    await refusedUnchanged(
      t,
      c,
      'ERR_INVALID_ARGUMENT',
      () => c.searchByVector([1, 0], { k: k as Anything }),
      /^k is /,
    )
  }
  for (const k of [10_001, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    await refusedUnchanged(
      t,
      c,
      'ERR_LIMIT_EXCEEDED',
      () => c.searchByVector([1, 0], { k }),
      new RegExp(`${k}.*10000`),
    )
  }
})

test('vectors of NaN, infinities or no direction are refused, naming the row', async t => {
  const c = await collection(t)
  const vectors: (number[] | Float32Array | Float64Array)[] = [
    [Number.NaN, 1],
    [1, Number.POSITIVE_INFINITY],
    [1, 1e300],
    ['1' as Anything, 1],
    [undefined as Anything, 1],
    [null as Anything, 1],
    new Array(2),
    [0, 0],
    Float32Array.of(Number.NaN, 1),
    Float32Array.of(1, Number.NEGATIVE_INFINITY),
    Float32Array.of(0, -0),
    Float64Array.of(1, 1e300),
  ]
  for (const vector of vectors) {
    const records = [{ vector: [1, 0] }, { id: 'bad', vector }]
    for (const write of ['add', 'upsert'] as const) {
      await refusedUnchanged(t, c, 'ERR_INVALID_VECTOR', () => c[write](records), /record 1/)
    }
    await refusedUnchanged(t, c, 'ERR_INVALID_VECTOR', () => c.searchByVector(vector), /query/)
  }
})

test('a zero vector has a length under l2 and dot', async t => {
  const store = await openStore(t)
  for (const metric of ['l2', 'dot'] as const) {
    const c = store.collection(metric, { metric })
    await c.add({ id: 'zero', vector: [0, 0] })
    t.is((await c.searchByVector([0, 0]))[0]?.id, 'zero')
  }
})

test('the dimension must be the collection’s', async t => {
  const c = await collection(t)
  for (const vector of [[], [1], [1, 2, 3], new Float32Array(384).fill(1)]) {
    const records = [{ vector: [1, 0] }, { vector }]
    await refusedUnchanged(t, c, 'ERR_DIMENSION_MISMATCH', () => c.add(records), /record 1/)
    await refusedUnchanged(t, c, 'ERR_DIMENSION_MISMATCH', () => c.searchByVector(vector), /query/)
  }
})

test('metadata that JSON cannot hold is refused, naming the place', async t => {
  const c = await collection(t)
  const cycle: Anything = { a: [{}] }
  cycle.a[0].self = cycle
  class Person {}
  const cases: [Anything, RegExp][] = [
    [cycle, /contains itself at "a\.0\.self"/],
    [{ a: { b: 3n } }, /has the BigInt 3 at "a\.b"/],
    [{ f: () => 1 }, /has a function at "f"/],
    [{ s: Symbol('s') }, /has a symbol at "s"/],
    [{ n: Number.NaN }, /has NaN at "n"/],
    [{ n: [1, Number.POSITIVE_INFINITY] }, /has Infinity at "n\.1"/],
    [{ m: new Map() }, /has a Map at "m"/],
    [{ p: new Person() }, /has a Person at "p"/],
    [{ v: new Float32Array(2) }, /has a Float32Array at "v"/],
    [{ d: new Date(Number.NaN) }, /has an invalid Date at "d"/],
    [{ k: { '\ud800': 1 } }, /a key with a lone surrogate/],
    [[1], /is an array: give a plain object/],
    ['text', /is "text"/],
    [null, /is null/],
    [new Map([['a', 1]]), /is a Map/],
    [{ __proto__: { admin: true } }, /is an object: give a plain object/],
  ]
  for (const [metadata, message] of cases) {
    const records = [{ vector: [1, 0] }, { vector: [1, 0], metadata }]
    await refusedUnchanged(t, c, 'ERR_INVALID_METADATA', () => c.add(records), message)
    await refusedUnchanged(t, c, 'ERR_INVALID_METADATA', () => c.upsert(records), /record 1/)
  }
})

test('metadata as large and as deep as allowed is stored, and no more', async t => {
  const c = await collection(t)
  const nested = (levels: number): Anything => (levels === 1 ? { x: 1 } : { a: nested(levels - 1) })
  const sized = (bytes: number) => ({ a: 'x'.repeat(bytes - 8) })
  const add = (metadata: Anything) => c.add({ id: 'm', metadata, vector: [1, 0] })
  for (const metadata of [nested(33), nested(100), sized(65_537)]) {
    await refusedUnchanged(
      t,
      c,
      'ERR_LIMIT_EXCEEDED',
      () => add(metadata),
      /the metadata of record 0/,
    )
  }
  for (const metadata of [nested(32), sized(65_536)]) {
    await add(metadata)
    t.deepEqual((await c.get('m'))?.metadata, metadata)
    await c.delete('m')
  }
})

test('what JSON converts is stored as JSON has it', async t => {
  const c = await collection(t)
  const date = new Date('2026-01-02T03:04:05.678Z')
  const other = vm.runInNewContext('({ from: [{ another: "realm" }] })')
  await c.add({
    id: 'm',
    vector: [1, 0],
    metadata: {
      date,
      gone: undefined,
      hole: [1, undefined],
      zero: -0,
      other,
      bare: Object.create(null),
    },
  })
  t.deepEqual((await c.get('m'))?.metadata, {
    date: '2026-01-02T03:04:05.678Z',
    hole: [1, null],
    zero: 0,
    other: { from: [{ another: 'realm' }] },
    bare: {},
  })
})

test('__proto__ in metadata stays plain data and pollutes nothing', async t => {
  const c = await collection(t)
  const metadata = JSON.parse(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  )
  await c.add({ id: 'm', vector: [1, 0], metadata })
  const stored = (await c.get('m'))?.metadata ?? {}
  t.is(JSON.stringify(stored), JSON.stringify(metadata))
  t.true(Object.hasOwn(stored, '__proto__'))
  t.is(Object.getPrototypeOf(stored), Object.prototype)
  t.is(({} as Anything).polluted, undefined)
  t.is((stored as Anything).polluted, undefined)
  const where = JSON.parse('{"__proto__.polluted":1}')
  t.deepEqual(
    (await c.searchByVector([1, 0], { where })).map(hit => hit.id),
    ['m'],
  )
})

test('an error thrown by a getter of the caller is passed on as it is', async t => {
  const c = await collection(t)
  const metadata = {
    get broken() {
      throw new TypeError('theirs')
    },
  }
  const error = await t.throwsAsync(c.add({ vector: [1, 0], metadata }))
  t.is(error?.constructor, TypeError)
  t.is(error?.message, 'theirs')
})

test('a filter that is none is refused', async t => {
  const c = await collection(t)
  const cases: [Anything, ErrorCode, RegExp][] = [
    ['user', 'ERR_INVALID_FILTER', /the filter is "user"/],
    [['user'], 'ERR_INVALID_FILTER', /the filter is an array/],
    [null, 'ERR_INVALID_FILTER', /the filter is null/],
    [{ user: undefined }, 'ERR_INVALID_FILTER', /has undefined at "user"/],
    [{ user: Number.NaN }, 'ERR_INVALID_FILTER', /has NaN at "user"/],
    [{ user: 3n }, 'ERR_INVALID_FILTER', /BigInt/],
    [{ user: { $gtt: 3 } }, 'ERR_INVALID_FILTER', /user\.\$gtt is an unknown operator/],
    [{ user: { $gt: null } }, 'ERR_INVALID_FILTER', /user\.\$gt is null: give a number/],
    [{ user: { $regex: '(' } }, 'ERR_INVALID_FILTER', /user\.\$regex is no pattern/],
    [{ user: /(?=x)/ }, 'ERR_INVALID_FILTER', /user\.\$regex is no pattern/],
    [{ user: { name: 'ann' } }, 'ERR_INVALID_FILTER', /user\.name/],
    [{ $or: [] }, 'ERR_INVALID_FILTER', /\$or is empty/],
    [{ $or: [{ a: 1 }, 7] }, 'ERR_INVALID_FILTER', /at \$or\[1\] is a number/],
    [{ user: [1] }, 'ERR_INVALID_FILTER', /user/],
    [{ 'a..b': 1 }, 'ERR_INVALID_FILTER', /a\.\.b/],
    [
      Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, 1])),
      'ERR_LIMIT_EXCEEDED',
      /more than 1000 conditions/,
    ],
  ]
  for (const [where, code, message] of cases) {
    await refusedUnchanged(t, c, code, () => c.searchByVector([1, 0], { where }), message)
    await refusedUnchanged(t, c, code, () => c.list({ where }), message)
    await refusedUnchanged(t, c, code, () => c.count({ where }), message)
  }
})

test('ids with NUL, lone surrogates or 513 bytes are refused, and any others come back', async t => {
  const c = await collection(t)
  const cases: [string, ErrorCode][] = [
    ['', 'ERR_INVALID_ARGUMENT'],
    ['a\0b', 'ERR_INVALID_ARGUMENT'],
    ['\ud83d', 'ERR_INVALID_ARGUMENT'],
    ['a\udc00', 'ERR_INVALID_ARGUMENT'],
    ['x'.repeat(513), 'ERR_LIMIT_EXCEEDED'],
    ['语'.repeat(171), 'ERR_LIMIT_EXCEEDED'],
  ]
  for (const [id, code] of cases) {
    await refusedUnchanged(t, c, code, () => c.add([{ id, vector: [1, 0] }]), /id|NUL/)
    await refusedUnchanged(t, c, code, () => c.get(id), /id/)
    await refusedUnchanged(t, c, code, () => c.delete([id]), /id/)
  }
  const ids = [
    '😀',
    'x'.repeat(512),
    '语'.repeat(170),
    ' ',
    '\n',
    'שלום',
    '__proto__',
    '1e3',
    'null',
  ]
  await c.add(ids.map(id => ({ id, vector: [1, 0] })))
  t.deepEqual(
    (await c.get(ids)).map(record => record?.id),
    ids,
  )
  t.is(await c.delete(ids), ids.length)
})

test('texts keep everything but lone surrogates, which become U+FFFD', async t => {
  const c = await collection(t)
  const texts: [string, string][] = [
    ['', ''],
    [' \t\r\n', ' \t\r\n'],
    ['a\0b', 'a\0b'],
    ['👩‍👩‍👧 مرحبا 你好', '👩‍👩‍👧 مرحبا 你好'],
    ['cut \ud83d off', 'cut \ufffd off'],
    ['\udc00', '\ufffd'],
    ['x'.repeat(1 << 20), 'x'.repeat(1 << 20)],
  ]
  for (const [given, stored] of texts) {
    const metadata = { start: given.slice(0, 100) }
    await c.upsert({ id: 'x', text: given, metadata, vector: [1, 0] })
    const record = await c.get('x')
    t.true(record?.text === stored)
    t.is(record?.metadata.start, stored.slice(0, 100))
  }
  await c.delete('x')
  const long = 'x'.repeat((1 << 20) + 1)
  await refusedUnchanged(
    t,
    c,
    'ERR_LIMIT_EXCEEDED',
    () => c.add({ text: long, vector: [1, 0] }),
    /1048577/,
  )
})

test('a batch above the limits is refused before it is taken on', async t => {
  const c = await collection(t)
  const record = { vector: [1, 0] }
  const many = new Array(100_001).fill(record)
  await refusedUnchanged(t, c, 'ERR_LIMIT_EXCEEDED', () => c.add(many), /100001.*100000/)
  await refusedUnchanged(
    t,
    c,
    'ERR_LIMIT_EXCEEDED',
    () => c.get(new Array(100_001).fill('a')),
    /100001/,
  )
  const heavy = new Array(300).fill({ text: 'x'.repeat(1 << 20), vector: [1, 0] })
  await refusedUnchanged(t, c, 'ERR_LIMIT_EXCEEDED', () => c.add(heavy), /bytes.*batchBytes/)
})
