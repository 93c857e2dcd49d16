// Splitters beside LangChain's own, of the version in package.json, over real and random texts.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as langchain from '@langchain/textsplitters'
import test, { type ExecutionContext } from 'ava'
import {
  CHINESE_SEPARATORS,
  CharacterTextSplitter,
  LatexTextSplitter,
  MarkdownTextSplitter,
  RecursiveCharacterTextSplitter,
  SupportedTextSplitterLanguages,
  type TextSplitter,
  type TextSplitterOptions,
} from 'hippocamp/documents'
import { ALPHABETS, pick, randomNumbers, randomText } from './support/random-texts.js'
import { root } from './support/sources.js'
import { refused } from './support/stores.js'

// LangChain warns on the console of every chunk that is too large.
console.warn = () => {}

type Language = (typeof langchain.SupportedTextSplitterLanguages)[number]

interface Pair {
  name: string
  ours: TextSplitter
  theirs: langchain.TextSplitter
  separators: readonly string[]
}

/** Every chunk is its part of the text, in order, and no character is cut in half. */
async function hold(t: ExecutionContext, splitter: TextSplitter, text: string): Promise<string[]> {
  const chunks = await splitter.split(text)
  let last = -1
  for (const { text: chunk, start, end } of chunks) {
    if (chunk !== text.slice(start, end)) t.fail(`not the text from ${start} to ${end}`)
    if (start < last) t.fail('chunks are out of order')
    if (text.isWellFormed() && !chunk.isWellFormed()) t.fail(`a character is halved at ${start}`)
    last = start
  }
  return chunks.map(chunk => chunk.text)
}

/** Separators directly after each other: LangChain drops what is between them, so that its chunk is no part of the text. */
function hasRepeated(text: string, separators: readonly string[]): boolean {
  return separators.some(one => one !== '' && text.includes(one + one))
}

/** Characters of two code units, which LangChain cuts and measures as two where it cuts between characters. */
function hasPairs(text: string): boolean {
  return /[\ud800-\udfff]/.test(text)
}

/** Whether it comes to cutting between characters; the recursive splitter does so after the last separator, `''` or not. */
function cutsCharacters({ theirs, separators }: Pair): boolean {
  return separators.includes('') || theirs instanceof langchain.RecursiveCharacterTextSplitter
}

const counts = { equal: 0, repeated: 0, halved: 0, crashed: 0, texts: new Set<string>() }

/** Compares one text; what may differ is told by its reason. */
async function compare(t: ExecutionContext, pair: Pair, text: string): Promise<void> {
  counts.texts.add(text)
  const ours = await hold(t, pair.ours, text)
  const theirs = await pair.theirs.splitText(text).catch((error: Error) => error)
  if (theirs instanceof Error) {
    // Where the separators end without '' and are not kept, it looks for the length of no separator.
    t.false(pair.separators.includes('') || pair.ours.keepSeparator, theirs.stack)
    counts.crashed++
    return
  }
  const same = JSON.stringify(ours) === JSON.stringify(theirs)
  if (same) {
    t.pass()
    counts.equal++
  } else if (hasPairs(text) && cutsCharacters(pair)) {
    counts.halved++
  } else if (!pair.ours.keepSeparator && hasRepeated(text, pair.separators)) {
    counts.repeated++
  } else {
    t.deepEqual(ours, theirs, `${pair.name} of ${JSON.stringify(text.slice(0, 500))}`)
  }
}

const SIZES: [chunkSize: number, chunkOverlap: number][] = [
  [1, 0],
  [7, 3],
  [20, 0],
  [50, 49],
  [100, 20],
  [400, 100],
  [1000, 200],
]

/** Sizes by other measures than code units; one that takes its time, and one that is no sum of its parts. */
const LENGTHS: (((text: string) => number) | ((text: string) => Promise<number>) | undefined)[] = [
  undefined,
  (text: string) => [...text].length,
  async (text: string) => Buffer.byteLength(text),
  (text: string) => Math.ceil(text.split(/\s+/).length * 1.3),
]

function pairs(random: () => number): Pair[] {
  const [chunkSize, chunkOverlap] = pick(random, SIZES)
  const lengthFunction = pick(random, LENGTHS)
  const keepSeparator = random() < 0.5
  const options = {
    chunkSize,
    chunkOverlap,
    keepSeparator,
    ...(lengthFunction && { lengthFunction }),
  }
  const language = pick(random, langchain.SupportedTextSplitterLanguages)
  const separator = pick(random, ['\n\n', '\n', ' ', '', '。', '. ', '$', '(', '\\'])
  const separators = pick(random, [
    ['\n\n', '\n', ' ', ''],
    ['\n'],
    ['。', '，', ''],
    ['##', '\n\n'],
    [' ', '\n', ''],
  ])
  const name = JSON.stringify({ ...options, lengthFunction: String(lengthFunction) })
  return [
    {
      name: `CharacterTextSplitter ${separator} ${name}`,
      ours: new CharacterTextSplitter({ ...options, separator }),
      theirs: new langchain.CharacterTextSplitter({ ...options, separator }),
      separators: [separator],
    },
    {
      name: `RecursiveCharacterTextSplitter ${JSON.stringify(separators)} ${name}`,
      ours: new RecursiveCharacterTextSplitter({ ...options, separators }),
      theirs: new langchain.RecursiveCharacterTextSplitter({ ...options, separators }),
      separators,
    },
    forLanguage(language, options),
    {
      name: `MarkdownTextSplitter ${name}`,
      ours: new MarkdownTextSplitter(options),
      theirs: new langchain.MarkdownTextSplitter(options),
      separators: separatorsOf('markdown'),
    },
    {
      name: `LatexTextSplitter ${name}`,
      ours: new LatexTextSplitter(options),
      theirs: new langchain.LatexTextSplitter(options),
      separators: separatorsOf('latex'),
    },
  ]
}

function forLanguage(language: Language, options: TextSplitterOptions): Pair {
  return {
    name: `fromLanguage ${language} ${JSON.stringify(options)}`,
    ours: RecursiveCharacterTextSplitter.fromLanguage(language, options),
    theirs: langchain.RecursiveCharacterTextSplitter.fromLanguage(
      language,
      options as Partial<langchain.RecursiveCharacterTextSplitterParams>,
    ),
    separators: separatorsOf(language),
  }
}

function separatorsOf(language: Language): string[] {
  return langchain.RecursiveCharacterTextSplitter.getSeparatorsForLanguage(language)
}

/** Documents in two languages, sources in three, configuration. */
function realTexts(): string[] {
  const files = (folder: string, ending: RegExp) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => ending.test(name))
      .sort()
      .map(name => join(folder, name))
  return [
    'README.md',
    'README.zh-CN.md',
    'CHANGELOG.md',
    'package.json',
    ...files('docs', /\.md$/),
    ...files('src-ts/models', /\.ts$/),
    ...files('crates/index/src', /\.rs$/).slice(0, 30),
    ...files('examples', /\.(mjs|csv)$/).slice(0, 20),
  ].map(path => readFileSync(join(root, path), 'utf8').slice(0, 20_000))
}

test('without options, real texts are split as LangChain splits them', async t => {
  const texts = realTexts()
  t.true(texts.length >= 70, String(texts.length))
  for (const text of texts) {
    const separators = ['\n\n', '\n', ' ', '']
    const recursive = new RecursiveCharacterTextSplitter()
    await compare(
      t,
      {
        name: 'defaults',
        ours: recursive,
        theirs: new langchain.RecursiveCharacterTextSplitter(),
        separators,
      },
      text,
    )
    await compare(
      t,
      {
        name: 'defaults',
        ours: new CharacterTextSplitter(),
        theirs: new langchain.CharacterTextSplitter(),
        separators: ['\n\n'],
      },
      text,
    )
    for (const chunk of await recursive.splitText(text)) t.true(chunk.length <= 1000)
  }
})

test('with every setting, real texts are split as LangChain splits them', async t => {
  const random = randomNumbers(11)
  for (const text of realTexts()) {
    for (const pair of pairs(random)) await compare(t, pair, text.slice(0, 4_000))
  }
})

test('a text made of the separators of each language is split as LangChain splits it', async t => {
  const random = randomNumbers(7)
  for (const language of langchain.SupportedTextSplitterLanguages) {
    t.deepEqual(
      RecursiveCharacterTextSplitter.getSeparatorsForLanguage(language),
      separatorsOf(language),
    )
    const alphabet = [
      ...separatorsOf(language),
      'name',
      'value = 1',
      '{',
      '}\n',
      ' // note',
      '注释',
    ]
    for (let round = 0; round < 20; round++) {
      const text = randomText(random, alphabet, 10 + Math.floor(random() * 150))
      const [chunkSize, chunkOverlap] = pick(random, SIZES)
      const keepSeparator = random() < 0.7
      await compare(t, forLanguage(language, { chunkSize, chunkOverlap, keepSeparator }), text)
    }
  }
  t.deepEqual(SupportedTextSplitterLanguages.slice(0, -1), langchain.SupportedTextSplitterLanguages)
})

test('random texts of every kind are split as LangChain splits them', async t => {
  const random = randomNumbers(3)
  for (const alphabet of Object.values(ALPHABETS)) {
    for (let round = 0; round < 60; round++) {
      const text = randomText(random, alphabet, Math.floor(random() ** 2 * 300))
      for (const pair of pairs(random)) await compare(t, pair, text)
    }
  }
})

test('texts at the edges are split as LangChain splits them', async t => {
  const random = randomNumbers(5)
  const long = 'x'.repeat(5_000)
  for (const text of [
    '',
    ' ',
    '\n',
    '\n\n',
    ' \t\r\n　',
    'a',
    ' a ',
    '\n\na\n\n',
    long,
    `a ${long} b`,
    '，'.repeat(99),
  ]) {
    for (let round = 0; round < 10; round++) {
      for (const pair of pairs(random)) await compare(t, pair, text)
    }
  }
})

test.after('what was compared', t => {
  t.log(
    `${counts.texts.size} texts; ${counts.equal} splits equal, ${counts.repeated} with repeated separators dropped by LangChain, ${counts.halved} with characters halved by LangChain, ${counts.crashed} that it fails at`,
  )
})

test('separators that follow each other stay in the chunk when they are between its pieces', async t => {
  const options = { chunkSize: 20, chunkOverlap: 0, separator: '\n' }
  const text = 'one\n\n\ntwo'
  t.deepEqual(await new langchain.CharacterTextSplitter(options).splitText(text), ['one\ntwo'])
  t.deepEqual(await new CharacterTextSplitter(options).split(text), [{ text, start: 0, end: 9 }])
  // They count, so that the chunk is no larger than it may be.
  const apart = `one${'\n'.repeat(30)}two`
  t.deepEqual(await new CharacterTextSplitter(options).splitText(apart), ['one', 'two'])
})

test('no character is cut in half', async t => {
  const options = { chunkSize: 5, chunkOverlap: 1 }
  const text = '😀😀😀😀𠮷𠮷'
  const theirs = await new langchain.RecursiveCharacterTextSplitter(options).splitText(text)
  t.true(theirs.some(chunk => !chunk.isWellFormed()))
  const ours = await new RecursiveCharacterTextSplitter(options).split(text)
  t.deepEqual(
    ours.map(chunk => chunk.text),
    ['😀😀', '😀😀', '𠮷𠮷'],
  )
  t.deepEqual(
    ours.map(({ start }) => start),
    [0, 4, 8],
  )
})

test('offsets are right where the same words come again', async t => {
  const splitter = new RecursiveCharacterTextSplitter({ chunkSize: 12, chunkOverlap: 0 })
  const chunks = await splitter.split('same words\n\nsame words\n\nsame words')
  t.deepEqual(
    chunks.map(({ start, end }) => [start, end]),
    [
      [0, 10],
      [12, 22],
      [24, 34],
    ],
  )
})

test('lines are those of the chunk, not of an earlier place with the same text', async t => {
  const options = { chunkSize: 5, chunkOverlap: 0 }
  const text = 'b\na b\n\nb'
  const lines = (documents: { metadata: Record<string, unknown> }[]) =>
    documents.map(({ metadata }) => (metadata.loc as { lines: unknown }).lines)
  const theirs = new langchain.RecursiveCharacterTextSplitter(options)
  t.deepEqual(lines(await theirs.createDocuments([text])), [
    { from: 1, to: 2 },
    { from: 2, to: 2 },
  ])
  t.deepEqual(lines(await new RecursiveCharacterTextSplitter(options).createDocuments([text])), [
    { from: 1, to: 2 },
    { from: 4, to: 4 },
  ])
})

test('documents carry metadata and lines as those of LangChain', async t => {
  const options = { chunkSize: 30, chunkOverlap: 10 }
  const ours = new RecursiveCharacterTextSplitter(options)
  const theirs = new langchain.RecursiveCharacterTextSplitter(options)
  const texts = [
    'first line\nsecond line of it\n\nthird one, a little longer',
    '第一行\n第二行\n\n第四行',
  ]
  const metadatas = [{ source: 'a.txt', loc: { page: 3 } }, { source: 'b.txt' }]
  const headers = { chunkHeader: 'BOOK\n', appendChunkOverlapHeader: true }
  const plain = (
    documents: langchain.TextSplitter extends never
      ? never
      : { pageContent: string; metadata: object }[],
  ) => documents.map(({ pageContent, metadata }) => ({ pageContent, metadata }))
  t.deepEqual(
    await ours.createDocuments(texts, metadatas, headers),
    plain(await theirs.createDocuments(texts, metadatas, headers)) as never,
  )
  t.deepEqual(
    await ours.createDocuments(texts),
    plain(await theirs.createDocuments(texts)) as never,
  )
  const documents = [{ pageContent: texts[0] ?? '', metadata: { source: 'a' } }]
  const whole = await ours.splitDocuments([...documents, { metadata: { source: 'no text' } }])
  t.deepEqual(whole, plain(await theirs.splitDocuments(documents)) as never)
  t.deepEqual(await ours.transformDocuments(documents), whole)
})

test('Chinese is cut after its sentences, with the quotation marks that close them', async t => {
  const text =
    '海马体位于大脑内侧。“它把经历变成记忆！”教授说：“没有它，就没有新的记忆……”我们都同意；后来呢？（完。）'
  const splitter = RecursiveCharacterTextSplitter.fromLanguage('zh', {
    chunkSize: 22,
    chunkOverlap: 0,
  })
  const chunks = await hold(t, splitter, text)
  t.deepEqual(chunks, [
    '海马体位于大脑内侧。“它把经历变成记忆！”',
    '教授说：“没有它，就没有新的记忆……”',
    '我们都同意；后来呢？（完。）',
  ])
  t.is(chunks.join(''), text)
  t.deepEqual(RecursiveCharacterTextSplitter.getSeparatorsForLanguage('zh'), [
    ...CHINESE_SEPARATORS,
  ])
})

test('Chinese sentences overlap as a whole', async t => {
  const splitter = new RecursiveCharacterTextSplitter({
    separators: CHINESE_SEPARATORS,
    chunkSize: 16,
    chunkOverlap: 8,
  })
  t.deepEqual(await hold(t, splitter, '第一句话在这里。第二句在此。第三句也在这里。'), [
    '第一句话在这里。第二句在此。',
    '第二句在此。第三句也在这里。',
  ])
})

test('options that cannot be right are refused by name', async t => {
  const cases: [unknown, RegExp][] = [
    [{ chunkSize: 0 }, /chunkSize is 0/],
    [{ chunkSize: 100 }, /chunkOverlap is 200 and chunkSize is 100/],
    [{ chunkOverlap: -1 }, /chunkOverlap is -1/],
    [{ keepSeparator: 'end' }, /keepSeparator is "end"/],
    [{ lengthFunction: 3 }, /lengthFunction is 3/],
    [{ separators: 'x' }, /separators is "x"/],
    [{ separators: [1] }, /separator 0 is 1/],
    [{ separators: ['\ud83d'] }, /lone surrogate/],
    [{ seperators: [] }, /did you mean "separators"/],
    [{ maxTokens: 10 }, /maxTokens is 10, but whose tokens/],
    [{ prefix: 'passage: ' }, /prefix is "passage: ", but whose tokens/],
    [{ encoder: {} }, /encoder is an object/],
    [{ encoder: { countTokens: async () => 1 } }, /give maxTokens/],
  ]
  for (const [options, message] of cases) {
    const error = await refused(
      t,
      'ERR_INVALID_ARGUMENT',
      () => new RecursiveCharacterTextSplitter(options as TextSplitterOptions),
    )
    t.regex(error.message, message)
  }
  const unknown = () => RecursiveCharacterTextSplitter.fromLanguage('cobol' as never)
  t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', unknown)).message, /language is "cobol"/)
  const splitter = new CharacterTextSplitter()
  await refused(t, 'ERR_INVALID_ARGUMENT', () => splitter.split(3 as never))
})

test('a text without separators may have any number of chunks', async t => {
  const text = 'x'.repeat(300_000)
  const splitters = [
    new RecursiveCharacterTextSplitter({ chunkSize: 2, chunkOverlap: 0 }),
    new CharacterTextSplitter({ chunkSize: 2, chunkOverlap: 0, separator: '' }),
  ]
  for (const splitter of splitters) t.is((await splitter.split(text)).length, 150_000)
})

test('while a text is split, other things have their turns', async t => {
  const splitters = [
    new RecursiveCharacterTextSplitter(),
    new CharacterTextSplitter({ separator: '' }),
    RecursiveCharacterTextSplitter.fromLanguage('zh'),
  ]
  for (const text of ['x'.repeat(1_000_000), '\n'.repeat(1_000_000), '。'.repeat(1_000_000)]) {
    for (const splitter of splitters) {
      let turns = 0
      const ticking = setInterval(() => turns++, 0)
      await splitter.split(text)
      clearInterval(ticking)
      t.true(turns >= 2, `${turns} turns`)
    }
  }
})

test('the flags of a pattern that say where to begin are of no account', async t => {
  for (const flags of ['', 'g', 'y', 'gy']) {
    const separators = [new RegExp('(?=b)', flags)]
    const splitter = new RecursiveCharacterTextSplitter({
      separators,
      chunkSize: 4,
      chunkOverlap: 0,
    })
    t.deepEqual(await splitter.splitText('aaabbb'), ['aaab', 'bb'])
    t.deepEqual(await splitter.splitText('aaaabaaa'), ['aaaa', 'baaa'])
  }
})
