// Folders that are ingested again after every change.
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type IngestReport, watch } from 'hippocamp/documents'
import { all, collectionOf, folderOf, numbers, put } from './support/ingested.js'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

testWithModel('a folder that is watched is ingested after each change', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one' })
  const collection = await collectionOf(t, encoder)
  const reports: IngestReport[] = []
  const watching = watch(folder, {
    collection,
    debounce: 50,
    onReport: report => reports.push(report),
  })
  t.deepEqual(numbers(await watching.ready), [1, 0, 0, 0, 0])
  const until = async (where: object, count: number) => {
    while ((await collection.count({ where: where as never })) !== count)
      await new Promise(done => setTimeout(done, 20))
  }
  await put(folder, 'b.md', 'two')
  await until({ source: 'b.md' }, 1)
  await put(folder, 'sub/c.md', '第三篇')
  await until({ source: 'sub/c.md' }, 1)
  await rm(join(folder, 'a.md'))
  await until({ source: 'a.md' }, 0)
  await watching.close()
  const seen = reports.length
  await put(folder, 'd.md', 'four')
  await new Promise(done => setTimeout(done, 200))
  t.is(reports.length, seen)
  t.is(await collection.count({ where: { source: 'd.md' } }), 0)
})

testWithModel('files that are saved as editors save them are ingested', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one' })
  const collection = await collectionOf(t, encoder)
  const watching = watch(folder, { collection, debounce: 30 })
  await watching.ready
  const until = async (where: object, count: number) => {
    while ((await collection.count({ where: where as never })) !== count)
      await new Promise(done => setTimeout(done, 20))
  }
  for (const [at, word] of ['two', 'three', 'four'].entries()) {
    await put(folder, `.a.md.swp`, word)
    await rename(join(folder, '.a.md.swp'), join(folder, 'a.md'))
    await put(folder, `new${at}/deep/b.md`, word)
    while (!(await all(collection)).some(({ text }) => text === word))
      await new Promise(done => setTimeout(done, 20))
    await until({ source: `new${at}/deep/b.md` }, 1)
  }
  await rm(join(folder, 'new0'), { recursive: true })
  await until({ source: 'new0/deep/b.md' }, 0)
  await Promise.all(Array.from({ length: 200 }, (_, at) => put(folder, `many/${at}.md`, `${at}`)))
  await until({}, 203)
  await watching.close()
  t.is(await collection.count({ where: { source: 'a.md' } }), 1)
})

testWithModel('a file that never rests is ingested nevertheless', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one' })
  const collection = await collectionOf(t, encoder)
  const reports: IngestReport[] = []
  const onReport = (report: IngestReport) => reports.push(report)
  const watching = watch(folder, { collection, debounce: 200, onReport })
  await watching.ready
  let line = 0
  const writing = setInterval(() => void writeFile(join(folder, 'a.md'), `${line++}`), 20)
  while (reports.length < 3) await new Promise(done => setTimeout(done, 20))
  clearInterval(writing)
  await watching.close()
  t.true(line > 0)
})

testWithModel('watching tells of every ingest that ends with an error', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one' })
  const store = await openStore(t, { encoder })
  const collection = store.collection('docs')
  const errors: unknown[] = []
  const problem = new Error('of a callback')
  const throwing = watch(folder, {
    collection,
    debounce: 20,
    onError: error => errors.push(error),
    onReport: () => {
      throw problem
    },
  })
  await throwing.ready
  await put(folder, 'b.md', 'two')
  while (errors.length < 2) await new Promise(done => setTimeout(done, 20))
  t.deepEqual([...new Set(errors)], [problem])
  await throwing.close()

  await store.close()
  errors.length = 0
  const watching = watch(folder, { collection, onError: error => errors.push(error) })
  while (errors.length < 1) await new Promise(done => setTimeout(done, 20))
  t.like(errors[0], { code: 'ERR_CLOSED' })
  await watching.close()
  const unheard = watch(folder, { collection })
  t.like(await unheard.ready.catch(error => error), { code: 'ERR_CLOSED' })
  await unheard.close()
})

testWithModel('a signal ends watching', async (t, encoder) => {
  const folder = await folderOf(t, { 'a.md': 'one' })
  const collection = await collectionOf(t, encoder)
  const controller = new AbortController()
  const watching = watch(folder, { collection, signal: controller.signal })
  await watching.ready
  controller.abort()
  await watching.close()
  const aborted = watch(folder, { collection, signal: controller.signal })
  t.is(await aborted.ready.catch(error => error), controller.signal.reason)
  await aborted.close()
  await refused(t, 'ERR_IO', () => watch(join(folder, 'nowhere'), { collection }))
})
