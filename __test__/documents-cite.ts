// Where found chunks come from, for the reader.
import { join } from 'node:path'
import test from 'ava'
import { type Hit, loadEncoder } from 'hippocamp'
import { type Citable, type CiteOptions, cite, ingest } from 'hippocamp/documents'
import { modelFolder, testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { openStore, refused } from './support/stores.js'

const FIXTURES = join(root, '__test__', 'fixtures', 'documents')

const GUIDE = `# Kettle

## Use

Fill the kettle with fresh water and press the switch.

## Descaling

Use citric acid every four weeks.
Rinse the kettle three times.
`

testWithModel('a hit is cited by file, page or lines, and headings', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('docs')
  const splitter = { split: async (text: string) => paragraphs(text) }
  await ingest(join(FIXTURES, 'kettle.pdf'), { collection, splitter })
  await ingest({ name: 'guide.md', content: GUIDE }, { collection, splitter })
  const find = async (question: string, source: string) => {
    const [hit] = await collection.search(question, { k: 1, where: { source } })
    return cite(hit as Hit)
  }
  t.deepEqual(await find('How long does the guarantee last?', 'kettle.pdf'), {
    file: 'kettle.pdf',
    title: 'Kettle K2 Manual',
    page: 3,
    text: 'The guarantee lasts for two years from the day of purchase.\nIt does not cover limescale.',
    label: 'kettle.pdf, page 3',
  })
  t.deepEqual(await find('How do I remove limescale with acid?', 'guide.md'), {
    file: 'guide.md',
    title: 'Kettle',
    lines: { from: 9, to: 10 },
    headings: ['Kettle', 'Descaling'],
    text: 'Use citric acid every four weeks.\nRinse the kettle three times.',
    label: 'guide.md, lines 9–10 (Kettle › Descaling)',
  })
})

const multilingual = modelFolder('multilingual-e5-small')
const testMultilingual = multilingual === undefined ? test.skip : test
testMultilingual('Chinese manuals are found and cited in Chinese', async t => {
  const encoder = await loadEncoder(multilingual ?? '')
  const collection = (await openStore(t, { encoder })).collection('docs')
  const files = ['kettle.zh.pdf', 'lamp.zh.docx', 'manual.gb18030.txt']
  const splitter = { split: async (text: string) => paragraphs(text) }
  await ingest(
    files.map(name => join(FIXTURES, name)),
    { collection, splitter },
  )
  const find = async (question: string) => {
    const [hit] = await collection.search(question, { k: 1 })
    return cite(hit as Hit).label
  }
  t.is(await find('怎样给水壶除垢？'), 'kettle.zh.pdf, page 2')
  t.is(await find('擦拭之前要先拔下插头吗？'), 'lamp.zh.docx (台灯 L7 › 清洁)')
  t.is(await find('设备应该放在哪里？'), 'manual.gb18030.txt, lines 1–3')
})

test('places are written in one line', t => {
  const of = (metadata: object, options?: CiteOptions) =>
    cite({ metadata: { source: 'a', ingest: { root: '', chunk: 0 }, ...metadata } }, options).label
  t.is(of({}), 'a')
  t.is(of({ page: 2, lastPage: 4 }), 'a, pages 2–4')
  t.is(of({ lines: { from: 3, to: 3 } }), 'a, line 3')
  t.is(of({ lines: { from: 3, to: 4 }, headings: ['A', 'B'] }), 'a, lines 3–4 (A › B)')
  const chinese = { language: 'zh' } as const
  t.is(of({ page: 2 }, chinese), 'a，第 2 页')
  t.is(
    of({ lines: { from: 3, to: 4 }, headings: ['使用', '除垢'] }, chinese),
    'a，第 3–4 行（使用 › 除垢）',
  )
})

test('what a document says of itself under the names of places is no place', t => {
  const metadata = { source: 'a\nb.md', ingest: { root: '', chunk: 0 } }
  const own = { title: 5, page: 'xii', lastPage: {}, lines: 'all', headings: 'Use' }
  for (const more of [own, { lines: null, headings: [1] }, { lines: { from: 1 } }]) {
    t.deepEqual(cite({ text: 'x', metadata: { ...metadata, ...more } }), {
      file: 'a\nb.md',
      text: 'x',
      label: 'a b.md',
    })
  }
})

test('what was not ingested has no source', async t => {
  for (const hit of [{ metadata: {} }, { metadata: { source: 'mine' } }, {}, undefined]) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => cite(hit as Citable))
  }
  const language = 'de' as never
  await refused(t, 'ERR_INVALID_ARGUMENT', () => cite({ metadata: {} }, { language }))
})

/** Paragraphs with their places, headings left out. */
function paragraphs(text: string) {
  return [...text.matchAll(/(?:.+\n?)+/g)]
    .map(({ index, 0: match }) => ({ text: match.trimEnd(), start: index }))
    .filter(({ text }) => !text.startsWith('#'))
    .map(({ text, start }) => ({ text, start, end: start + text.length }))
}
