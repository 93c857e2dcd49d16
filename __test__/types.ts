// What the types promise. They are checked by `npm run check`; that they hold is run here.
import test from 'ava'
import {
  type Backend,
  type Collection,
  type Embeddings,
  type Encoder,
  type ErrorCode,
  HippocampError,
  type Hit,
  type Metadata,
  open,
  type StoredRecord,
} from 'hippocamp'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if the two types are the same. */
function same<A, B>(_proof: Equal<A, B>): void {}

interface Note {
  user: string
  stars?: number
}

test('metadata have the type that the collection was given', async t => {
  const store = await open(':memory:')
  const notes = store.collection<Note>('notes')
  same<typeof notes, Collection<Note>>(true)
  await notes.add({ id: 'a', metadata: { user: 'ann' }, vector: [1, 0] })
  // @ts-expect-error user is missing
  await notes.upsert({ id: 'b', metadata: { stars: 3 }, vector: [1, 0] })
  // @ts-expect-error there is no such property
  await notes.upsert({ id: 'b', metadata: { user: 'ann', star: 3 }, vector: [1, 0] })
  const [hit] = await notes.searchByVector(Float32Array.of(1, 0), { k: 1 })
  same<typeof hit, Hit<Note> | undefined>(true)
  t.is(hit?.metadata.user satisfies string | undefined, 'ann')
  t.is(hit?.metadata.stars satisfies number | undefined, undefined)
  await store.close()
})

test('metadata are anything that JSON holds where no type was given', async t => {
  const store = await open(':memory:')
  const c = store.collection('c')
  same<typeof c, Collection<Metadata>>(true)
  await c.add({ id: 'a', metadata: { any: ['thing', { at: new Date(0) }] }, vector: [1] })
  const user: unknown = (await c.get('a'))?.metadata.any
  t.deepEqual(user, ['thing', { at: '1970-01-01T00:00:00.000Z' }])
  // @ts-expect-error metadata are an object
  await t.throwsAsync(c.add({ metadata: 'text', vector: [1] }))
  await store.close()
})

test('get answers one id with one record and many with many', async t => {
  const store = await open(':memory:')
  const c = store.collection('c')
  const one = await c.get('a')
  const many = await c.get(['a', 'b'])
  same<typeof one, StoredRecord | undefined>(true)
  same<typeof many, (StoredRecord | undefined)[]>(true)
  t.deepEqual([one, many], [undefined, [undefined, undefined]])
  await store.close()
})

test('options are known by name and by type', async t => {
  const store = await open(':memory:', { durability: 'memory', limits: { k: 5 } })
  const c = store.collection('c', { metric: 'l2' })
  // @ts-expect-error misspelt
  await t.throwsAsync(c.searchByVector([1], { kk: 3 }), { code: 'ERR_INVALID_ARGUMENT' })
  // @ts-expect-error not a metric
  t.throws(() => store.collection('c', { metric: 'manhattan' }))
  // @ts-expect-error not a durability
  await t.throwsAsync(open(':memory:', { durability: 'none' }))
  // @ts-expect-error filters compare with plain values
  await t.throwsAsync(c.count({ where: { a: () => 1 } }))
  // Options may be passed on as they came, present or not.
  const options: { k?: number | undefined; signal?: AbortSignal | undefined } = { k: undefined }
  t.deepEqual(await c.searchByVector([1], options), [])
  await store.close()
})

test('a record is read-only and has what it has', t => {
  const record: StoredRecord<Note> = {
    id: 'a',
    metadata: { user: 'ann' },
    createdAt: new Date(0),
    updatedAt: new Date(0),
  }
  // @ts-expect-error read-only
  record.id = 'b'
  same<StoredRecord['text'], string | undefined>(true)
  same<Hit['score'], number>(true)
  same<Embeddings['data'], Float32Array>(true)
  same<Encoder['prompts'], Readonly<Record<string, string>>>(true)
  t.is(record.text, undefined)
})

test('an error’s code is one of those that are documented', t => {
  const error: unknown = new HippocampError('ERR_CLOSED', 'closed', { cause: 'a test' })
  if (!(error instanceof HippocampError)) return t.fail()
  same<typeof error.code, ErrorCode>(true)
  // @ts-expect-error there is no such code
  t.false(error.code === 'ERR_NO_SUCH_CODE')
  t.is(error.name, 'HippocampError')
  t.is(error.cause, 'a test')
  t.true(error instanceof Error)
})

test('a collection is a backend for memories and documents, whatever its metadata', async t => {
  const store = await open(':memory:')
  const backend: Backend = store.collection('c')
  const typed: Backend = store.collection<Note>('notes')
  t.is(await typed.count(), 0)
  await backend.add([{ id: 'a', text: 'said', vector: [1] }])
  const [record, none] = await backend.namespace([]).get(['a', 'b'])
  t.is(record?.text, 'said')
  t.is(none, undefined)
  await store.close()
})
