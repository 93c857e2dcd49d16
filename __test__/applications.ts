// The applications of examples/: what they say with their own texts, in both languages, and their figures where the evaluation
// data are at hand. Each test prints what it has measured.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Encoder, loadEncoder } from 'hippocamp'
import { Desk } from '../examples/customer-service/desk.mjs'
import { FAQ } from '../examples/customer-service/faq.mjs'
import { measure as measureDesk } from '../examples/customer-service/measure.mjs'
import { measure as measureRecommendations } from '../examples/recommendation/measure.mjs'
import { recommend, similar } from '../examples/recommendation/recommend.mjs'
import { talkMemory } from '../examples/talk/memory.mjs'
import { SCRIPT } from '../examples/talk/script.mjs'
import { talk } from '../examples/talk/talk.mjs'
import { Labeller } from '../examples/topic-watch/labeller.mjs'
import { measure as measureWatch } from '../examples/topic-watch/measure.mjs'
import { MESSAGES } from '../examples/topic-watch/messages.mjs'
import { RateWatch } from '../examples/topic-watch/rate-watch.mjs'
import { streamOf } from '../examples/topic-watch/stream.mjs'
import { modelFolder } from './support/models.js'
import { root } from './support/sources.js'
import { openStore } from './support/stores.js'

const DATA = join(resolve(root, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared'), 'data')
const MODELS = { en: 'all-MiniLM-L6-v2', zh: 'multilingual-e5-small' } as const
type Language = keyof typeof MODELS

const encoders = new Map<string, Promise<Encoder>>()

/** A test in a language, with its model and, if need be, with the data of some folders. */
function testIn(
  lang: Language,
  title: string,
  folders: readonly string[],
  run: (t: ExecutionContext, encoder: Encoder) => Promise<void>,
): void {
  const model = modelFolder(MODELS[lang])
  const missing = folders.find(folder => !existsSync(join(DATA, folder)))
  if (!model || missing) {
    const needs = model ? `${missing} in ${DATA} (set HIPPOCAMP_EVAL_DIR)` : MODELS[lang]
    console.log(`skipped: "${title}" needs ${needs}`)
    test.skip(title, () => {})
    return
  }
  test(title, async t => {
    const encoder = encoders.get(model) ?? loadEncoder(model)
    encoders.set(model, encoder)
    await run(t, await encoder)
  })
}

for (const lang of ['en', 'zh'] as const) {
  testIn(
    lang,
    `the desk answers in ${lang} what it can, and nothing else`,
    [],
    async (t, encoder) => {
      const { answers, asked } = FAQ[lang]
      const desk = new Desk((await openStore(t, { encoder })).collection('faq'))
      const known = Object.entries(answers).flatMap(([topic, { questions }]) =>
        questions.map(question => ({ question, topic })),
      )
      await desk.learn(known)
      const { threshold } = await desk.calibrate({ precision: 0.8 })
      const routed = await Promise.all(asked.map(([question]) => desk.route(question)))
      const right = asked.filter(([, topic], i) => topic && routed[i]?.topic === topic)
      t.true(right.length >= 5, `${right.length} of 6 topics`)
      for (const [i, [question, topic]] of asked.entries())
        if (topic === undefined) t.true((routed[i]?.sureness ?? 1) < threshold, question)
      t.true(routed.filter(({ sureness }) => sureness >= threshold).length >= 3)
    },
  )

  testIn(
    lang,
    `a change of the mood is noticed in ${lang}, and its end`,
    [],
    async (t, encoder) => {
      const labeller = new Labeller((await openStore(t, { encoder })).collection('examples'))
      for (const [label, { examples }] of Object.entries(MESSAGES[lang]))
        await labeller.learn(examples.map(text => ({ text, label })))
      const texts = Object.fromEntries(
        Object.entries(MESSAGES[lang]).map(([label, { messages }]) => [label, messages]),
      )
      const label = 'delivery, angry'
      const changes = [
        { at: 30, label, factor: 3 },
        { at: 60, label, factor: 1 / 3 },
      ]
      const windows = streamOf({ texts, windows: 90, size: 40, changes })
      const messages = Object.values(texts).flat()
      const labels = await labeller.label(messages)
      const labelOf = new Map(messages.map((text, i) => [text, labels[i] ?? '']))
      const watch = new RateWatch()
      const alerts = windows.flatMap(window =>
        watch.push(window.map(text => labelOf.get(text) ?? '')),
      )
      const found = alerts
        .filter(alert => alert.label === label)
        .map(({ direction, window }) => `${direction} ${window < 60 ? window - 30 : window - 60}`)
      t.is(found.length, 2, found.join())
      t.regex(found[0] ?? '', /^more [0-8]$/)
      t.regex(found[1] ?? '', /^less [0-9]$/)
    },
  )

  testIn(lang, `a talk in ${lang} remembers what its questions need`, [], async (t, encoder) => {
    const memory = talkMemory((await openStore(t, { encoder })).collection('talk'), encoder)
    const steps: (boolean | undefined)[] = []
    for await (const { isRemembered, tokens } of talk(memory, SCRIPT[lang])) {
      steps.push(isRemembered)
      t.true(tokens <= 300)
    }
    t.is(steps.filter(step => step !== undefined).length, 4)
    t.false(steps.includes(false))
  })
}

testIn(
  'en',
  'BANKING77: topics are found, and what has no answer is refused',
  ['banking77', 'clinc150'],
  async (t, encoder) => {
    const collection = (await openStore(t, { encoder, path: ':memory:' })).collection<{
      topic: string
    }>('banking')
    const found = await measureDesk(collection, DATA)
    t.log(JSON.stringify(found))
    t.true(found.accuracy >= 0.92, `accuracy ${found.accuracy}`)
    t.true(found.precision >= 0.965, `precision ${found.precision}`)
    t.true(found.answered >= 0.86, `answered ${found.answered}`)
    t.true(found.refused >= 0.98, `refused ${found.refused}`)
  },
)

testIn(
  'en',
  'products that were held out are recommended, and similar ones are of a kind',
  ['product-kb'],
  async (t, encoder) => {
    const items = (await openStore(t, { encoder })).collection<{
      item: string
      title: string
      category: string
    }>('items')
    const found = await measureRecommendations(items, DATA)
    t.log(JSON.stringify(found))
    t.true(found.oneInterest >= 0.9, `one interest ${found.oneInterest}`)
    t.true(found.twoInterests >= 0.8, `two interests ${found.twoInterests}`)
    t.true(found.similarIsSame >= 0.6, `same category ${found.similarIsSame}`)
  },
)

testIn(
  'en',
  'changes of a stream are found soon, and others are not made up',
  ['banking77'],
  async (t, encoder) => {
    const examples = (await openStore(t, { encoder })).collection<{ label: string }>('examples')
    const found = await measureWatch(examples, DATA)
    t.log(JSON.stringify(found))
    t.true(found.labelled >= 0.92, `labelled ${found.labelled}`)
    t.true(found.found >= 0.95, `found ${found.found}`)
    t.true(found.delay <= 4, `delay ${found.delay}`)
    t.true(found.falseAlarms <= 0.5, `false alarms ${found.falseAlarms}`)
  },
)

test('what was seen is never recommended, later things weigh more, and strangers get nothing', async t => {
  const items = (await openStore(t)).collection<{ item: string; title: string; category: string }>(
    'items',
  )
  const at = (degrees: number) => [
    Math.cos((degrees * Math.PI) / 180),
    Math.sin((degrees * Math.PI) / 180),
  ]
  await items.add(
    [0, 10, 20, 80, 90, 100].map(degrees => ({
      id: `${degrees}`,
      vector: at(degrees),
      metadata: { item: `${degrees}`, title: `${degrees}`, category: '' },
    })),
  )
  const ids = async (...history: { id: string; weight?: number }[]) =>
    (await recommend(items, history, { k: 2, diversity: 0 })).map(({ id }) => id)
  t.deepEqual(await ids({ id: '0' }), ['10', '20'])
  t.deepEqual(await ids({ id: '0' }, { id: '10' }), ['20', '80'])
  t.deepEqual(await ids({ id: '0' }, { id: '90', weight: 9 }), ['80', '100'])
  t.deepEqual(await ids(), [])
  t.deepEqual(await ids({ id: 'nothing' }), [])
  t.deepEqual((await similar(items, '90', 2)).map(({ id }) => id).sort(), ['100', '80'])
  t.deepEqual(await similar(items, 'nothing'), [])
})

test('a rate that stays as it is gives no alert, one that doubles gives one, and a new label is noticed', t => {
  const windows = (count: number, often: number) =>
    Array.from({ length: count }, () =>
      Array.from({ length: 60 }, (_, i) => (i < often ? 'a' : 'b')),
    )
  const watch = new RateWatch()
  const alerts = [...windows(40, 8), ...windows(40, 20)].flatMap(window => watch.push(window))
  const of = (label: string) => alerts.filter(alert => alert.label === label)
  t.deepEqual(
    of('a').map(({ direction }) => direction),
    ['more'],
  )
  t.true((of('a')[0]?.window ?? 0) >= 40 && (of('a')[0]?.window ?? 99) <= 42)
  t.true(Math.abs((of('a')[0]?.usual ?? 0) - 8 / 60) < 0.01)
  const fresh = Array.from({ length: 5 }, () => [...Array(50).fill('b'), ...Array(10).fill('new')])
  const noticed = fresh.flatMap(window => watch.push(window)).filter(({ label }) => label === 'new')
  t.is(noticed[0]?.direction, 'more')
})
