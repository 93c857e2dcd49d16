import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { loadEncoder, open } from 'hippocamp'
import { readArgs } from '../examples/product-kb/args.mjs'
import { syncCatalogue } from '../examples/product-kb/catalogue.mjs'
import { cleanProducts, type Product } from '../examples/product-kb/clean.mjs'
import { cells, columns, shorten } from '../examples/product-kb/columns.mjs'
import { readCsv } from '../examples/product-kb/csv.mjs'
import { encoderOptions, languageWarning } from '../examples/product-kb/model.mjs'
import { hashes, planSync, productText } from '../examples/product-kb/plan.mjs'
import { progress } from '../examples/product-kb/progress.mjs'
import { QUESTIONS } from '../examples/product-kb/questions.mjs'
import { cleanText } from '../examples/product-kb/text.mjs'
import { modelFolder, testWithModel } from './support/models.js'
import { root } from './support/sources.js'
import { openStore } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'

const example = join(root, 'examples', 'product-kb')
const LANGUAGES = ['en', 'zh'] as const
const HEADER = 'id,name,category,brand,price,description,specs\n'

// Reading CSV

const fieldsOf = (text: string) => readCsv(text).rows.map(({ fields }) => Object.values(fields))

test('quoted fields keep commas, quotes, tabs and line breaks of any kind', t => {
  t.deepEqual(fieldsOf('a,b\n"1,2","say ""hi"""\n"x\ny\r\nz\rw","\t"\n'), [
    ['1,2', 'say "hi"'],
    ['x\ny\r\nz\rw', '\t'],
  ])
})

test('records may end in LF, CRLF or CR, and the last one in nothing', t => {
  t.deepEqual(fieldsOf('a,b\r\n1,2\n3,4\r5,6'), [
    ['1', '2'],
    ['3', '4'],
    ['5', '6'],
  ])
})

test('a byte order mark and blank lines are skipped, empty fields are not', t => {
  const { header, rows } = readCsv('\uFEFFa,b\n\n,\n"",""\n\r\n1,\n')
  t.deepEqual(header, ['a', 'b'])
  t.deepEqual(
    rows.map(({ line, fields }) => [line, fields.a, fields.b]),
    [
      [3, '', ''],
      [4, '', ''],
      [6, '1', ''],
    ],
  )
})

test('whatever is written by the rules is read back', t => {
  const alphabet = ['a', ',', '"', '\n', '\r\n', ' ', '\t', '文', '😀', '']
  let state = 1
  const next = (below: number) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
  for (let round = 0; round < 200; round++) {
    const written = Array.from({ length: 1 + next(4) }, () =>
      Array.from({ length: 3 }, () =>
        Array.from({ length: next(6) }, () => alphabet[next(alphabet.length)]).join(''),
      ),
    )
    const end = next(2) === 0 ? '\n' : '\r\n'
    const line = (values: string[]) =>
      values.map(value => `"${value.replaceAll('"', '""')}"`).join(',') + end
    t.deepEqual(fieldsOf(`a,b,c${end}${written.map(line).join('')}`), written)
  }
})

for (const [what, text, message] of [
  ['an empty file', '', 'line 1: the file is empty'],
  ['a quote that is never closed', 'a,b\n1,2\n"3\n,4\n', 'line 3: a quote is opened'],
  ['text after a closing quote', 'a,b\n"x\ny"z,2\n', 'line 3: "z" after a closing quote'],
  ['too few fields', 'a,b\n"1\n",2\n3\n', 'line 4: 1 fields where the header names 2'],
  ['too many fields', 'a,b\n1,2,3\n', 'line 2: 3 fields where the header names 2'],
  ['a column named twice', 'a,a\n', 'line 1: the column "a" is named twice'],
] as const) {
  test(`${what} is an error which names the line`, t => {
    const error = t.throws(() => readCsv(text), { name: 'CsvError' })
    t.true(error.message.startsWith(message), error.message)
  })
}

// Cleaning

for (const [raw, clean, repairs] of [
  ['plain', 'plain', []],
  ['  two  spaces ', 'two spaces', ['stray spaces in a field']],
  ['one\r\n\r\ntwo\tthree', 'one two three', ['line breaks or tabs in a field']],
  ['降噪。\n头梁', '降噪。头梁', ['line breaks or tabs in a field']],
  ['登机\t四十', '登机四十', ['line breaks or tabs in a field']],
  ['蓝牙\u3000耳机', '蓝牙 耳机', ['stray spaces in a field']],
  ['续航 6 个月 ；410克', '续航 6 个月；410克', ['stray spaces in a field']],
  ['ＵＳＢ－Ｃ，１，２００ｌｍ', 'USB-C，1,200lm', ['full-width letters or digits in a field']],
  ['你好，世界！（真的）', '你好，世界！（真的）', []],
  ['Wash &amp; <b class="x">Wipe</b>', 'Wash & Wipe', ['HTML tags or entities in a field']],
  ['260&nbsp;&deg;C &#39;hot&#x27;', "260 °C 'hot'", null],
  ['&lt;b&gt; &unknown; &#0; &#xD800;', '<b> &unknown; &#0; &#xD800;', null],
  ['3 < 5 and a<4', '3 < 5 and a<4', []],
  ['zero\u200Bwidth\uFEFF', 'zerowidth', ['invisible characters in a field']],
] as const) {
  test(`the field ${JSON.stringify(raw)} becomes ${JSON.stringify(clean)}`, t => {
    const counted: string[] = []
    t.is(
      cleanText(raw, ' ', what => counted.push(what)),
      clean,
    )
    if (repairs) t.deepEqual(counted, [...repairs])
    t.is(
      cleanText(clean, ' ', () => {}),
      raw.startsWith('&lt;') ? '&unknown; &#0; &#xD800;' : clean,
    )
  })
}

test('a line break in specifications separates them', t => {
  const specs = (raw: string) => cleanText(raw, '; ', () => {})
  t.is(specs('IP65\n5 mm\r\n; light'), 'IP65; 5 mm; light')
  t.is(specs('防水<br/>五毫米'), '防水；五毫米')
  t.is(specs('GPS;\tIP65'), 'GPS; IP65')
})

test('exact duplicates are dropped, also when only the dirt differs', t => {
  const { products, repairs } = cleaned('1,A,x,b,5,text,s\n"1 ",A,X,b,5.00," text",s\n')
  t.is(products.length, 1)
  t.true(repairs.some(([what, count]) => what === 'exact duplicate, dropped' && count === 1))
})

test('of two rows with one id, the later is kept in the place of the earlier', t => {
  const { products } = cleaned('1,A,x,b,5,,\n2,B,x,b,6,,\n1,A,x,b,7,,\n')
  t.deepEqual(
    products.map(({ id, price }) => [id, price]),
    [
      ['1', 7],
      ['2', 6],
    ],
  )
})

test('rows without an id or a name are left out and counted', t => {
  const { products, repairs } = cleaned(',A,x,b,5,,\n2, ,x,b,6,,\n3,C,x,b,7,,\n')
  t.deepEqual(
    products.map(({ id }) => id),
    ['3'],
  )
  t.is(new Map(repairs).get('row without an id or a name, left out'), 2)
})

test('prices are read as people write them, and what is no price is none', t => {
  const prices = [
    '5',
    '1,249.00',
    '$2,199.00',
    '3899 USD',
    '￥8,699.00',
    '14,999元',
    '',
    'ask us',
    '1,2',
  ]
  const rows = prices.map((price, at) => `${at},A,x,b,"${price}",,\n`).join('')
  t.deepEqual(
    cleaned(rows).products.map(({ price }) => price),
    [5, 1249, 2199, 3899, 8699, 14999, null, null, null],
  )
})

test('a missing column is named', t => {
  t.throws(() => cleanProducts(readCsv('id,name\n1,A\n')), {
    message: /columns category, brand, price, description, specs are missing/,
  })
})

// The catalogues

for (const lang of LANGUAGES) {
  test(`products.${lang}.csv has at least 150 products with unique ids and names`, t => {
    const { products, rows } = catalogue(lang)
    t.true(rows >= 160, `${rows} rows`)
    t.true(products.length >= 150, `${products.length} products`)
    t.is(new Set(products.map(({ id }) => id)).size, products.length)
    t.is(new Set(products.map(({ name }) => name)).size, products.length)
    t.true(products.every(({ name, category, specs }) => name && category && specs))
    t.is(new Set(products.map(({ category }) => category)).size, 13)
  })

  test(`products.${lang}.csv still has its dirt, and nothing of it is left after cleaning`, t => {
    const raw = readFileSync(join(example, `products.${lang}.csv`), 'utf8')
    t.true(raw.startsWith('\uFEFF'))
    for (const dirt of [/\r\n/, /[^\r]\n/, /\t/, / {2}/, /<br\/>/, /&amp;/, /[０-９]/, / (?=,)/]) {
      t.regex(raw, dirt)
    }
    for (const product of catalogue(lang).products) {
      for (const value of Object.values(product).filter(value => typeof value === 'string')) {
        t.is(value, value.trim())
        t.notRegex(value, /[\r\n\t]|\s{2}|<\/?[a-z]|&[a-z#]+;|[０-９Ａ-Ｚ]|[\u200B\uFEFF]/)
      }
    }
    const { products, repairs } = catalogue(lang)
    t.is(products.filter(({ description }) => description === '').length, 1)
    t.is(products.filter(({ price }) => price === null).length, 1)
    const counts = new Map(repairs)
    t.is(counts.get('exact duplicate, dropped'), 5)
    t.is(counts.get('older row of the same id, replaced'), 4)
  })

  test(`the questions in ${lang} ask for what is in the catalogue`, t => {
    const { products } = catalogue(lang)
    t.is(QUESTIONS[lang].length, 6)
    t.is(QUESTIONS[lang].filter(({ category }) => category).length, 1)
    t.is(QUESTIONS[lang].filter(({ metric }) => metric === 'l2').length, 1)
    for (const { expected, category } of QUESTIONS[lang]) {
      for (const id of expected) {
        const product = products.find(candidate => candidate.id === id)
        t.truthy(product, id)
        if (category) t.is(product?.category, category)
      }
    }
  })
}

test('both catalogues have the same products', t => {
  const ids = (lang: 'en' | 'zh') =>
    catalogue(lang)
      .products.map(({ id }) => id)
      .sort()
  t.deepEqual(ids('en'), ids('zh'))
})

// What a second run does

test('only new and rewritten products are encoded, and vanished ones are removed', t => {
  const [same, repriced, rewritten, gone, fresh] = catalogue('en').products.slice(0, 5)
  if (!same || !repriced || !rewritten || !gone || !fresh) return t.fail('five products are needed')
  const first = planSync([same, repriced, rewritten, gone], new Map())
  t.deepEqual(first.counts, { added: 4, updated: 0, unchanged: 0, removed: 0 })
  t.is(first.encode.length, 4)

  const stored = new Map(first.encode.map(product => [product.id, hashes(product)]))
  const plan = planSync(
    [same, { ...repriced, price: 1 }, { ...rewritten, description: 'Now in blue.' }, fresh],
    stored,
  )
  t.deepEqual(plan.counts, { added: 1, updated: 2, unchanged: 1, removed: 1 })
  t.deepEqual(
    plan.encode.map(({ id }) => id),
    [rewritten.id, fresh.id],
  )
  t.deepEqual(
    plan.relabel.map(({ id }) => id),
    [repriced.id],
  )
  t.deepEqual(plan.remove, [gone.id])
})

test('every field that an answer may need is in the text that is encoded', t => {
  const [product] = catalogue('en').products
  if (!product) return t.fail('a product is needed')
  for (const part of [product.name, product.category, product.description, product.specs]) {
    t.true(productText(product).includes(part), part)
  }
  t.is(
    productText({ ...product, description: '' }),
    `${product.category}: ${product.name}. ${product.specs}`,
  )
})

// The command line, models and what is shown

test('arguments have defaults, and values with or without an equals sign', t => {
  t.like(readArgs([]), { lang: 'en', fresh: false, help: false })
  t.true(readArgs([]).store.endsWith(join('.hippocamp', 'product-kb-en.db')))
  t.like(readArgs(['--lang=zh', '--model', 'm', '--store', 's', '--fresh']), {
    lang: 'zh',
    model: 'm',
    store: 's',
    fresh: true,
  })
})

for (const [argument, message] of [
  ['--lnag', /--lnag is not an option/],
  ['--no-fresh', /--no-fresh is not an option/],
  ['-x', /-x is not an option/],
  ['zh', /"zh" is not an option/],
  ['--lang=fr', /--lang is "fr": give en or zh/],
  ['--model', /--model needs a value/],
  ['--store=', /--store needs a value/],
  ['--fresh=yes', /--fresh takes no value/],
] as const) {
  test(`the argument ${argument} is refused with a sentence`, t => {
    t.throws(() => readArgs([argument]), { name: 'UsageError', message })
  })
}

test('an option does not swallow the next option as its value', t => {
  t.throws(() => readArgs(['--store', '--fresh']), { message: /--store needs a value/ })
})

test('e5 models get their prompts by name, and English ones are warned about in Chinese', t => {
  for (const model of ['/m/multilingual-e5-small', 'intfloat/e5-base-v2/', 'C:\\m\\E5-large']) {
    t.is(encoderOptions(model).prompts?.query, 'query: ', model)
  }
  for (const model of ['/e5/all-MiniLM-L6-v2', 'abe5'])
    t.deepEqual(encoderOptions(model), {}, model)
  t.regex(languageWarning('sentence-transformers/all-MiniLM-L6-v2', 'zh') ?? '', /English/)
  t.is(languageWarning('sentence-transformers/all-MiniLM-L6-v2', 'en'), undefined)
  t.is(languageWarning('/m/paraphrase-multilingual-MiniLM-L12-v2', 'zh'), undefined)
})

test('columns line up although Chinese characters are twice as wide', t => {
  t.is(cells('耳机 A'), 6)
  t.is(cells('e\u0301'), 1)
  t.is(cells('，'), 2)
  t.is(shorten('耳机和相机', 6), '耳机…')
  t.is(shorten('耳机', 4), '耳机')
  t.is(
    columns(
      [
        ['耳机', 'a', '1'],
        ['x', 'bcd', '10'],
      ],
      { right: [2] },
    ),
    '  耳机  a     1\n  x     bcd  10',
  )
})

test('progress is one redrawn line in a terminal and a line each quarter elsewhere', t => {
  const shown = (isTTY: boolean) => {
    let text = ''
    const show = progress('encoding', { isTTY, write: part => (text += part) })
    for (let done = 1; done <= 8; done++) show(done, 8)
    return text
  }
  t.is(shown(false).split('\n').length - 1, 4)
  t.true(shown(false).endsWith('encoding  8 of 8\n'))
  t.is(shown(true).split('\r').length - 1, 8)
  t.is(shown(true).split('\n').length - 1, 1)
})

testWithModel(
  'a changed catalogue is brought into the store, and vectors are kept where they can be',
  async (t, encoder) => {
    const store = await openStore(t, { encoder })
    const [same, repriced, rewritten, gone, fresh] = catalogue('en').products.slice(
      0,
      5,
    ) as Product[]
    await syncCatalogue({
      store,
      encoder,
      products: [same, repriced, rewritten, gone] as Product[],
    })
    const before = await store
      .collection('products')
      .get([repriced?.id, rewritten?.id] as string[], { vector: true })

    const products = [
      same,
      { ...repriced, price: 1 },
      { ...rewritten, description: 'Now in blue.' },
      fresh,
    ] as Product[]
    const steps: number[] = []
    const sync = await syncCatalogue({
      store,
      encoder,
      products,
      onProgress: done => steps.push(done),
    })
    t.like(sync, { added: 1, updated: 2, unchanged: 1, removed: 1, encoded: 2 })
    t.deepEqual(steps, [2])

    const ids = products.map(({ id }) => id)
    for (const collection of [sync.collection, sync.l2]) {
      t.is(await collection.count(), 4)
      const stored = await collection.get(ids, { vector: true })
      t.deepEqual(
        stored.map(record => record?.metadata.price),
        products.map(({ price }) => price),
      )
      t.deepEqual(stored[1]?.vector, before[0]?.vector)
      t.notDeepEqual(stored[2]?.vector, before[1]?.vector)
      const [hit] = await collection.search('Now in blue.', { k: 1 })
      t.is(hit?.id, rewritten?.id)
    }
    t.is((await sync.l2.stats()).metric, 'l2')
  },
)

testWithModel(
  'what an interrupted run left undone in the second collection is made up for',
  async (t, encoder) => {
    const store = await openStore(t, { encoder })
    const products = catalogue('en').products.slice(0, 3)
    const { l2 } = await syncCatalogue({ store, encoder, products })
    await l2.delete(products[1]?.id ?? '')
    await l2.upsert({ id: 'stray', text: 'left over' })
    const sync = await syncCatalogue({ store, encoder, products })
    t.like(sync, { unchanged: 3, encoded: 0 })
    t.deepEqual(
      (await l2.list()).records.map(({ id }) => id).sort(),
      products.map(({ id }) => id).sort(),
    )
  },
)

// The whole example, as a user runs it

for (const [lang, name] of [
  ['en', 'all-MiniLM-L6-v2'],
  ['zh', 'multilingual-e5-small'],
] as const) {
  testWithFolder(
    `the demo in ${lang} answers at least five of six questions, and a second run encodes nothing`,
    name,
    async (t, model) => demoTwice(t, lang, model),
  )
}

testWithFolder(
  'a store made with another encoder is refused with the remedy, and --fresh is it',
  'all-MiniLM-L6-v2',
  async (t, model) => {
    const path = join(await temporaryFolder(t), 'kb.db')
    const store = await open(path, { encoder: await loadEncoder(model, { maxTokens: 64 }) })
    await store.collection('products').add({ text: 'a kite' })
    await store.collection('mine').add({ text: 'not to be dropped' })
    await store.close()

    const refused = await runDemo(['--model', model, '--store', path])
    t.is(refused.code, 1)
    t.regex(refused.stderr, /run with --fresh/)
    const again = await runDemo(['--model', model, '--store', path, '--fresh'])
    t.is(again.code, 0, again.stderr)
    t.regex(again.stdout, /156 added/)
    const kept = await openStore(t, { path })
    t.is(await kept.collection('mine').count(), 1)
  },
)

test('what is wrong is said in a sentence, and the exit code is 1', async t => {
  const unknown = await runDemo(['--lnag'])
  t.is(unknown.code, 1)
  t.is(unknown.stderr.trim(), '--lnag is not an option: see --help')
  const missing = await runDemo(['--model', './no-such-model'])
  t.is(missing.code, 1)
  t.regex(missing.stderr, /no-such-model/)
  t.notRegex(missing.stderr, /^\s+at /m)
  const help = await runDemo(['--help'])
  t.is(help.code, 0)
  t.regex(help.stdout, /--fresh/)
})

async function demoTwice(t: ExecutionContext, lang: 'en' | 'zh', model: string) {
  const store = join(await temporaryFolder(t), 'kb.db')
  const options = ['--lang', lang, '--model', model, '--store', store]
  const first = await runDemo(options)
  t.is(first.code, 0, first.stderr)
  t.regex(first.stdout, /156 added, 0 updated, 0 unchanged, 0 removed; 156 encoded/)
  const answers = answersIn(first.stdout)
  t.is(answers.length, 6)
  t.true(answers.every(ids => ids.length === 5))
  const found = QUESTIONS[lang].filter(({ expected }, at) =>
    expected.some(id => answers[at]?.includes(id)),
  )
  t.true(found.length >= 5, `${found.length} of 6`)
  const category = QUESTIONS[lang].findIndex(question => question.category)
  t.true(
    answers[category]?.every(id => id.startsWith('LT-')),
    'the filter holds',
  )
  t.regex(first.stdout, lang === 'en' ? /after three/ : /三点/)

  const second = await runDemo(options)
  t.is(second.code, 0, second.stderr)
  t.regex(second.stdout, /0 added, 0 updated, 156 unchanged, 0 removed; 0 encoded/)
  t.deepEqual(answersIn(second.stdout), answers)
}

/** The ids of the answers to each question, as they stand in the output. */
function answersIn(output: string) {
  const questions =
    output
      .split(/^Memory$/m)[0]
      ?.split(/^\d\. /m)
      .slice(1) ?? []
  return questions.map(answer => [...answer.matchAll(/\b[A-Z]{2}-\d{3}\b/g)].map(([id]) => id))
}

function runDemo(args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>(resolve => {
    const command = [join(example, 'main.mjs'), ...args]
    execFile(process.execPath, command, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

/** A test, one at a time, with the folder of a model; skipped, with a message, where it is not there. */
function testWithFolder(
  title: string,
  name: string,
  run: (t: ExecutionContext, folder: string) => Promise<void>,
) {
  const folder = modelFolder(name)
  if (folder) {
    test.serial(title, t => run(t, folder))
  } else {
    console.log(`skipped: "${title}" needs ${name} in HIPPOCAMP_MODELS or .hippocamp/models`)
    test.skip(title, () => {})
  }
}

function catalogue(lang: 'en' | 'zh') {
  return cleanProducts(readCsv(readFileSync(join(example, `products.${lang}.csv`), 'utf8')))
}

function cleaned(rows: string) {
  return cleanProducts(readCsv(HEADER + rows))
}
