// How fast the nearest vectors are found from JavaScript, and how many of them: by us, and by other engines if asked for.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { failureTable } from './failures.mjs'
import { machine } from './machine.mjs'
import { install } from './packages.mjs'
import { checkData, DATA_OPTIONS, loadData, writeData } from './search/data.mjs'
import { OURS, PEERS, peersNamed } from './search/engines.mjs'
import { atEqualRecall } from './search/frontier.mjs'
import { plot } from './search/plot.mjs'
import { runEngine } from './search/process.mjs'
import { engineTable, equalRecallTable, recordTable, searchTable } from './search/tables.mjs'
import { cachedNearestScores } from './search/truth.mjs'

const TRUTHS = fileURLToPath(new URL('../.hippocamp/bench-truth', import.meta.url))
const DEEP = 100

export const options = {
  ...DATA_OPTIONS,
  metric: {
    type: 'string',
    value: 'METRIC',
    help: 'cosine, l2 or dot',
    default: 'cosine',
    choices: ['cosine', 'l2', 'dot'],
  },
  searches: { type: 'number', value: 'N', help: 'searches for each row and round', default: 500 },
  rounds: {
    type: 'number',
    value: 'N',
    help: 'times to go through all rows; the best rate counts',
    default: 1,
  },
  peers: {
    type: 'string',
    value: 'NAMES',
    help: `engines to compare with: ${Object.keys(PEERS).join(',')}, all or none`,
    default: 'none',
  },
  svg: { type: 'string', value: 'FILE', help: 'also draw recall against speed here' },
}

export function check({ peers, ...data }) {
  if (!peersNamed(peers)) {
    return `--peers is "${peers}": give all, none or some of ${Object.keys(PEERS).join(',')}`
  }
  return checkData(data)
}

export async function run({ peers, svg, searches, rounds, ...what }) {
  const data = loadData(what)
  const count = data.vectors.length / data.dimension
  const k = Math.min(what.k, count)
  const deep = Math.min(DEEP, count)
  const truth = cachedNearestScores(data, Math.max(k, deep), TRUTHS)
  const folder = mkdtempSync(join(tmpdir(), 'hippocamp-bench-data-'))
  const engines = []
  const records = []
  const failures = []
  try {
    const files = writeData(data, folder)
    const job = { files, dimension: data.dimension, metric: data.metric, k, deep, searches, rounds }
    for (const { engine, variant, packages, version } of participants(peersNamed(peers))) {
      const name = { engine, ...(variant ? { variant } : {}) }
      try {
        await install(packages)
        console.error(`measuring ${[engine, variant].filter(Boolean).join(' ')}`)
        const { built, records: found, error } = await runEngine({ ...job, ...name }, data, truth)
        if (built) engines.push({ ...name, version, ...built })
        records.push(...found.map(record => ({ ...name, ...record })))
        const wrong = error ?? implausible(found)
        if (wrong) failures.push({ ...name, error: wrong })
      } catch (error) {
        failures.push({ ...name, error: error.message })
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (engines[0]?.engine !== OURS || !engines[0].insertSetting) throw new Error(failures[0].error)

  const about = `${count.toLocaleString('en')} vectors of ${data.dimension}, ${data.metric}, k = ${k}`
  if (svg) writeFileSync(svg, plot(records, { about, where: machine(), ours: OURS, k }))
  const equal = atEqualRecall(records, OURS)
  return [
    searchTable(about, engines, records),
    recordTable(records, k, deep),
    engineTable(engines),
    ...(peersNamed(peers).length > 0 ? [equalRecallTable(equal, k)] : []),
    ...(failures.length > 0 ? [failureTable(failures)] : []),
  ]
}

/** How fast wrong answers come says nothing. @param {{ recall: number }[]} records */
function implausible(records) {
  const highest = Math.max(...records.map(({ recall }) => recall))
  return highest < 0.5 ? `finds no more than ${highest.toFixed(3)} in any setting` : undefined
}

/** @param {string[]} peers */
function participants(peers) {
  return [
    { engine: OURS, variant: undefined, packages: {}, version: machine().version },
    ...peers.flatMap(engine => {
      const { packages, variants } = PEERS[engine]
      const version = Object.entries(packages)
        .map(([name, number]) => `${name} ${number}`)
        .join(', ')
      return variants.map(variant => ({ engine, variant, packages, version }))
    }),
  ]
}
