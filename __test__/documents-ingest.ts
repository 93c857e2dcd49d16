// Folders brought into a real store, encoded by a real encoder, and kept as they are.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import type { Backend } from 'hippocamp'
import {
  cite,
  type IngestOptions,
  type IngestProgress,
  ingest,
  loadFile,
  RecursiveCharacterTextSplitter,
} from 'hippocamp/documents'
import { encoded, observed } from './support/backends.js'
import { all, collectionOf, folderOf, numbers, put } from './support/ingested.js'
import { testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { openStore, refused, storePath } from './support/stores.js'

const FIXTURES = join(root, '__test__', 'fixtures', 'documents')
const INGEST = join(root, '__test__', 'fixtures', 'ingest.mjs')
const MANUALS = join(
  resolve(root, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared'),
  'data',
  'product-kb',
  'manuals',
)

/** Everything that is stored, in an order that does not depend on when. */
async function contents(backend: Backend) {
  const records = (await all(backend)).map(({ id, text, metadata }) => ({ id, text, metadata }))
  return records.sort((a, b) => (a.id < b.id ? -1 : 1))
}

const sections = (count: number, say = (at: number) => `Section ${at} tells of topic ${at}.`) =>
  Array.from(
    { length: count },
    (_, at) => `## Part ${at}\n\n${say(at)} ${'Some more words. '.repeat(8)}`,
  ).join('\n\n')

const SMALL = { chunkSize: 200, chunkOverlap: 0 }
const small = () => new RecursiveCharacterTextSplitter(SMALL)

// What is stored

testWithModel(
  'every chunk is cut out of its document by its offsets, in every format',
  async (t, encoder) => {
    const folder = await folderOf(t, {
      'a.txt': `一行\n${'Plain text of a file. '.repeat(30)}\r\nlast line`,
      'b.md': `---\ntitle: Guide\ntags: [x]\n---\n# Guide\n\n${sections(4)}\n`,
      'c.html': `<h1>Page</h1><p>${'Words of a page. '.repeat(30)}</p><ul><li>one</li></ul>`,
      'd.csv': 'name,text\n水壶,"烧水\n用"\nLamp,for light\n',
      'e.json': JSON.stringify([{ a: 'first', b: 1 }, { a: 'second' }]),
      'f.jsonl': '{"a":"line one"}\n{"a":"第二行"}\n',
    })
    await cp(FIXTURES, join(folder, 'real'), { recursive: true })
    const collection = await collectionOf(t, encoder)
    const report = await ingest(folder, { collection, splitter: small() })
    t.deepEqual(numbers(report), [11, 0, 0, 0, 1])
    t.regex(report.failed[0]?.error.message ?? '', /encrypted\.pdf: it is encrypted/)

    const chunks = await all(collection)
    t.is(chunks.length, report.chunks)
    const formats = new Set<string>()
    for (const { text, metadata } of chunks) {
      const documents = await loadFile(join(folder, metadata.source))
      const document = documents[metadata.ingest.document ?? 0]
      t.is(document?.text.slice(metadata.start, metadata.end), text)
      t.is(document?.format, metadata.format)
      formats.add(metadata.format)
      const { page, lastPage = page } = metadata
      for (const span of document?.pages ?? []) {
        const touches = span.start < metadata.end && metadata.start < span.end
        t.is(touches, span.page >= (page ?? 0) && span.page <= (lastPage ?? 0))
      }
    }
    t.is(formats.size, 8)
  },
)

testWithModel('a chunk knows its file, title, lines, pages and headings', async (t, encoder) => {
  const text = `---\ntitle: Guide\ntags: [x]\n---\n# Guide\n\n${sections(3)}\n`
  const folder = await folderOf(t, { 'sub/b.md': text, 'rows.csv': 'name\nKettle\n"two\nlines"\n' })
  await cp(join(FIXTURES, 'kettle.zh.pdf'), join(folder, '说明书.pdf'))
  const collection = await collectionOf(t, encoder)
  await ingest(folder, {
    collection,
    splitter: small(),
    metadata: { team: 'docs', source: 'mine' },
  })
  const chunks = await all(collection)
  const fileLines = text.split('\n')
  const guide = chunks.filter(({ metadata }) => metadata.source === 'sub/b.md')
  t.deepEqual(
    guide.map(({ metadata }) => metadata.headings),
    [['Guide'], ['Guide', 'Part 1'], ['Guide', 'Part 2']],
  )
  for (const { text: words = '', metadata } of guide) {
    t.like(metadata, { title: 'Guide', tags: ['x'], team: 'docs', format: 'markdown' })
    const { from = 0, to = 0 } = metadata.lines ?? {}
    t.is(
      fileLines
        .slice(from - 1, to)
        .join('\n')
        .trim(),
      words,
    )
  }
  const rows = chunks.filter(({ metadata }) => metadata.source === 'rows.csv')
  t.deepEqual(
    rows.map(({ text, metadata }) => [text, metadata.lines, metadata.ingest.document]),
    [
      ['name: Kettle', { from: 2, to: 2 }, 0],
      ['name: two\nlines', { from: 3, to: 4 }, 1],
    ],
  )
  const pdf = chunks.filter(({ metadata }) => metadata.source === '说明书.pdf')
  t.deepEqual(
    pdf.map(({ metadata }) => [metadata.page, metadata.lastPage]),
    [[1, 3]],
  )
  const where = { source: 'sub/b.md', tags: 'x' }
  const { records } = await collection.list({ where, sort: 'ingest.chunk' })
  t.deepEqual(
    records.map(({ text }) => text),
    guide.map(({ text }) => text),
  )
})

// What the second run does

testWithModel(
  'an unchanged folder is read, and nothing is written or encoded',
  async (t, encoder) => {
    const folder = await folderOf(t, { 'a.md': sections(5), 'b.md': '短文。', 'empty.txt': ' \n' })
    const store = await openStore(t, { encoder })
    const collection = store.collection('docs')
    const first = await ingest(folder, { collection, splitter: small() })
    t.deepEqual(numbers(first), [2, 0, 0, 1, 0])
    const before = await all(collection)
    const { lsn } = await store.stats()

    const { backend, writes } = observed(collection)
    const again = await ingest(folder, { collection: backend, splitter: small() })
    t.deepEqual(numbers(again), [0, 0, 0, 3, 0])
    t.is(again.chunks, 0)
    t.is(again.bytes, first.bytes)
    t.deepEqual(writes, [])
    t.is((await store.stats()).lsn, lsn)
    t.deepEqual(await all(collection), before)
  },
)

testWithModel('a file of which nothing comes is parsed once', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.txt': ' \n', 'b.json': '{', 'c.txt': 'text' })
  const collection = await collectionOf(t, encoder)
  let splits = 0
  const splitter = {
    split: async (text: string) => {
      splits++
      return text.trim() === '' ? [] : [{ text, start: 0, end: text.length }]
    },
  }
  const first = await ingest(folder, { collection, splitter })
  t.deepEqual(numbers(first), [1, 0, 0, 1, 1])
  t.is(splits, 2)
  const again = await ingest(folder, { collection, splitter })
  t.deepEqual(numbers(again), [0, 0, 0, 2, 1])
  t.is(splits, 2)
  t.is(again.failed[0]?.error, first.failed[0]?.error)
  await put(folder, 'a.txt', 'now with text')
  await put(folder, 'b.json', '{"a":1}')
  t.deepEqual(numbers(await ingest(folder, { collection, splitter })), [2, 0, 0, 1, 0])
  // What was stored of a file before it was emptied goes, every time.
  await put(folder, 'a.txt', ' \n')
  t.deepEqual(numbers(await ingest(folder, { collection, splitter })), [0, 1, 0, 2, 0])
  await put(folder, 'a.txt', 'now with text')
  t.deepEqual(numbers(await ingest(folder, { collection, splitter })), [1, 0, 0, 2, 0])
  await put(folder, 'a.txt', ' \n')
  t.deepEqual(numbers(await ingest(folder, { collection, splitter })), [0, 1, 0, 2, 0])
  t.is(await collection.count(), 2)
})

testWithModel('of a changed file only the changed chunks are encoded', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': sections(10), 'b.md': sections(3) })
  const collection = await collectionOf(t, encoder)
  await ingest(folder, { collection, splitter: small() })
  const before = await collection.get(
    (await all(collection)).map(({ id }) => id),
    { vector: true },
  )

  const changed = `A new beginning.\n\n${sections(10, at => (at === 4 ? 'Rewritten.' : `Section ${at} tells of topic ${at}.`))}`
  await put(folder, 'a.md', changed)
  const { backend, writes } = observed(collection)
  const report = await ingest(folder, { collection: backend, splitter: small() })
  t.deepEqual(numbers(report), [0, 1, 0, 1, 0])
  t.true(report.chunks <= 3, String(report.chunks))
  t.is(encoded(writes), report.chunks)

  const fresh = await collectionOf(t, encoder)
  await ingest(folder, { collection: fresh, splitter: small() })
  t.deepEqual(await contents(collection), await contents(fresh))
  const kept = new Map(before.map(record => [record?.id, record?.vector]))
  const after = await collection.get(
    (await all(collection)).map(({ id }) => id),
    { vector: true },
  )
  const same = after.filter(record => kept.has(record?.id))
  t.true(same.length >= 10)
  for (const record of same) t.deepEqual(record?.vector, kept.get(record?.id))
})

testWithModel(
  'of a removed file the chunks are deleted, under its root alone',
  async (t, encoder) => {
    const one = await folderOf(t, { 'a.md': sections(3), 'sub/b.md': '第二篇' })
    const other = await folderOf(t, { 'a.md': sections(3) })
    const collection = await collectionOf(t, encoder)
    await ingest(one, { collection })
    await ingest(other, { collection })
    await collection.add({ text: 'not of a file' })
    await rm(join(one, 'a.md'))
    const report = await ingest(one, { collection })
    t.deepEqual(numbers(report), [0, 0, 1, 1, 0])
    const left = await all(collection)
    t.deepEqual(
      [
        ...new Set(left.map(({ metadata }) => [metadata.ingest?.root, metadata.source].join())),
      ].sort(),
      [',', [one, 'sub/b.md'].join(), [other, 'a.md'].join()].sort(),
    )
    await rm(join(one, 'sub'), { recursive: true })
    t.deepEqual(numbers(await ingest(one, { collection })), [0, 0, 1, 0, 0])
    t.deepEqual(numbers(await ingest(other, { collection })), [0, 0, 0, 1, 0])
  },
)

testWithModel('what a pattern does not want is left alone', async (t, encoder) => {
  const folder = await folderOf(t, {
    'a.md': 'A',
    'b.txt': 'B',
    'sub/c.md': 'C',
    'code.xyz': 'D',
    '.hidden.md': 'no',
    'node_modules/x.md': 'no',
  })
  const collection = await collectionOf(t, encoder)
  const sources = async () => (await all(collection)).map(({ metadata }) => metadata.source).sort()
  t.deepEqual(numbers(await ingest(folder, { collection })), [3, 0, 0, 0, 0])
  t.deepEqual(await sources(), ['a.md', 'b.txt', 'sub/c.md'])
  t.deepEqual(numbers(await ingest(folder, { collection, glob: '**/*.md' })), [0, 0, 0, 2, 0])
  await rm(join(folder, 'a.md'))
  t.deepEqual(
    numbers(await ingest(folder, { collection, glob: ['*.txt', '*.xyz'] })),
    [1, 0, 0, 1, 0],
  )
  t.deepEqual(await sources(), ['a.md', 'b.txt', 'code.xyz', 'sub/c.md'])
  t.deepEqual(
    numbers(await ingest(folder, { collection, glob: '**/*.md', prune: false })),
    [0, 0, 0, 1, 0],
  )
  t.deepEqual(numbers(await ingest(folder, { collection, glob: '**/*.md' })), [0, 0, 1, 1, 0])
  t.deepEqual(await sources(), ['b.txt', 'code.xyz', 'sub/c.md'])
})

testWithModel(
  'other settings split every file again, and keep what stays the same',
  async (t, encoder) => {
    const folder = await folderOf(t, { 'a.md': sections(4), 'b.md': 'short' })
    const collection = await collectionOf(t, encoder)
    await ingest(folder, { collection, splitter: small() })
    const options: Omit<IngestOptions, 'collection'>[] = [
      { splitter: new RecursiveCharacterTextSplitter({ ...SMALL, chunkSize: 300 }) },
      { splitter: small(), metadata: { edition: 2 } },
      { splitter: small(), clean: { hyphenation: true } },
    ]
    for (const option of options) {
      const report = await ingest(folder, { collection, ...option })
      t.deepEqual(numbers(report), [0, 2, 0, 0, 0])
      const fresh = await collectionOf(t, encoder)
      await ingest(folder, { collection: fresh, ...option })
      t.deepEqual(await contents(collection), await contents(fresh))
      t.deepEqual(numbers(await ingest(folder, { collection, ...option })), [0, 0, 0, 2, 0])
    }
    // The last one changed settings only, which needs no encoding.
    const { backend, writes } = observed(collection)
    await ingest(folder, { collection: backend, splitter: small(), metadata: { edition: 3 } })
    t.is(encoded(writes), 0)
    t.is(await collection.count({ where: { edition: 3 } }), await collection.count())
  },
)

// Single files and documents in memory

testWithModel('one file of a folder can be brought up to date alone', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one', 'sub/b.md': 'two' })
  const collection = await collectionOf(t, encoder)
  await ingest(folder, { collection })
  await put(folder, 'sub/b.md', 'two, changed')
  const file = join(folder, 'sub', 'b.md')
  t.deepEqual(numbers(await ingest(file, { collection, root: folder })), [0, 1, 0, 0, 0])
  t.deepEqual(numbers(await ingest(folder, { collection })), [0, 0, 0, 2, 0])
  await rm(file)
  const gone = await ingest([pathToFileURL(file), join(folder, 'a.md')], {
    collection,
    root: folder,
  })
  t.deepEqual(numbers(gone), [0, 0, 1, 1, 0])
  t.deepEqual(
    (await all(collection)).map(({ text }) => text),
    ['one'],
  )
  // What was never there is a failure, and a folder below the root is the root's.
  const absent = await ingest(file, { collection, root: folder })
  t.regex(absent.failed[0]?.error.message ?? '', /cannot read .*b\.md.*ENOENT/)
  await put(folder, 'sub/c.md', 'three')
  t.deepEqual(
    numbers(await ingest(join(folder, 'sub'), { collection, root: folder })),
    [1, 0, 0, 0, 0],
  )
  t.deepEqual(numbers(await ingest(folder, { collection })), [0, 0, 0, 2, 0])
  await refused(t, 'ERR_INVALID_ARGUMENT', () =>
    ingest(folder, { collection, root: join(folder, 'sub') }),
  )
})

testWithModel('documents in memory are ingested by their names', async (t, encoder) => {
  const collection = await collectionOf(t, encoder)
  const documents = [
    { name: 'faq/一.md', content: '# 退货\n\n七天内可以退货。' },
    { name: 'faq/two.txt', content: Buffer.from('Batteries are not included.') },
  ]
  t.deepEqual(numbers(await ingest(documents, { collection, name: 'faq' })), [2, 0, 0, 0, 0])
  t.deepEqual(numbers(await ingest(documents, { collection, name: 'faq' })), [0, 0, 0, 2, 0])
  const [first] = documents
  if (!first) return
  const changed = { ...first, content: '# 退货\n\n十四天内可以退货。' }
  t.deepEqual(numbers(await ingest(changed, { collection, name: 'faq' })), [0, 1, 0, 0, 0])
  t.deepEqual(
    numbers(await ingest([changed], { collection, name: 'faq', prune: true })),
    [0, 0, 1, 1, 0],
  )
  t.deepEqual(
    (await all(collection)).map(({ metadata }) => metadata.source),
    ['faq/一.md'],
  )
})

testWithModel('a hidden file that was named is not taken for gone', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one', '.hidden/b.md': 'two' })
  const collection = await collectionOf(t, encoder)
  await ingest(join(folder, '.hidden', 'b.md'), { collection, root: folder })
  t.deepEqual(numbers(await ingest(folder, { collection })), [1, 0, 0, 0, 0])
  t.is(await collection.count(), 2)
})

testWithModel('a folder with a name can move', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one' })
  const collection = await collectionOf(t, encoder)
  await ingest(folder, { collection, name: 'manuals' })
  await rename(folder, `${folder}-moved`)
  const report = await ingest(`${folder}-moved`, { collection, name: 'manuals' })
  t.deepEqual(numbers(report), [0, 0, 0, 1, 0])
})

// Broken files

testWithModel('broken files are reported, and the others are there', async (t, encoder) => {
  const folder = await folderOf(t, {
    'good.md': 'good',
    'broken.json': '{"a":',
    'binary.txt': Buffer.from([1, 0, 2]),
    'damaged.pdf': 'no PDF',
    'damaged.docx': 'no DOCX',
    'large.txt': 'x'.repeat(5_000),
    'meta.md': `---\nlong: ${'y'.repeat(70_000)}\n---\ntext`,
  })
  const collection = await collectionOf(t, encoder)
  const report = await ingest(folder, { collection, maxBytes: 100_000, splitter: small() })
  t.deepEqual(numbers(report), [2, 0, 0, 0, 5])
  t.deepEqual(
    report.failed.map(({ path, error }) => [path, (error as { code?: string }).code]).sort(),
    [
      [join(folder, 'binary.txt'), 'ERR_DOCUMENT_INVALID'],
      [join(folder, 'broken.json'), 'ERR_DOCUMENT_INVALID'],
      [join(folder, 'damaged.docx'), 'ERR_DOCUMENT_INVALID'],
      [join(folder, 'damaged.pdf'), 'ERR_DOCUMENT_INVALID'],
      [join(folder, 'meta.md'), 'ERR_LIMIT_EXCEEDED'],
    ],
  )
  // What was stored of a file stays when it breaks, until it is repaired or gone.
  await put(folder, 'good.md', Buffer.from([1, 0, 2]))
  t.deepEqual(numbers(await ingest(folder, { collection, splitter: small() })), [0, 0, 0, 1, 6])
  t.is(await collection.count({ where: { source: 'good.md' } }), 1)
  await rm(join(folder, 'good.md'))
  t.deepEqual(numbers(await ingest(folder, { collection, splitter: small() })), [0, 0, 1, 1, 5])
})

testWithModel('loops of links end, and links are followed on demand', async (t, encoder) => {
  const folder = await folderOf(t, { 'sub/a.md': 'one' })
  const elsewhere = await folderOf(t, { 'b.md': 'two' })
  await symlink(folder, join(folder, 'sub', 'loop'))
  await symlink(join(folder, 'self'), join(folder, 'self'))
  await symlink(elsewhere, join(folder, 'elsewhere'))
  await symlink(join(elsewhere, 'b.md'), join(folder, 'link.md'))
  const collection = await collectionOf(t, encoder)
  t.deepEqual(numbers(await ingest(folder, { collection })), [1, 0, 0, 0, 0])
  t.deepEqual(numbers(await ingest(folder, { collection, followSymlinks: true })), [2, 0, 0, 1, 0])
  t.deepEqual((await all(collection)).map(({ metadata }) => metadata.source).sort(), [
    'elsewhere/b.md',
    'link.md',
    'sub/a.md',
  ])
})

testWithModel('what the store itself ends with ends the ingest', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one', 'b.md': 'two' })
  const bare = (await openStore(t)).collection('docs')
  await refused(t, 'ERR_ENCODER_REQUIRED', () => ingest(folder, { collection: bare }))
  const store = await openStore(t, { encoder })
  const collection = store.collection('docs')
  await store.close()
  await refused(t, 'ERR_CLOSED', () => ingest(folder, { collection }))
})

// Interruptions

testWithModel(
  'an ingest that fails at any write is completed by the next one',
  async (t, encoder) => {
    const before = { 'a.md': sections(4), 'b.md': sections(3), 'gone.md': sections(2) }
    const after = { 'a.md': `New.\n\n${sections(5)}`, 'b.md': sections(1), 'c.md': sections(2) }
    const fresh = await collectionOf(t, encoder)
    const folder = await folderOf(t, after)
    await ingest(folder, { collection: fresh, splitter: small() })
    const expected = await contents(fresh)

    let failures = 0
    for (let last = 0; ; last++) {
      const collection = await collectionOf(t, encoder)
      await rm(folder, { recursive: true })
      for (const [name, text] of Object.entries(before)) await put(folder, name, text)
      await ingest(folder, { collection, splitter: small() })
      await rm(folder, { recursive: true })
      for (const [name, text] of Object.entries(after)) await put(folder, name, text)

      let writes = 0
      const { backend } = observed(collection, () => {
        if (writes++ >= last) throw new Error('the power is off')
      })
      const stopped = await ingest(folder, { collection: backend, splitter: small() }).then(
        () => false,
        error => error.message === 'the power is off',
      )
      await ingest(folder, { collection, splitter: small() })
      t.deepEqual(await contents(collection), expected, `after ${last} writes`)
      const { backend: again, writes: none } = observed(collection)
      await ingest(folder, { collection: again, splitter: small() })
      t.deepEqual(none, [])
      if (!stopped) break
      failures++
    }
    t.true(failures >= 8, String(failures))
  },
)

testWithModel(
  'an interrupted change that is taken back is taken back in the store',
  async (t, encoder) => {
    const before = { 'a.md': sections(4) }
    // One section is replaced: at some moment there are as many chunks as before, but not the same.
    const after = sections(4, at => (at === 2 ? 'Another.' : `Section ${at} tells of topic ${at}.`))
    const folder = await folderOf(t, before)
    for (let last = 0; last < 5; last++) {
      const collection = await collectionOf(t, encoder)
      await put(folder, 'a.md', before['a.md'])
      await ingest(folder, { collection, splitter: small() })
      const expected = await contents(collection)
      await put(folder, 'a.md', after)
      let writes = 0
      const { backend } = observed(collection, () => {
        if (writes++ >= last) throw new Error('the power is off')
      })
      await ingest(folder, { collection: backend, splitter: small() }).catch(() => {})
      await put(folder, 'a.md', before['a.md'])
      await ingest(folder, { collection, splitter: small() })
      t.deepEqual(await contents(collection), expected, `after ${last} writes`)
    }
  },
)

testWithModel(
  'a first ingest whose files are then gone leaves nothing behind',
  async (t, encoder) => {
    const folder = await folderOf(t, { 'a.md': sections(5) })
    const collection = await collectionOf(t, encoder)
    let writes = 0
    const { backend } = observed(collection, () => {
      if (writes++ > 0) throw new Error('the power is off')
    })
    await t.throwsAsync(ingest(folder, { collection: backend, splitter: small() }))
    t.true((await collection.count()) > 0)
    await rm(join(folder, 'a.md'))
    t.deepEqual(numbers(await ingest(folder, { collection })), [0, 0, 1, 0, 0])
    t.is(await collection.count(), 0)
  },
)

testWithModel(
  'a killed process leaves what the next ingest completes',
  async (t, encoder, model) => {
    const files = Object.fromEntries(
      Array.from({ length: 8 }, (_, at) => [
        `${at}.md`,
        sections(10, part => `File ${at}, part ${part}.`),
      ]),
    )
    const folder = await folderOf(t, files)
    const path = await storePath(t)
    const killed = await new Promise<boolean>(done => {
      execFile(process.execPath, [INGEST, path, model, folder, '3'], error =>
        done(error?.signal === 'SIGKILL'),
      )
    })
    t.true(killed)
    const collection = (await openStore(t, { path, encoder })).collection('docs')
    const there = await collection.count()
    t.true(there > 0)
    const report = await ingest(folder, { collection, splitter: small() })
    t.is(report.added + report.updated + report.skipped, 8)
    const fresh = await collectionOf(t, encoder)
    await ingest(folder, { collection: fresh, splitter: small() })
    const strip = (records: Awaited<ReturnType<typeof contents>>) => records
    t.deepEqual(strip(await contents(collection)), strip(await contents(fresh)))
  },
)

testWithModel(
  'a signal ends an ingest with its reason, between files and batches',
  async (t, encoder) => {
    const folder = await folderOf(t, {
      'a.md': sections(400),
      'b.md': sections(400),
      'c.md': sections(400),
      'd.md': sections(400),
      'e.md': sections(400),
    })
    const collection = await collectionOf(t, encoder)
    const controller = new AbortController()
    const reason = new Error('enough')
    const { backend, writes } = observed(collection, () => {
      if (writes.length === 2) controller.abort(reason)
    })
    const options = { collection: backend, splitter: small(), signal: controller.signal }
    t.is(await t.throwsAsync(ingest(folder, options)), reason)
    t.true(writes.length < 10)
    t.is(await t.throwsAsync(ingest(folder, options)), reason)
  },
)

testWithModel('two ingests at the same time store everything once', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': sections(8), 'b.md': sections(5), 'c.md': '第三' })
  const collection = await collectionOf(t, encoder)
  await Promise.all([1, 2, 3].map(() => ingest(folder, { collection, splitter: small() })))
  const fresh = await collectionOf(t, encoder)
  await ingest(folder, { collection: fresh, splitter: small() })
  t.deepEqual(await contents(collection), await contents(fresh))
  t.deepEqual(numbers(await ingest(folder, { collection, splitter: small() })), [0, 0, 0, 3, 0])
})

testWithModel('two processes at the same time store everything once', async (t, encoder, model) => {
  const folder = await folderOf(t, { 'a.md': sections(8), 'b.md': sections(5), 'c.md': '第三' })
  const path = await storePath(t)
  const run = () =>
    new Promise<Error | null>(done =>
      execFile(process.execPath, [INGEST, path, model, folder], done),
    )
  t.deepEqual(await Promise.all([run(), run()]), [null, null])
  const collection = (await openStore(t, { path, encoder })).collection('docs')
  const fresh = await collectionOf(t, encoder)
  await ingest(folder, { collection: fresh, splitter: small() })
  t.deepEqual(await contents(collection), await contents(fresh))
})

// Progress and options

testWithModel('progress counts files and chunks', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': sections(3), 'b.md': 'two', 'c.json': '{' })
  const collection = await collectionOf(t, encoder)
  const seen: IngestProgress[] = []
  const report = await ingest(folder, {
    collection,
    splitter: small(),
    onProgress: one => seen.push(one),
  })
  t.deepEqual(
    seen.map(({ done, total }) => [done, total]),
    [
      [1, 3],
      [2, 3],
      [3, 3],
    ],
  )
  t.deepEqual(
    seen.map(({ file }) => file).sort(),
    ['a.md', 'b.md', 'c.json'].map(name => join(folder, name)),
  )
  t.is(seen.at(-1)?.chunks, report.chunks)
})

testWithModel('with an encoder no chunk is longer than it reads', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.txt': '海马体'.repeat(2_000) })
  const collection = await collectionOf(t, encoder)
  await ingest(folder, { collection, encoder, maxTokens: 100 })
  for (const { text = '' } of await all(collection)) t.true((await encoder.countTokens(text)) <= 98)
})

testWithModel('a folder that is gone is no empty folder', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one', 'b.md': 'two' })
  const collection = await collectionOf(t, encoder)
  const options = { collection, name: 'docs', prune: true }
  t.deepEqual(numbers(await ingest(folder, options)), [2, 0, 0, 0, 0])
  await rename(folder, `${folder}-away`)
  const gone = await ingest(folder, options)
  t.deepEqual(numbers(gone), [0, 0, 0, 0, 1])
  t.regex(gone.failed[0]?.error.message ?? '', /ENOENT/)
  t.is(await collection.count(), 2)
  await mkdir(folder)
  t.deepEqual(numbers(await ingest(folder, options)), [0, 0, 2, 0, 0])
})

testWithModel('names and kinds of files that are out of the ordinary', async (t, encoder) => {
  if (process.platform === 'win32') {
    t.pass()
    return
  }
  const folder = await folderOf(t, {
    'two\nlines.md': 'one',
    'ends.md ': 'no',
    '%20 "q" \'.md': 'two',
  })
  await writeFile(
    Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff]), Buffer.from('.md')]),
    'x',
  )
  await mkdir(join(folder, 'folder.md'))
  await symlink(folder, join(folder, 'loop'))
  await symlink(join(folder, 'nowhere.md'), join(folder, 'broken.md'))
  await new Promise(done => execFile('mkfifo', [join(folder, 'pipe.md')], done))
  const server = createServer().listen(join(folder, 'socket.md'))
  t.teardown(() => server.close())
  const collection = await collectionOf(t, encoder)
  const report = await ingest(folder, { collection, followSymlinks: true })
  t.deepEqual(numbers(report), [2, 0, 0, 0, 1])
  t.regex(report.failed[0]?.path ?? '', /\ufffd\.md$/)
  t.deepEqual((await all(collection)).map(({ metadata }) => metadata.source).sort(), [
    '%20 "q" \'.md',
    'two\nlines.md',
  ])
})

test('options that cannot be right are refused by name', async t => {
  const collection = (await openStore(t)).collection('docs')
  const cases: [unknown, RegExp][] = [
    [{}, /collection is undefined/],
    [{ collection: {} }, /collection is an object/],
    [{ collection, splitter: {} }, /splitter is an object/],
    [{ collection, splitter: small(), maxTokens: 3 }, /both splitter and maxTokens/],
    [{ collection, glob: [] }, /glob is an array/],
    [{ collection, metadata: 'x' }, /metadata is "x"/],
    [{ collection, metadata: { n: 1n } }, /metadata: .*BigInt.*JSON/],
    [{ collection, onProgress: 1 }, /onProgress is 1/],
    [{ collection, prune: 'yes' }, /prune is "yes"/],
    [{ collection, spliter: small() }, /did you mean "splitter"/],
    [undefined, /the options of ingest are undefined/],
  ]
  for (const [options, message] of cases) {
    const call = () => ingest(FIXTURES, options as IngestOptions)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', call)).message, message)
  }
  await refused(t, 'ERR_INVALID_ARGUMENT', () => ingest([3 as never], { collection }))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => ingest({ name: 'a' } as never, { collection }))
})

// Real manuals

if (existsSync(MANUALS)) {
  testWithModel('twenty manuals are ingested, found and cited', async (t, encoder) => {
    const collection = await collectionOf(t, encoder)
    const files = (await readdir(MANUALS)).filter(name => name.endsWith('.md'))
    const report = await ingest(MANUALS, { collection, encoder })
    t.deepEqual(numbers(report), [files.length, 0, 0, 0, 0])
    t.true(files.length >= 20)
    for (const [question, file] of [
      ['How do I clean the TrailMaster X4 tent?', 'product_info_1.md'],
      ['How do I pitch the Alpine Explorer tent in the rain?', 'product_info_8.md'],
      ['Are the hiking boots waterproof?', 'product_info_4.md'],
    ] as const) {
      const [hit] = await collection.search(question, { k: 1 })
      const { lines = { from: 0, to: 0 }, ...cited } = hit ? cite(hit) : { file: '', text: '' }
      t.is(cited.file, file, question)
      const inFile = await readFile(join(MANUALS, file), 'utf8')
      const cut = inFile
        .split(/\r?\n/)
        .slice(lines.from - 1, lines.to)
        .join('\n')
      t.true(cut.includes(cited.text), question)
    }
    const { backend, writes } = observed(collection)
    const again = await ingest(MANUALS, { collection: backend, encoder })
    t.deepEqual(numbers(again), [0, 0, 0, files.length, 0])
    t.deepEqual(writes, [])
    for (const { text, metadata } of await all(collection)) {
      const [document] = await loadFile(join(MANUALS, metadata.source))
      t.is(document?.text.slice(metadata.start, metadata.end), text)
    }
  })
} else {
  console.log(`skipped: the manuals are not in ${MANUALS} (set HIPPOCAMP_EVAL_DIR)`)
}
