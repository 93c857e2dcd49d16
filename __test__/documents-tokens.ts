// Chunks that an encoder reads whole, counted by a real encoder.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { Encoder } from 'hippocamp'
import {
  MarkdownTextSplitter,
  RecursiveCharacterTextSplitter,
  type TextSplitter,
  TokenTextSplitter,
} from 'hippocamp/documents'
import { testWithModel } from './support/models.js'
import { ALPHABETS, randomNumbers, randomText } from './support/random-texts.js'
import { root } from './support/sources.js'
import { refused } from './support/stores.js'

const english = readFileSync(join(root, 'docs', 'ranking.md'), 'utf8')
const chinese = readFileSync(join(root, 'README.zh-CN.md'), 'utf8')
const hostile = `${'x'.repeat(3_000)}${'😀'.repeat(300)} ${'记'.repeat(1_000)}`

async function sizes(encoder: Encoder, splitter: TextSplitter, text: string) {
  const chunks = await splitter.split(text)
  for (const { text: chunk, start, end } of chunks) {
    if (chunk !== text.slice(start, end)) throw new Error(`not the text from ${start} to ${end}`)
    if (!chunk.isWellFormed()) throw new Error(`a character is halved at ${start}`)
  }
  return Promise.all(chunks.map(chunk => encoder.countTokens(chunk.text)))
}

testWithModel('no chunk has more tokens than the encoder reads', async (t, encoder) => {
  for (const text of [english, chinese, hostile]) {
    for (const splitter of [
      new RecursiveCharacterTextSplitter({ encoder, chunkSize: 4_000 }),
      new MarkdownTextSplitter({ encoder, chunkSize: 4_000 }),
      RecursiveCharacterTextSplitter.fromLanguage('zh', { encoder, chunkSize: 4_000 }),
    ]) {
      const tokens = await sizes(encoder, splitter, text)
      t.true(Math.max(...tokens) <= encoder.maxTokens - 2, String(Math.max(...tokens)))
    }
    const { truncated } = await encoder.encode(
      await new RecursiveCharacterTextSplitter({ encoder, chunkSize: 4_000 }).splitText(text),
    )
    t.is(truncated, 0)
  }
})

testWithModel('what fits already is left as it is', async (t, encoder) => {
  const options = { chunkSize: 300, chunkOverlap: 50 }
  t.deepEqual(
    await new RecursiveCharacterTextSplitter({ ...options, encoder }).split(english),
    await new RecursiveCharacterTextSplitter(options).split(english),
  )
})

testWithModel('room is left for a prefix', async (t, encoder) => {
  const prefix = 'passage: '
  const options = { encoder, maxTokens: 32, prefix, chunkSize: 2_000 }
  const chunks = await new RecursiveCharacterTextSplitter(options).splitText(english)
  const tokens = await Promise.all(chunks.map(chunk => encoder.countTokens(prefix + chunk)))
  t.true(Math.max(...tokens) <= 30)
  t.true(Math.max(...tokens) >= 27)
  const long = 'as long as this prefix is, nothing is left of the few tokens'
  const splitter = new RecursiveCharacterTextSplitter({ ...options, maxTokens: 8, prefix: long })
  const { message } = await refused(t, 'ERR_INVALID_ARGUMENT', () => splitter.split(english))
  t.regex(message, /maxTokens is 8, of which the prefix .* leaves nothing/)
})

testWithModel('windows of tokens are full, overlap and end between words', async (t, encoder) => {
  const words = english.replaceAll(/[^a-zA-Z]+/g, ' ').trim()
  const splitter = new TokenTextSplitter({ encoder, chunkSize: 64, chunkOverlap: 16 })
  const chunks = await splitter.split(words)
  const tokens = await Promise.all(chunks.map(({ text }) => encoder.countTokens(text)))
  t.true(tokens.every(count => count <= 64))
  // A word that would not fit has some tokens.
  t.true(
    tokens.slice(0, -1).every(count => count >= 56),
    String(tokens),
  )
  for (const [at, { text, start, end }] of chunks.entries()) {
    t.is(text, words.slice(start, end))
    t.true(start === 0 || words[start - 1] === ' ')
    t.true(end === words.length || words[end] === ' ')
    const next = chunks[at + 1]
    if (!next) continue
    const overlap = await encoder.countTokens(words.slice(next.start, end))
    t.true(overlap <= 16 && overlap >= 8, String(overlap))
  }
})

testWithModel('windows of tokens together are the whole text', async (t, encoder) => {
  const random = randomNumbers(2)
  for (const alphabet of Object.values(ALPHABETS)) {
    const text = randomText(random, alphabet, 400)
    const splitter = new TokenTextSplitter({ encoder, chunkSize: 20, chunkOverlap: 5 })
    const tokens = await sizes(encoder, splitter, text)
    t.true(tokens.every(count => count <= 20))
    let covered = 0
    for (const { start, end } of await splitter.split(text)) {
      t.is(text.slice(covered, start).trim(), '')
      covered = end
    }
    t.is(text.slice(covered).trim(), '')
  }
})

testWithModel(
  'the encoder says how long windows are, unless told otherwise',
  async (t, encoder) => {
    const { chunkSize, chunkOverlap } = new TokenTextSplitter({ encoder })
    t.deepEqual(
      [chunkSize, chunkOverlap],
      [encoder.maxTokens - 2, Math.floor((encoder.maxTokens - 2) / 5)],
    )
    const message = (
      await refused(
        t,
        'ERR_INVALID_ARGUMENT',
        () => new TokenTextSplitter({ encoder, chunkSize: 5_000 }),
      )
    ).message
    t.regex(message, /chunkSize is 5000, but the encoder reads/)
  },
)

test('anything that counts tokens will do', async t => {
  const encoder = { countTokens: async (text: string) => text.match(/\S+/g)?.length ?? 0 }
  const splitter = new TokenTextSplitter({ encoder, chunkSize: 3, chunkOverlap: 1 })
  t.deepEqual(await splitter.splitText('one two three four five six seven'), [
    'one two three',
    'three four five',
    'five six seven',
  ])
  const letters = { countTokens: async (text: string) => text.length }
  const small = new TokenTextSplitter({ encoder: letters, chunkSize: 6, chunkOverlap: 3 })
  // Behind "b c" there is no room for the long word, and no window is part of another.
  t.deepEqual(await small.splitText('a b c dddddd eeeeeeee'), ['a b c', 'dddddd', 'eeeeee', 'ee'])
  t.deepEqual(await splitter.splitText(''), [])
  t.deepEqual(await splitter.splitText(' \n'), [])
  const missing = () => new TokenTextSplitter({} as never)
  t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', missing)).message, /encoder is undefined/)
})
