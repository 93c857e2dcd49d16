// How well changes are found, on streams of BANKING77's questions with known change points: 12 intents, 20 labelled examples of
// each, windows of 60 messages; two intents become three times as frequent, at windows that nobody knows.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCsv } from '../product-kb/csv.mjs'
import { Labeller } from './labeller.mjs'
import { RateWatch } from './rate-watch.mjs'
import { streamOf } from './stream.mjs'

const [INTENTS, EXAMPLES] = [12, 20]
const [STREAMS, WINDOWS, SIZE] = [10, 120, 60]
const FACTOR = 3
/** Windows within which a change is to be found. */
const SOON = 8

/**
 * @param {import('hippocamp').Collection<{ label: string }>} examples
 * @param {string} data
 */
export async function measure(examples, data) {
  const [train, test] = [
    await textsIn(join(data, 'banking77/train.csv')),
    await textsIn(join(data, 'banking77/test.csv')),
  ]
  const intents = Object.keys(test).slice(0, INTENTS)
  const labeller = new Labeller(examples)
  for (const label of intents)
    await labeller.learn((train[label] ?? []).slice(0, EXAMPLES).map(text => ({ text, label })))

  const texts = Object.fromEntries(intents.map(label => [label, test[label] ?? []]))
  const asked = Object.entries(texts).flatMap(([label, all]) => all.map(text => ({ text, label })))
  const given = await labeller.label(asked.map(({ text }) => text))
  /** Every text is labelled once, however often it comes. */
  const labelOf = new Map(asked.map(({ text }, i) => [text, given[i] ?? '']))

  let [found, delays, falseAlarms] = [0, 0, 0]
  for (let seed = 1; seed <= STREAMS; seed++) {
    const changes = [30 + seed, 70 + 3 * seed].map((at, i) => {
      return { at, label: intents[(seed + 5 * i) % INTENTS] ?? '', factor: FACTOR }
    })
    const watch = new RateWatch()
    const windows = streamOf({ texts, windows: WINDOWS, size: SIZE, changes, seed })
    const alerts = windows.flatMap(window =>
      watch.push(window.map(text => labelOf.get(text) ?? '')),
    )
    for (const change of changes) {
      const alert = alerts.find(one => isOf(one, change))
      found += Number(alert !== undefined)
      if (alert) delays += alert.window - change.at + 1
    }
    falseAlarms += alerts.filter(alert => !changes.some(change => isOf(alert, change))).length
  }
  const changes = 2 * STREAMS
  return {
    labelled: given.filter((label, i) => label === asked[i]?.label).length / asked.length,
    changes,
    /** Of the changes, those that were found within 8 windows; after how many, on average. */
    found: found / changes,
    delay: delays / found,
    /** Alerts of anything else, for each 100 windows. */
    falseAlarms: (100 * falseAlarms) / (STREAMS * WINDOWS),
  }
}

/**
 * @param {import('./rate-watch.mjs').Alert} alert
 * @param {import('./stream.mjs').Change} change
 */
function isOf({ label, window, direction }, change) {
  return (
    label === change.label &&
    direction === 'more' &&
    window >= change.at &&
    window < change.at + SOON
  )
}

/**
 * @param {string} path
 * @returns {Promise<Record<string, string[]>>}
 */
async function textsIn(path) {
  /** @type {Record<string, string[]>} */
  const texts = {}
  for (const { fields } of readCsv(await readFile(path, 'utf8')).rows) {
    const { text = '', category = '' } = fields
    const known = texts[category] ?? []
    texts[category] = [...known, text]
  }
  return texts
}
