// Named things in texts: which are found, how many of them, and in which time.
import test from 'ava'
import { type EntityKind, recognizeEntities } from 'hippocamp/memory'
import { CHINESE, ENGLISH, type Marked, unmark } from './support/entity-sentences.js'
import { read } from './support/sources.js'
import { refused } from './support/stores.js'

/** What is found, as `kind text`. */
const found = (text: string) => recognizeEntities(text).map(({ kind, text }) => `${kind} ${text}`)

const CASES: [kind: EntityKind, text: string, entities: string[]][] = [
  ['person', 'Yesterday Anna met Dr. Smith.', ['person Anna', 'person Dr. Smith']],
  ['person', '张伟和李娜去找欧阳老师', ['person 张伟', 'person 李娜', 'person 欧阳老师']],
  ['place', 'She lives in New York, near Loch Ness.', ['place New York', 'place Loch Ness']],
  ['place', '他住在浙江省杭州市西湖区', ['place 浙江省', 'place 杭州市', 'place 西湖区']],
  ['organisation', 'He works at Siemens.', ['organisation Siemens']],
  [
    'organisation',
    '她在腾讯公司和北京大学工作',
    ['organisation 腾讯公司', 'organisation 北京大学'],
  ],
  ['name', 'I opened Bluebird on my iPad.', ['name Bluebird', 'name iPad']],
  ['name', '我用Python写代码', ['name Python']],
  ['handle', 'Ask @mike_j, not mike@example.com.', ['handle @mike_j']],
  ['date', 'On March 5, 2024 or 2024-03-06', ['date March 5, 2024', 'date 2024-03-06']],
  ['date', '2024年3月5日还是五月一日？昨天不是', ['date 2024年3月5日', 'date 五月一日']],
  ['number', 'It costs $1,500.50 and weighs 3.5 kg', ['number $1,500.50', 'number 3.5 kg']],
  ['number', '三斤苹果花了35元，便宜20%', ['number 三斤', 'number 35元', 'number 20%']],
  ['quoted', 'I read “The Trial” and 「活着」', ['quoted The Trial', 'quoted 活着']],
]
for (const [kind, text, entities] of CASES) {
  test(`${kind}: ${text}`, t => {
    t.deepEqual(found(text), entities)
    t.true(entities.some(entity => entity.startsWith(kind)))
  })
}

for (const text of [
  '',
  ' \n\t',
  'The weather is lovely. What shall we do? I think so.',
  'On Monday I speak French.',
  'He said "I am not coming, sorry."',
  'I am 30 and my room is 12',
  'STOP SHOUTING AT ME NOW',
  '我最喜欢的运动是足球。马上就要放假了，大家都很高兴。',
  '方便的话，请安全到家后告诉我。这个城市的道路很好。',
]) {
  test(`nothing is named in ${JSON.stringify(text)}`, t => t.deepEqual(found(text), []))
}

test('each is where it says it is, in order, and none in another', t => {
  for (const sentence of [...ENGLISH, ...CHINESE]) {
    const { text } = unmark(sentence)
    let last = 0
    for (const entity of recognizeEntities(text)) {
      t.is(text.slice(entity.start, entity.end), entity.text)
      t.true(entity.start >= last)
      last = entity.end
    }
  }
})

interface Score {
  precision: number
  recall: number
  /** Of what was rightly found, the part whose kind is right. */
  kind: number
}

function scoreOf(sentences: readonly Marked[]): Score {
  let expected = 0
  let given = 0
  let right = 0
  let kinds = 0
  for (const { text, entities } of sentences) {
    const left = [...entities]
    expected += left.length
    for (const entity of recognizeEntities(text)) {
      given++
      const at = left.findIndex(other => other.text === entity.text)
      if (at < 0) continue
      right++
      if (left[at]?.kind === entity.kind) kinds++
      left.splice(at, 1)
    }
  }
  return { precision: right / given, recall: right / expected, kind: kinds / right }
}

const DOCUMENT = read('docs/memory.md')

for (const [language, sentences] of Object.entries({ English: ENGLISH, Chinese: CHINESE })) {
  for (const [part, parity] of [
    ['seen', 0],
    ['not seen', 1],
  ] as const) {
    test(`${language} sentences that were ${part}: as many are found as docs/memory.md says`, t => {
      const chosen = sentences.filter((_, i) => i % 2 === parity).map(unmark)
      t.true(chosen.length >= 20)
      const scores = Object.values(scoreOf(chosen))
      const row = new RegExp(`^\\| ${language} \\| ${part} \\| (.+) \\|$`, 'm').exec(DOCUMENT)
      const stated = row?.[1]?.split(' | ').map(Number) ?? []
      t.is(stated.length, 3, `${language}, ${part}: ${scores.map(score => score.toFixed(2))}`)
      // The dictionary of Chinese words is that of Node.js, and versions differ.
      for (const [i, score] of scores.entries())
        t.true(score > (stated[i] ?? 1) - 0.05, `${scores}`)
    })
  }
}

test('hostile texts of a megabyte take time in proportion to their length', t => {
  for (const unit of [
    'A a ',
    '"',
    '“a',
    '1',
    '1,',
    '@a.',
    'A of ',
    'Mr. ',
    '三',
    '王',
    '大学',
    '阿·',
  ]) {
    const time = (length: number) => {
      const text = unit.repeat(length / unit.length)
      const start = performance.now()
      recognizeEntities(text)
      return performance.now() - start
    }
    const whole = time(1 << 20)
    // Quadratic, it would take hours.
    t.true(whole < 30_000, `${JSON.stringify(unit)}: ${whole} ms`)
  }
})

test('what is no text is refused', async t => {
  for (const text of [undefined, null, 7, ['a']] as never[]) {
    await refused(t, 'ERR_INVALID_ARGUMENT', () => recognizeEntities(text))
  }
})
