// How fast texts become vectors from JavaScript: many in one call, one question at a time, and the first one of a process; by
// us, at each precision and instruction set, and by other engines if asked for.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { downloadProgress, fetchModel } from 'hippocamp'
import { agreement } from './encoder/agreement.mjs'
import { measureAlone } from './encoder/alone.mjs'
import { closeAll, named, openAll, openContestant } from './encoder/contestants.mjs'
import { OURS, ours, PEERS, peersNamed } from './encoder/engines.mjs'
import { exported, layOut, poolingOf } from './encoder/peer-model.mjs'
import { preparePeers } from './encoder/peers.mjs'
import { ratios } from './encoder/ratios.mjs'
import { measureRounds, WORKLOADS } from './encoder/rounds.mjs'
import * as tables from './encoder/tables.mjs'
import { Texts } from './encoder/workloads.mjs'
import { failureTable } from './failures.mjs'
import { machine } from './machine.mjs'

const QUANTISED = fileURLToPath(new URL('../.hippocamp/bench-quantised', import.meta.url))
/** Of both kinds, none of which is measured. */
const CALIBRATION = 100
const CHECKED = 12
const STARTS = 3
/** All but ours as it comes encode documents for so many times the seconds of a workload while the event loop is watched. */
const BULK = 5

export const options = {
  model: {
    type: 'string',
    value: 'MODEL',
    help: 'folder or id',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
  },
  cpu: { type: 'string', value: 'LEVEL', help: 'only this instruction set (default each)' },
  rounds: {
    type: 'number',
    value: 'N',
    help: 'times to go through all; the best counts',
    default: 2,
  },
  seconds: {
    type: 'number',
    value: 'S',
    help: 'at most about so long for each engine and workload',
    default: 2,
  },
  short: { type: 'number', value: 'N', help: 'short texts in a workload', default: 512 },
  documents: { type: 'number', value: 'N', help: 'documents in a workload', default: 64 },
  mixed: { type: 'number', value: 'N', help: 'texts of 20 to 600 characters', default: 1_000 },
  queries: { type: 'number', value: 'N', help: 'questions, one at a time', default: 200 },
  bulk: {
    type: 'number',
    value: 'N',
    help: 'documents in one call while the event loop is watched',
    default: 500,
  },
  quick: { type: 'flag', help: 'one round of few texts, for a first look' },
  peers: {
    type: 'string',
    value: 'NAMES',
    bare: 'all',
    help: `engines to compare with: ${Object.keys(PEERS).join(',')}, all or none`,
    default: 'none',
  },
  onnx: { type: 'string', value: 'FOLDER', help: "for peers: the model's ONNX export" },
  python: {
    type: 'string',
    value: 'COMMAND',
    help: 'for peers: a Python that has their packages',
    default: 'python3',
  },
}

/** What `--quick` means. */
const QUICK = {
  rounds: 1,
  seconds: 1,
  short: 64,
  documents: 16,
  mixed: 32,
  queries: 20,
  bulk: 32,
  starts: 1,
}

export function check({ peers, onnx }) {
  const names = peersNamed(peers)
  if (!names) {
    return `--peers is "${peers}": give all, none or some of ${Object.keys(PEERS).join(',')}`
  }
  if (names.length === 0) return undefined
  if (!onnx) return '--peers needs --onnx: a folder with model.onnx and model_q8.onnx'
  const absent = ['f32', 'q8'].find(weights => !exported(onnx, weights))
  return absent && `--onnx is "${onnx}": there is no model of ${absent} weights in it`
}

export async function run({ model, cpu, peers, onnx, python, quick, ...given }) {
  const sizes = { starts: STARTS, ...given, ...(quick && QUICK) }
  const folder = await fetchModel(model, { onProgress: downloadProgress() })
  const texts = new Texts()
  const laid = mkdtempSync(join(tmpdir(), 'hippocamp-bench-model-'))
  const contestants = []
  try {
    const job = { python, folder, first: texts.short(1)[0] }
    const [first, ...others] = ours({ cpu, levels: !quick })
    const auto = await openContestant(first, job)
    const { precision, cpu: level, maxTokens } = auto.about
    contestants.push({ ...auto, variant: precision ? `auto (${precision}, ${level})` : 'auto' })
    const distinct = others.filter(({ kind, settings }) => {
      return kind !== 'main' || settings.precision !== precision
    })
    contestants.push(...(await openAll(distinct, job)).opened)

    const peerJob = { ...job, laid, pooling: poolingOf(folder), maxTokens }
    const found = { failures: [], versions: { [OURS]: machine().version } }
    const names = peersNamed(peers)
    if (names.length > 0) {
      if (!peerJob.pooling)
        throw new Error(`${folder}: peers are given "mean" or "cls" pooling alone`)
      layOut(folder, onnx, laid, maxTokens)
      const calibration = [...texts.short(CALIBRATION), ...texts.documents(CALIBRATION)]
      const ready = await preparePeers(names, { ...peerJob, cache: QUANTISED, calibration })
      const { opened, failures } = await openAll(ready.variants, peerJob)
      contestants.push(...opened)
      found.failures.push(...ready.failures, ...failures)
      Object.assign(found.versions, ready.versions)
    }
    return await measure(contestants, texts, sizes, peerJob, found)
  } finally {
    await closeAll(contestants)
    rmSync(laid, { recursive: true, force: true })
  }
}

/** @param {import('./encoder/contestants.mjs').Contestant[]} contestants ours as it comes first */
async function measure(contestants, texts, sizes, job, { failures, versions }) {
  const [auto] = contestants
  const reference = contestants.find(({ about }) => about.precision === 'f32') ?? auto
  const checked = await agreement(contestants, reference, [
    ...texts.short(CHECKED),
    ...texts.documents(CHECKED),
  ])
  failures.push(...checked.filter(({ error }) => error))
  const agreeing = contestants.filter((_, at) => !checked[at].error)
  if (agreeing[0] !== auto) throw new Error(`${auto.variant}: ${checked[0].error}`)

  const runs = await measureRounds(agreeing, texts, sizes, progress => console.error(progress))
  await closeAll(contestants)
  const alone = []
  const documents = texts.documents(sizes.bulk)
  for (const run of runs) {
    const { contestant, records, error } = run
    if (error || contestant.kind === 'level') continue
    console.error(`alone: ${contestant.engine} ${contestant.variant}`)
    const { textsPerSecond, batch } = records.documents
    const some = Math.ceil(textsPerSecond * sizes.seconds * BULK)
    const bulk = contestant === auto ? documents : documents.slice(0, some)
    try {
      const how = { documents: bulk, batch, starts: sizes.starts }
      alone.push({ ...named(contestant), ...(await measureAlone(contestant, job, how)) })
    } catch (failure) {
      run.error = failure.message
    }
  }
  failures.push(
    ...runs
      .filter(({ error }) => error)
      .map(({ contestant, error }) => ({ ...named(contestant), error })),
  )

  const rates = runs.flatMap(({ contestant, records }) =>
    WORKLOADS.filter(workload => records[workload]).map(workload => ({
      ...sourceOf(contestant),
      workload,
      ...records[workload],
    })),
  )
  const latencies = runs
    .filter(({ records }) => records.queries)
    .map(({ contestant, records }) => ({ ...sourceOf(contestant), ...records.queries }))
  const standard = rates.filter(({ kind }) => kind !== 'level')
  const levels = rates.filter(({ kind }) => kind === 'level')
  const compared = ratios(standard, latencies, OURS)
  return [
    tables.versionTable(Object.entries(versions).map(([engine, version]) => ({ engine, version }))),
    tables.throughputTable(standard),
    tables.queryTable(latencies),
    tables.aloneTable(alone),
    ...(levels.length > 0 ? [tables.levelTable(byLevel(levels))] : []),
    tables.agreementTable(checked.filter(({ error }) => !error)),
    ...(compared.length > 0 ? [tables.ratioTable(compared)] : []),
    ...(failures.length > 0 ? [failureTable(failures)] : []),
  ]
}

/** @param {import('./encoder/contestants.mjs').Contestant} contestant */
function sourceOf({ engine, variant, kind, about: { precision, cpu } }) {
  return { engine, variant, kind, ...(precision && { precision, cpu }) }
}

/** A row for each precision and instruction set, with its workloads. */
function byLevel(rates) {
  const rows = new Map()
  for (const { variant, workload, tokensPerSecond } of rates) {
    rows.set(variant, { ...(rows.get(variant) ?? { variant }), [workload]: tokensPerSecond })
  }
  return [...rows.values()]
}
