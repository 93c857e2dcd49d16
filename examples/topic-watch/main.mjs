// Watches a stream of messages: topic and mood of each by a few examples, and an alert when one of them becomes more or less frequent.
//
//   node examples/topic-watch/main.mjs [--lang en|zh] [--model MODEL] [--data DIR]
import { percent, run } from '../shared/run.mjs'
import { Labeller } from './labeller.mjs'
import { measure } from './measure.mjs'
import { MESSAGES } from './messages.mjs'
import { RateWatch } from './rate-watch.mjs'
import { streamOf } from './stream.mjs'

/** From window 30 on three times as many complain of late parcels; from 60 on it is as before. */
const CHANGES = [
  { at: 30, label: 'delivery, angry', factor: 3 },
  { at: 60, label: 'delivery, angry', factor: 1 / 3 },
]

await run(async ({ lang, store, data }) => {
  const messages = MESSAGES[lang]
  const labeller = new Labeller(store.collection('examples'))
  for (const [label, { examples }] of Object.entries(messages))
    await labeller.learn(examples.map(text => ({ text, label })))
  const texts = Object.fromEntries(
    Object.entries(messages).map(([label, { messages }]) => [label, messages]),
  )
  const watch = new RateWatch()
  const windows = streamOf({ texts, windows: 90, size: 40, changes: CHANGES })
  for (const window of windows) {
    for (const { label, window: at, direction, usual, now } of watch.push(
      await labeller.label(window),
    ))
      console.log(
        `window ${at}: ${direction} of "${label}": ${percent(now)} of messages, usually ${percent(usual)}`,
      )
  }
  if (!data) return
  const found = await measure(store.collection('intents'), data)
  console.log(
    `\nBANKING77: ${percent(found.labelled)} of messages labelled rightly; of ${found.changes} changes ${percent(found.found)} ` +
      `found, after ${found.delay.toFixed(1)} windows; ${found.falseAlarms.toFixed(2)} false alarms in 100 windows`,
  )
})
