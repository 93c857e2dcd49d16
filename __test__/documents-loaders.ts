// Files of every format, made by real programs (fixtures/documents/make.py), and what hostile or broken ones end with.
import { execFileSync } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { deflateSync } from 'node:zlib'
import test from 'ava'
import { clean, type LoadedDocument, type LoadOptions, load, loadFile } from 'hippocamp/documents'
import { root } from './support/sources.js'
import { refused } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'
import { zip } from './support/zip-writer.js'

const fixture = (name: string) => join(root, '__test__', 'fixtures', 'documents', name)

async function one(
  name: string,
  content: string | Uint8Array,
  options?: LoadOptions,
): Promise<LoadedDocument> {
  const [document, ...more] = await load({ name, content }, options)
  if (!document || more.length > 0) throw new Error(`${more.length + 1} documents`)
  return document
}

const cut = (
  document: LoadedDocument | undefined,
  { start, end }: { start: number; end: number },
) => document?.text.slice(start, end)

// Text and encodings

const CHINESE = '第一章 安装\n请将设备放在平稳的桌面上，并接通电源。\n'

test('UTF-8 and UTF-16 are read with their byte order marks, which are no text', async t => {
  const le = Buffer.from(`\ufeff${CHINESE}`, 'utf16le')
  const be = Buffer.from(le).swap16()
  for (const content of [Buffer.from(CHINESE), Buffer.from(`\ufeff${CHINESE}`), le, be]) {
    t.is((await one('a.txt', content)).text, CHINESE)
  }
})

test('Chinese in GB18030 is found out, and so are accented letters in Windows-1252', async t => {
  const [document] = await loadFile(fixture('manual.gb18030.txt'))
  t.is(document?.text, `${CHINESE}㐀是一个少见的汉字。\n`)
  for (const text of ['Un café, né à Orléans\n', 'Größe: 3 Äpfel', '¡Qué día más raro, señor!']) {
    t.is((await one('a.txt', Buffer.from(text, 'latin1'))).text, text)
  }
  const price = Buffer.from('Caf\xe9: 3 \x80, \x93GR\xd6\xdfE\x94', 'latin1')
  for (const encoding of [undefined, 'windows-1252', 'iso-8859-1'])
    t.is((await one('a.txt', price, { encoding })).text, 'Café: 3 €, “GRÖßE”')
  // Characters that are not among the frequent ones: 繁體中文
  const traditional = Buffer.from('b7b1f377d6d0cec4', 'hex')
  t.is((await one('a.txt', traditional)).text, '繁體中文')
  t.is((await one('a.txt', Buffer.from([0xd6, 0xd0]))).text, '中')
})

test('an encoding that was named is used, and bytes that are not in it are refused', async t => {
  const big5 = Buffer.from([0xa4, 0xa4, 0xa4, 0xe5])
  t.is((await one('a.txt', big5, { encoding: 'big5' })).text, '中文')
  const gb = await readFile(fixture('manual.gb18030.txt'))
  const wrong = () => one('a.txt', gb, { encoding: 'utf-8' })
  t.regex((await refused(t, 'ERR_DOCUMENT_INVALID', wrong)).message, /a\.txt: it is not in utf-8/)
  const unknown = () => one('a.txt', gb, { encoding: 'utf-9' })
  t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', unknown)).message, /encoding is "utf-9"/)
})

test('UTF-8 with some damaged bytes is UTF-8', async t => {
  const whole = Buffer.from(CHINESE)
  t.is((await one('a.txt', whole.subarray(0, -3))).text, `${CHINESE.slice(0, -2)}\ufffd`)
  const damaged = Buffer.concat([Buffer.from('Déjà là, '), Buffer.from([0xff]), whole])
  t.is((await one('a.txt', damaged)).text, `Déjà là, \ufffd${CHINESE}`)
})

test('a byte order mark is no text, in strings neither', async t => {
  const csv = await one('a.csv', '\ufeffname,n\nLamp,1', { csv: { text: 'name' } })
  t.is(csv.text, 'Lamp')
  t.is((await one('a.json', '\ufeff{"a":1}')).text, 'a: 1')
  t.deepEqual((await one('a.md', '\ufeff---\na: 1\n---\nx')).metadata, { a: 1 })
  t.is((await one('a.txt', '\ufeffx', { clean: false })).text, 'x')
})

test('no text has lone surrogates, which cannot be stored', async t => {
  const json = '{"a":"half \\ud83d"}'
  for (const clean of [true, false])
    t.is((await one('a.json', json, { clean })).text, 'a: half \ufffd')
})

test('a file that is no text is refused', async t => {
  const binary = () => one('a.bin', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]))
  t.regex((await refused(t, 'ERR_DOCUMENT_INVALID', binary)).message, /a\.bin: it is no text/)
})

test('lines of a text stay those of the file', async t => {
  const document = await one('a.txt', 'one  \r\n\r\n\r\n\r\n  two\rthree')
  t.is(document.text, 'one  \n\n\n\n  two\nthree')
  t.is(document.linesBefore, 0)
  t.is((await one('a.txt', 'one\r\n', { clean: false })).text, 'one\r\n')
})

// Markdown

const MARKDOWN = `---
title: Kettle
tags: [kitchen, 厨房]
---
# Use

Fill it.

Care
----

\`\`\`sh
# no heading
\`\`\`

### Descaling ###

- not a heading
---
`

test('front matter is metadata, and lines before the text are counted', async t => {
  const document = await one('a.md', MARKDOWN)
  t.like(document, { title: 'Kettle', linesBefore: 4, format: 'markdown' })
  t.deepEqual(document.metadata, { title: 'Kettle', tags: ['kitchen', '厨房'] })
  t.true(document.text.startsWith('# Use\n'))
  const whole = await one('a.md', MARKDOWN, { frontMatter: false })
  t.is(whole.text, MARKDOWN)
})

test('headings have the text that they stand over', async t => {
  const document = await one('a.md', MARKDOWN)
  t.deepEqual(
    document.headings?.map(({ level, title }) => [level, title]),
    [
      [1, 'Use'],
      [2, 'Care'],
      [3, 'Descaling'],
    ],
  )
  const [use, care, descaling] = document.headings ?? []
  t.is(cut(document, use ?? { start: 0, end: 0 }), document.text)
  t.true(cut(document, care ?? { start: 0, end: 0 })?.startsWith('Care\n----'))
  t.true(cut(document, descaling ?? { start: 0, end: 0 })?.startsWith('### Descaling'))
})

test('titles are without the marks that close them', async t => {
  const titles = async (text: string) =>
    (await one('a.md', text)).headings?.map(({ level, title }) => [level, title])
  t.deepEqual(await titles('# a # b ##  \n## C#\n### #\n#\n####### seven\n#no\n  # d\t#'), [
    [1, 'a # b'],
    [2, 'C#'],
    [3, ''],
    [1, ''],
    [1, 'd'],
  ])
  const spaces = ' '.repeat(1_000_000)
  t.deepEqual(await titles(`# a${spaces}b`), [[1, `a${spaces}b`]])
  t.deepEqual(await titles(`#${spaces}\u2028`), [[1, '']])
})

test('front matter that contains itself is refused', async t => {
  const { message } = await refused(t, 'ERR_DOCUMENT_INVALID', () =>
    one('a.md', '---\na: &a [*a]\n---\nx'),
  )
  t.regex(message, /a\.md: its front matter is no YAML/)
})

test('dashes that are no front matter are text, and broken YAML is refused', async t => {
  for (const text of [
    '---\njust a line\n---\nmore',
    '---\n',
    'text\n---\na: 1\n---\n',
    '--- a: 1',
  ]) {
    t.is((await one('a.md', text)).text, text)
  }
  for (const yaml of ['a: [1', '- list', 'a: 1\na: 2', `${'['.repeat(10_000)}`]) {
    const broken = () => one('a.md', `---\n${yaml}\n---\ntext`)
    const { message } = await refused(t, 'ERR_DOCUMENT_INVALID', broken)
    t.regex(message, /a\.md: its front matter/)
  }
})

// HTML

const HTML = `<!doctype html><html><head><meta charset="utf-8"><title>Kettle &amp; more</title>
<style>p { color: red }</style></head><body>
<script>alert('no')</script>
<h1>The <em>kettle</em></h1>
<p>Fill   it&nbsp;up,<br>then <b>boil</b>. <!-- no comment --><span hidden>hidden</span><b style="color:red; display : none">coupon</b></p>
<ul><li>one<ol start="3"><li>three</li><li>four</li></ol></li><li><p>two</p><p>more</p></li></ul>
<h2></h2>
<table><caption>x</caption><thead><tr><th>Name</th><th>Price</th></tr></thead>
<tbody><tr><td>Kettle | big</td><td>39 <i>€</i></td></tr></tbody></table>
<pre>  code
    indented</pre>
<p>水壶<img alt="图" src="x.png"></p>
</body></html>`

test('HTML keeps headings, lists, tables and code readable, and nothing that is not shown', async t => {
  const document = await one('a.html', HTML)
  t.is(
    document.text,
    `# The kettle

Fill it up,
then boil.

- one
  3. three
  4. four
- two

  more

| Name | Price |
| Kettle \\| big | 39 € |

  code
    indented

水壶图`,
  )
  t.is(document.title, 'Kettle & more')
  t.deepEqual(
    document.headings?.map(({ title }) => title),
    ['The kettle'],
  )
})

test('a page is read in the encoding that it names', async t => {
  const page = Buffer.concat([
    Buffer.from('<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>'),
    Buffer.from([0xd6, 0xd0, 0xce, 0xc4]),
  ])
  t.is((await one('a.html', page)).text, '中文')
  t.is((await one('a.html', Buffer.from('<meta charset=utf-16><p>é'))).text, 'é')
})

test('a page that names a wrong encoding, or none that there is, is read in what it is in', async t => {
  const latin = (text: string) => Buffer.from(text, 'latin1')
  t.is((await one('a.html', latin('<meta charset=utf-8><p>déjà'))).text, 'déjà')
  t.is((await one('a.html', Buffer.from('<meta charset=utf-99><p>中'))).text, '中')
  t.is((await one('a.html', Buffer.from('\ufeff<meta charset=gb2312><p>中'))).text, '中')
  const content = Buffer.from('<meta charset=gb2312><p>中')
  t.is((await one('a.html', content, { encoding: 'utf-8' })).text, '中')
})

// CSV

test('a row of CSV is a document of lines, with the lines of the file', async t => {
  const csv =
    '\ufeffname;price;note\r\n"Kettle; big";39;\r\n"Lamp\nL7";"""9""";bright\r\n\r\nBell;1\r\n'
  const documents = await load({ name: 'a.csv', content: Buffer.from(csv) })
  t.deepEqual(
    documents.map(({ text, lines }) => [text, lines]),
    [
      ['name: Kettle; big\nprice: 39', { from: 2, to: 2 }],
      ['name: Lamp\nL7\nprice: "9"\nnote: bright', { from: 3, to: 4 }],
      ['name: Bell\nprice: 1', { from: 6, to: 6 }],
    ],
  )
})

test('lines of CSV may end in several ways, in quotes too', async t => {
  for (const content of [
    'a,b\n"1","2"\r\n"3\r\n4","5"\r6,7\n',
    'a,b\r\n"1","2"\n"3\r4","5"\r\n6,7',
    'a,b\r"1","2"\r"3\n4","5"\n6,7',
  ]) {
    const documents = await load({ name: 'a.csv', content })
    t.deepEqual(
      documents.map(({ text, lines }) => [text, lines?.from, lines?.to]),
      [
        ['a: 1\nb: 2', 2, 2],
        ['a: 3\n4\nb: 5', 3, 4],
        ['a: 6\nb: 7', 5, 5],
      ],
    )
  }
})

test('columns that are no text become metadata', async t => {
  const content = 'id\ttitle\tbody\n1\t水壶\t烧水用\n2\t台灯\t\n'
  const csv = { text: ['title', 'body'] }
  const documents = await load({ name: 'a.tsv', content }, { csv })
  t.deepEqual(
    documents.map(({ text, metadata }) => [text, metadata]),
    [
      ['水壶\n\n烧水用', { id: '1' }],
      ['台灯', { id: '2' }],
    ],
  )
  const absent = () => load({ name: 'a.tsv', content }, { csv: { text: 'titel' } })
  t.regex((await refused(t, 'ERR_DOCUMENT_INVALID', absent)).message, /no "titel".*"title"/)
  const bare = await load({ name: 'a.csv', content: '1,2\n3,4' }, { csv: { header: false } })
  t.deepEqual(
    bare.map(({ text }) => text),
    ['column1: 1\ncolumn2: 2', 'column1: 3\ncolumn2: 4'],
  )
  const whole = await load({ name: 'a.csv', content: '1,2\n3,4' }, { csv: { rows: false } })
  t.deepEqual(
    whole.map(({ text, linesBefore }) => [text, linesBefore]),
    [['1,2\n3,4', 0]],
  )
})

test('CSV whose quotes do not end is refused', async t => {
  const open = () => load({ name: 'a.csv', content: 'a,b\n"never closed,1\n' })
  t.regex((await refused(t, 'ERR_DOCUMENT_INVALID', open)).message, /a\.csv: it is no CSV/)
})

// JSON

const JSON_TEXT = JSON.stringify({
  data: {
    articles: [
      { id: 7, body: { text: '第一篇' }, tags: ['a', 'b'], gone: null },
      { id: 8, body: { text: 'second' }, 'a/b': '~' },
    ],
  },
})

test('JSON has its texts at pointers or keys, and other plain values are metadata', async t => {
  const json = { records: '/data/articles', text: '/body/text' }
  const documents = await load({ name: 'a.json', content: JSON_TEXT }, { json })
  t.deepEqual(
    documents.map(({ text, metadata }) => [text, metadata]),
    [
      ['第一篇', { id: 7, tags: ['a', 'b'] }],
      ['second', { id: 8, 'a/b': '~' }],
    ],
  )
  const keys = { records: '/data/articles/1', text: ['a/b', 'body'] }
  t.is((await one('a.json', JSON_TEXT, { json: keys })).text, '~\n\nsecond')
  t.is(
    (await one('a.json', JSON_TEXT, { json: { records: '/data/articles/0' } })).text,
    'id: 7\nbody.text: 第一篇\ntags: a, b',
  )
  for (const [wrong, message] of [
    [{ records: '/nowhere' }, /nothing at \/nowhere/],
    [{ records: '/data/articles', text: 'title' }, /has no \/title/],
  ] as const) {
    const call = () => load({ name: 'a.json', content: JSON_TEXT }, { json: wrong })
    t.regex((await refused(t, 'ERR_DOCUMENT_INVALID', call)).message, message)
  }
})

test('a line of JSONL is a document, with its line', async t => {
  const content = '{"text":"一"}\r\n\r\n{"text":"two","n":2}\n'
  const documents = await load({ name: 'a.jsonl', content }, { json: { text: 'text' } })
  t.deepEqual(
    documents.map(({ text, lines, metadata }) => [text, lines, metadata]),
    [
      ['一', { from: 1, to: 1 }, {}],
      ['two', { from: 3, to: 3 }, { n: 2 }],
    ],
  )
  const broken = () => load({ name: 'a.ndjson', content: '{"a":1}\n{"a":' })
  t.regex((await refused(t, 'ERR_DOCUMENT_INVALID', broken)).message, /line 2 is no JSON/)
})

// PDF

test('a PDF has pages, title and author, and no headers and footers', async t => {
  const [document] = await loadFile(fixture('kettle.pdf'))
  t.like(document, {
    format: 'pdf',
    title: 'Kettle K2 Manual',
    metadata: { author: 'Ann Example' },
  })
  t.deepEqual(
    document?.pages?.map(({ page }) => page),
    [1, 2, 3, 4],
  )
  const [first, second, third] = document?.pages ?? []
  t.true(cut(document, first ?? { start: 0, end: 0 })?.startsWith('Safety\n\nNever fill'))
  t.true(cut(document, second ?? { start: 0, end: 0 })?.endsWith('rinse it three\ntimes.'))
  t.is(
    cut(document, third ?? { start: 0, end: 0 }),
    'Guarantee\n\nThe guarantee lasts for two years from the day of purchase.\nIt does not cover limescale.',
  )
  t.notRegex(document?.text ?? '', /Page \d|Kettle K2 Manual/)
  const clean = { repeatedLines: false, hyphenation: true }
  const [whole] = await loadFile(pathToFileURL(fixture('kettle.pdf')), { clean })
  t.regex(whole?.text ?? '', /Page 3 of 4/)
  t.regex(whole?.text ?? '', /sold as a descaling agent/)
})

test('a Chinese PDF whose fonts are not embedded has its text', async t => {
  const [document] = await loadFile(fixture('kettle.zh.pdf'), { clean: { hyphenation: true } })
  t.is(document?.title, '电热水壶使用说明书')
  const [, second] = document?.pages ?? []
  t.is(
    cut(document, second ?? { start: 0, end: 0 }),
    '除垢方法\n\n水垢会使水壶噪音变大、加热变慢。请每四周用柠檬酸除垢一次：半升水加一勺柠檬酸。\n\n煮沸后静置二十分钟，再用清水冲洗三遍。',
  )
})

test('an encrypted PDF needs its password', async t => {
  const { message } = await refused(t, 'ERR_DOCUMENT_INVALID', () =>
    loadFile(fixture('encrypted.pdf')),
  )
  t.regex(message, /it is encrypted: give its password/)
  const [document] = await loadFile(fixture('encrypted.pdf'), { pdf: { password: 'secret' } })
  t.regex(document?.text ?? '', /citric acid/)
})

test('damaged PDFs are refused', async t => {
  const whole = await readFile(fixture('kettle.pdf'))
  for (const content of [
    whole.subarray(0, 1_500),
    Buffer.from('hello'),
    Buffer.alloc(0),
    whole.subarray(200, 900),
  ]) {
    const { message } = await refused(t, 'ERR_DOCUMENT_INVALID', () => one('a.pdf', content))
    t.regex(message, /a\.pdf: it is no PDF, or damaged/)
  }
  const pages = () => one('a.pdf', whole, { pdf: { maxPages: 3 } })
  t.regex((await refused(t, 'ERR_LIMIT_EXCEEDED', pages)).message, /it has 4 pages, more than 3/)
})

test('a PDF that unpacks to far more than it has is refused before it is unpacked', async t => {
  const packed = deflateSync(Buffer.alloc(300_000_000, 0x20))
  for (const end of ['\n', '\r\n']) {
    const content = pdfOf(packed, end)
    t.true(content.length < 400_000)
    const { message } = await refused(t, 'ERR_LIMIT_EXCEEDED', () => one('a.pdf', content))
    t.regex(message, /a\.pdf: a part of it unpacks to more than 256 MiB/)
  }
  const words = deflateSync('BT /F1 12 Tf 10 10 Td (stream of words) Tj ET')
  t.is((await one('a.pdf', pdfOf(words, '\n'))).text, 'stream of words')
})

/** A PDF of one page with this content. */
function pdfOf(packed: Buffer, end: string): Buffer {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${packed.length}/Filter/FlateDecode>>stream${end}${packed.toString('latin1')}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ]
  let text = '%PDF-1.4\n'
  let table = ''
  for (const [at, object] of objects.entries()) {
    table += `${String(text.length).padStart(10, '0')} 00000 n \n`
    text += `${at + 1} 0 obj\n${object}\nendobj\n`
  }
  const trailer = `trailer<</Size 6/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF`
  return Buffer.from(`${text}xref\n0 6\n0000000000 65535 f \n${table}${trailer}`, 'latin1')
}

// DOCX

test('DOCX has headings, lists, tables and its title', async t => {
  const [document] = await loadFile(fixture('lamp.docx'))
  t.is(document?.title, 'Lamp L7 Manual')
  t.is(
    document?.text,
    `# Lamp L7

The lamp has three levels of brightness.

## Cleaning

Unplug the lamp and wait until it is cold.

- Use a soft cloth.
- Use no water.
- Wait until it is dry.

## Technical data

| Property | Value |
| Power | 9 W |
| Colour temperature | 2,700 K \\| 4,000 K |`,
  )
  const [chinese] = await loadFile(fixture('lamp.zh.docx'))
  t.deepEqual(
    chinese?.headings?.map(({ title }) => title),
    ['台灯 L7', '清洁'],
  )
  t.regex(chinese?.text ?? '', /用软布擦拭。$/)
})

test('damaged DOCX files are refused', async t => {
  const whole = await readFile(fixture('lamp.docx'))
  const contents = [
    whole.subarray(0, 20_000),
    Buffer.from('hello'),
    Buffer.alloc(0),
    zip([{ name: 'word/other.xml', content: Buffer.from('<a/>') }]),
    zip([
      { name: '[Content_Types].xml', content: Buffer.from('<Types') },
      { name: 'word/document.xml', content: Buffer.from('<a') },
    ]),
    Buffer.concat([whole.subarray(0, 500), Buffer.alloc(500), whole.subarray(1_000)]),
  ]
  for (const content of contents) {
    const { message } = await refused(t, 'ERR_DOCUMENT_INVALID', () => one('a.docx', content))
    t.regex(message, /a\.docx: it is no DOCX/)
  }
})

test('a DOCX that unpacks to far more than it has is refused before it is unpacked', async t => {
  const nothing = Buffer.alloc(100_000_000, 0x20)
  const honest = zip([{ name: 'word/document.xml', content: nothing }])
  const lying = zip([{ name: 'word/document.xml', content: nothing, size: 1_000 }])
  t.true(honest.length < 200_000)
  for (const content of [honest, lying]) {
    const { message } = await refused(t, 'ERR_LIMIT_EXCEEDED', () => one('a.docx', content))
    t.regex(message, /a\.docx: it unpacks to more than 67,108,864 bytes/)
  }
  const many = zip(
    Array.from({ length: 30 }, (_, at) => ({
      name: `word/${at}.xml`,
      content: nothing.subarray(0, 100_000),
    })),
  )
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => one('a.docx', many, { maxUnpackedBytes: 1_000_000 }))
})

test('no part of a DOCX is unpacked unmeasured, whatever its archive says', async t => {
  const large = { name: 'word/document.xml', content: Buffer.alloc(1_000_000, 0x20) }
  const small = { name: 'a.xml', content: Buffer.from('<a/>') }
  const limited = { maxUnpackedBytes: 100_000 }
  const picture = zip([{ ...large, name: 'word/media/document.xml' }])
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => one('a.docx', picture, limited))

  const uncounted = zip([small, large])
  uncounted.writeUInt16LE(1, uncounted.length - 14)
  uncounted.writeUInt16LE(1, uncounted.length - 12)
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => one('a.docx', uncounted, limited))

  const elsewhere = Buffer.concat([zip([small]), zip([large])])
  const zip64 = zip([small])
  zip64.writeUInt16LE(0xffff, zip64.length - 18)
  for (const content of [elsewhere, zip64]) {
    const { message } = await refused(t, 'ERR_DOCUMENT_INVALID', () => one('a.docx', content))
    t.regex(message, /its archive cannot be read/)
  }
})

// Limits

test('what is nested too deep is refused', async t => {
  const deep = (mark: string, end: string) => mark.repeat(100_000) + end.repeat(100_000)
  for (const [name, content] of [
    ['a.json', deep('[', ']')],
    ['a.json', deep('{"a":', '}')],
    ['a.html', deep('<div>', '')],
    ['a.html', deep('<table><tr><td>', '')],
  ] as const) {
    const error = await t.throwsAsync(load({ name, content }), { name: 'HippocampError' })
    t.regex(String((error as { code?: string }).code), /ERR_LIMIT_EXCEEDED|ERR_DOCUMENT_INVALID/)
  }
})

test('files that are too large, absent or no files are refused', async t => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'a.txt')
  await writeFile(path, 'x'.repeat(1_001))
  const large = () => loadFile(path, { maxBytes: 1_000 })
  t.regex((await refused(t, 'ERR_LIMIT_EXCEEDED', large)).message, /1,001 bytes, more than 1,000/)
  const content = 'x'.repeat(1_001)
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => one('a.txt', content, { maxBytes: 1_000 }))
  t.regex((await refused(t, 'ERR_IO', () => loadFile(join(folder, 'b.txt')))).message, /ENOENT/)
  t.regex((await refused(t, 'ERR_IO', () => loadFile(folder))).message, /no regular file/)
  if (process.platform === 'win32') return
  execFileSync('mkfifo', [join(folder, 'pipe.txt')])
  const pipe = () => loadFile(join(folder, 'pipe.txt'))
  t.regex((await refused(t, 'ERR_IO', pipe)).message, /no regular file/)
  if (process.getuid?.() === 0) return
  await chmod(path, 0)
  t.regex((await refused(t, 'ERR_IO', () => loadFile(path))).message, /EACCES/)
})

test('a file is read to its end, and no further than it may be, whatever size it has', async t => {
  if (process.platform !== 'linux') {
    t.pass()
    return
  }
  const [document] = await loadFile('/proc/self/status')
  t.regex(document?.text ?? '', /^Name:[\s\S]*ctxt_switches:/)
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => loadFile('/proc/self/status', { maxBytes: 100 }))
  const folder = await temporaryFolder(t)
  for (const size of [0, 1, 99_999, 100_000]) {
    await writeFile(join(folder, 'a.txt'), 'x'.repeat(size))
    const [{ text = '' } = {}] = await loadFile(join(folder, 'a.txt'), { maxBytes: 100_000 })
    t.is(text.length, size)
  }
})

test('options that cannot be right are refused by name', async t => {
  const cases: [unknown, RegExp][] = [
    [{ format: 'doc' }, /format is "doc"/],
    [{ maxBytes: 0 }, /maxBytes is 0/],
    [{ clean: { whitspace: true } }, /did you mean "whitespace"/],
    [{ clean: { whitespace: 1 } }, /whitespace is 1/],
    [{ csv: { delimiter: '' } }, /csv\.delimiter is ""/],
    [{ csv: { text: 3 } }, /csv\.text is 3/],
    [{ json: { records: 'data' } }, /json\.records is "data"/],
    [{ pdf: { maxPages: 0 } }, /pdf\.maxPages is 0/],
    [{ timeout: 0 }, /timeout is 0/],
    [{ frontMater: false }, /did you mean "frontMatter"/],
  ]
  for (const [options, message] of cases) {
    const call = () => load({ name: 'a.txt', content: '' }, options as LoadOptions)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', call)).message, message)
  }
  await refused(t, 'ERR_INVALID_ARGUMENT', () => load({ name: 'a.txt' } as never))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => load('a.txt' as never))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => loadFile('a\0.txt'))
})

test('a signal ends a load with its reason', async t => {
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  t.is(await t.throwsAsync(loadFile(fixture('kettle.pdf'), { signal })), reason)
  t.is(await t.throwsAsync(load({ name: 'a.txt', content: 'x' }, { signal })), reason)
})

// Threads

const LONG = 'Fill the kettle with fresh water. 请每四周用柠檬酸除垢一次。\n'.repeat(5_000)

test('a large file is parsed as a small one is', async t => {
  t.is((await one('a.txt', Buffer.from(LONG))).text, LONG)
  t.is((await one('a.txt', LONG)).text, LONG)
  const bytes = Buffer.from(`x${LONG}`)
  t.is((await one('a.txt', bytes.subarray(1))).text, LONG)
  t.is(bytes[0], 0x78)
  t.is((await one('a.md', `# Kettle\n\n${LONG}`)).title, 'Kettle')
  const rows = Array.from({ length: 20_000 }, (_, at) => `Row ${at},${at}`)
  const documents = await load({ name: 'a.csv', content: `name,n\n${rows.join('\n')}` })
  t.deepEqual(
    documents.map(({ text, lines }) => [text, lines?.from]),
    rows.map((_, at) => [`name: Row ${at}\nn: ${at}`, at + 2]),
  )
  t.deepEqual(await load({ name: 'a.jsonl', content: '\n'.repeat(200_000) }), [])
  const wrong = () => one('a.txt', Buffer.from(LONG), { encoding: 'utf-9' })
  t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', wrong)).message, /encoding is "utf-9"/)
  const broken = await refused(t, 'ERR_DOCUMENT_INVALID', () => one('a.json', LONG))
  t.regex(String((broken.cause as Error).message), /SyntaxError/)
})

test('many files at once are parsed a few at a time', async t => {
  const contents = Array.from({ length: 20 }, (_, at) => `${at}${LONG}`)
  const all = await Promise.all(contents.map(content => one('a.txt', content)))
  t.deepEqual(
    all.map(({ text }) => text),
    contents,
  )
})

test('while a large file is parsed, other things have their turns', async t => {
  for (const name of ['a.html', 'a.csv', 'a.md']) {
    let turns = 0
    const ticking = setInterval(() => turns++, 0)
    await load({ name, content: LONG })
    clearInterval(ticking)
    t.true(turns >= 2, `${turns} turns`)
  }
})

test('a file that takes too long is given up, and so is one that nobody waits for', async t => {
  const endless = '<a><p>'.repeat(2_000_000)
  const slow = () => one('a.html', endless, { timeout: 50 })
  t.regex(
    (await refused(t, 'ERR_LIMIT_EXCEEDED', slow)).message,
    /a\.html: it was not parsed within 50 milliseconds/,
  )
  const controller = new AbortController()
  const { signal } = controller
  const parsing = one('a.html', endless, { signal })
  setTimeout(() => controller.abort(new Error('enough')), 50)
  t.is(await t.throwsAsync(parsing), signal.reason)
  t.is((await one('a.txt', LONG)).text, LONG)
})

// Cleaning

test('what cannot be seen is cleaned away', t => {
  t.is(clean('e\u0301 a\u0000b\u0007 soft\u00adhyphen \ufeff x\fy'), 'é ab softhyphen x y')
  t.is(clean('a \u3000 b\t\nc  \n\n\n\n d\r\ne '), 'a b\nc\n\nd\ne')
  t.is(clean('half \ud83d'), 'half \ufffd')
  t.is(clean('👩‍👩‍👧 \u200b'), '👩‍👩‍👧 \u200b')
})

test('any number of marks over a character is put in order, so many at a time', t => {
  t.is(clean('a\u0301\u0316'), '\u00e1\u0316')
  t.is(clean('ａ\u212b'), 'ａ\u00c5')
  const marks = '\u0301\u0316'.repeat(500_000)
  const text = clean(`e${marks} \u212b`)
  t.true(text.startsWith('\u00e9\u0316') && text.endsWith(' \u00c5'))
  t.is(text.length, marks.length + 2)
})

test('each kind of cleaning can be left out', t => {
  const none = { normalize: false, controls: false, softHyphens: false, whitespace: false }
  t.is(clean('e\u0301\u0007 \u00ad  \r\n\n\n\nx', none), 'e\u0301\u0007 \u00ad  \n\n\n\nx')
})

test('divided words are put together on demand', t => {
  const text = 'a descal-\ning agent, Non-\nEU, 请每四周\n除垢，\n一次。\n第二'
  t.is(clean(text), text)
  t.is(
    clean(text, { hyphenation: true }),
    'a descaling agent, Non-\nEU, 请每四周除垢，一次。\n第二',
  )
})

test('cleaning what is clean changes nothing', t => {
  for (const text of [HTML, MARKDOWN, JSON_TEXT, CHINESE, 'a\r\n \u00ad-\nb e\u0301']) {
    for (const options of [{}, { hyphenation: true }, { whitespace: false }]) {
      t.is(clean(clean(text, options), options), clean(text, options))
    }
  }
})
