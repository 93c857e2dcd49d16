// Summaries that are chosen, not written: which sentences, in which form, and how long it takes.
import test from 'ava'
import { loadEncoder } from 'hippocamp'
import {
  ConversationSummaryMemory,
  extractiveSummary,
  type SentenceEncoder,
} from 'hippocamp/memory'
import { CHATS, markedChat } from './support/chats.js'
import { countWords, shown, talk } from './support/memories.js'
import { modelFolder, testWithModel } from './support/models.js'
import { read } from './support/sources.js'
import { refused } from './support/stores.js'

/** Whatever a program without types may pass. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested here
type Anything = any

/** Vectors that are known: each sentence lies in the direction of its first letter. */
const byLetter: SentenceEncoder = {
  async encode(texts) {
    const data = new Float32Array(texts.length * 26)
    for (const [i, text] of texts.entries()) {
      data[i * 26 + ((text.toLowerCase().codePointAt(0) ?? 97) - 97)] = 3
    }
    return { data, dimension: 26 }
  },
}

test('the most central sentences are taken, not two that say the same, in their order', async t => {
  const text = 'Bees fly. Ants dig. Ants carry. Ants march. Bees sting. Cats sleep.'
  t.is(
    await extractiveSummary(text, { encoder: byLetter, maxSentences: 2 }),
    'Bees fly.\nAnts dig.',
  )
  t.is(await extractiveSummary(text, { encoder: byLetter, maxSentences: 1 }), 'Ants dig.')
})

test('a short text is its own summary, without a question to the encoder', async t => {
  const encoder = { encode: () => Promise.reject(new Error('not asked')) }
  t.is(await extractiveSummary('One. Two!\nThree', { encoder }), 'One.\nTwo!\nThree')
  t.is(await extractiveSummary('', { encoder }), '')
  t.is(await extractiveSummary(' \n\n　', { encoder }), '')
})

test('sentences end as they end in English and Chinese, and where lines do', async t => {
  const split = (text: string, speakers: string[] = []) =>
    extractiveSummary(text, { encoder: byLetter, maxSentences: 100, speakers })
  t.is(await split('我叫小明。你呢？我很好！'), '我叫小明。\n你呢？\n我很好！')
  t.is(
    await split('Dr. Smith met J. K. Rowling. They talked, e.g. about Mr. Potter.'),
    'Dr. Smith met J. K. Rowling.\nThey talked, e.g. about Mr. Potter.',
  )
  t.is(await split('no full stop\r\nanother line'), 'no full stop\nanother line')
  t.is(
    await split('Human: Hi. I am Ann.\nand I like tea\nAI: Hello Ann!', ['Human', 'AI']),
    'Human: Hi.\nHuman: I am Ann.\nHuman: and I like tea\nAI: Hello Ann!',
  )
})

test('sentences in a long line are whole', async t => {
  const sentences = Array.from({ length: 500 }, (_, i) => `Ants carry leaf number ${i}.`)
  const options = { encoder: byLetter, maxSentences: 1000 }
  t.is(await extractiveSummary(sentences.join(' '), options), sentences.join('\n'))
  const words = Array.from({ length: 5000 }, (_, i) => `x${i}`).join('')
  t.is((await extractiveSummary(words, options)).replaceAll('\n', ''), words)
})

test('what was said twice counts once', async t => {
  const text = 'Ants dig. Ants dig. Ants dig. Bees fly.'
  t.is(await extractiveSummary(text, { encoder: byLetter }), 'Ants dig.\nBees fly.')
})

test('no more tokens than allowed, speakers and line breaks included', async t => {
  const text = Array.from({ length: 40 }, (_, i) => `Human: ${'abcdefgh'[i % 8]} word number ${i}.`)
  for (let maxTokens = 0; maxTokens < 60; maxTokens += 3) {
    const summary = await extractiveSummary(text.join('\n'), {
      encoder: byLetter,
      maxTokens,
      countTokens: countWords,
      speakers: ['Human'],
    })
    t.true(countWords(summary) <= maxTokens)
    t.true(countWords(summary) > maxTokens - 6)
  }
})

const REPORT =
  'The new library opened on Monday in the old railway station. The architects kept the brick walls of the station and added a glass roof over the reading room. I had a sandwich for lunch. The library holds 200,000 books and is open every day. Readers in the library can sit below the glass roof until midnight. My bicycle has a flat tyre.'

testWithModel(
  'what the text is about is kept, and what is beside it is not',
  async (t, encoder) => {
    const summary = await extractiveSummary(REPORT, { encoder, maxSentences: 3 })
    t.false(/sandwich|bicycle/.test(summary))
    t.is(summary.split('\n').length, 3)
    const short = await extractiveSummary(REPORT, { encoder, maxTokens: 30 })
    t.true((await encoder.countTokens(short)) <= 30)
    t.not(short, '')
  },
)

const multilingual = modelFolder('multilingual-e5-small')
const testMultilingual = multilingual === undefined ? test.skip : test
if (multilingual === undefined) {
  console.log('skipped: a summary in Chinese needs multilingual-e5-small in HIPPOCAMP_MODELS')
}
testMultilingual('what a Chinese text is about is kept', async t => {
  const encoder = await loadEncoder(multilingual ?? '')
  const summary = await extractiveSummary(
    '新图书馆周一在老火车站开放。建筑师保留了车站的砖墙，并在阅览室上方加了玻璃屋顶。我中午吃了一个三明治。图书馆有二十万册图书，每天开放。读者可以在图书馆的玻璃屋顶下坐到午夜。我的自行车胎没气了。',
    { encoder, maxSentences: 3 },
  )
  t.false(/三明治|自行车/.test(summary), summary)
  t.is(summary.split('\n').length, 3)
})

/** Small talk as it goes on and on. */
const SMALL_TALK = {
  English: [
    'How are you today? I am fine, it is a lovely day.',
    'The weather is lovely today. It was lovely yesterday too.',
    'What a lovely day! Do you like lovely days?',
    'That sounds great. Have a nice day!',
  ],
  Chinese: [
    '你今天好吗？今天天气真好。',
    '天气真好，昨天天气也很好。',
    '今天真是个好日子！你喜欢好天气吗？',
    '听起来真不错。祝你今天愉快！',
  ],
}
const FACTS = {
  English: ['Human: I am allergic to peanuts.', 'I am allergic to peanuts.'],
  Chinese: ['Human: 我对花生过敏。', '我对花生过敏。'],
} as const

for (const language of ['English', 'Chinese'] as const) {
  const folder = modelFolder(language === 'English' ? 'all-MiniLM-L6-v2' : 'multilingual-e5-small')
  const testIt = folder === undefined ? test.skip : test

  for (const part of ['seen', 'not seen'] as const) {
    const title = `${language} talks that were ${part}: as much of what matters is kept as docs/memory.md says`
    testIt(title, async t => {
      const encoder = await loadEncoder(folder ?? '')
      let kept = 0
      let all = 0
      for (const { lines, gold } of CHATS[language][part].map(markedChat)) {
        const summary = await extractiveSummary(lines.join('\n'), {
          encoder,
          maxSentences: gold.length + 1,
          speakers: ['Human', 'AI'],
        })
        kept += gold.filter(sentence => summary.includes(sentence)).length
        all += gold.length
      }
      const row = new RegExp(
        `^\\| ${language} talks \\| ${part} \\| [\\d.]+ \\| ([\\d.]+) \\|$`,
        'm',
      )
      const stated = Number(row.exec(read('docs/memory.md'))?.[1])
      t.true(kept / all >= stated - 0.005, `${kept} of ${all}`)
    })
  }

  testIt(`${language}: a fact of the second turn outlives twenty turns of small talk`, async t => {
    const memory = new ConversationSummaryMemory({
      encoder: await loadEncoder(folder ?? ''),
      maxSentences: 6,
    })
    const [line, fact] = FACTS[language]
    const small = SMALL_TALK[language]
    await talk(memory, [[small[0] ?? '', small[3] ?? '']])
    await talk(memory, [[fact, small[3] ?? '']])
    for (let i = 0; i < 20; i++) {
      await talk(memory, [[small[i % 3] ?? '', small[(i + 1) % 4] ?? '']])
    }
    const lines = String(await shown(memory)).split('\n')
    t.true(lines.includes(line), lines.join('\n'))
    t.true(lines.length <= 6)
  })
}

test('a long text leaves the event loop free', async t => {
  const sentence = (i: number) => `${'abcdefghijklmnopqrstuvwxyz'[i % 26]} thing number ${i}. `
  const text = Array.from({ length: 40_000 }, (_, i) => sentence(i)).join('')
  let longest = 0
  const start = performance.now()
  let last = start
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  await extractiveSummary(text, { encoder: byLetter, maxSentences: 5 })
  clearInterval(timer)
  // The time is in proportion to the length: some seconds, not minutes.
  t.true(performance.now() - start < 20_000)
  // Much more than a slice takes: other tests and the collector of garbage have their part.
  t.true(longest < 200, `${longest} ms`)
})

test('a signal ends it with its reason', async t => {
  const reason = new Error('enough')
  const run = (signal: AbortSignal, encoder = byLetter) =>
    extractiveSummary('Ants dig. '.repeat(20) + REPORT, { encoder, maxSentences: 1, signal })
  t.is(await t.throwsAsync(run(AbortSignal.abort(reason))), reason)
  const controller = new AbortController()
  const encoder: SentenceEncoder = {
    encode(texts) {
      controller.abort(reason)
      return byLetter.encode(texts)
    },
  }
  t.is(await t.throwsAsync(run(controller.signal, encoder)), reason)
})

test('options that cannot be right are refused by name', async t => {
  const cases: [Anything, RegExp][] = [
    [{}, /encoder is undefined/],
    [{ encoder: {} }, /encoder is an object/],
    [{ encoder: byLetter, maxSentences: 0 }, /maxSentences is 0/],
    [{ encoder: byLetter, maxTokens: -1 }, /maxTokens is -1/],
    [{ encoder: byLetter, maxTokens: 5 }, /has nothing to count tokens with/],
    [{ encoder: byLetter, speakers: 'Human' }, /speakers is "Human"/],
    [{ encoder: byLetter, speakers: [7] }, /a name of speakers is 7/],
    [{ encoder: byLetter, sentences: 5 }, /unknown option "sentences"/],
  ]
  for (const [options, pattern] of cases) {
    const call = () => extractiveSummary('a', options)
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', call)).message, pattern)
  }
  await refused(t, 'ERR_INVALID_ARGUMENT', () =>
    extractiveSummary(7 as Anything, { encoder: byLetter }),
  )
  const short: SentenceEncoder = { encode: async () => ({ data: [1], dimension: 2 }) }
  const call = () => extractiveSummary('Ants dig. Bees fly.', { encoder: short, maxSentences: 1 })
  t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', call)).message, /1 values for 2 sentences/)
})
