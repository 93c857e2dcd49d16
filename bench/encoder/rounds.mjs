// Rounds over all workloads and engines: within a round, each engine encodes the same texts shortly after the other, so that
// what disturbs the machine for a while meets all of them. An engine's best round counts.

import { setTimeout } from 'node:timers/promises'
import { percentile } from '../latency.mjs'
import { BATCHES, OURS } from './engines.mjs'
import { nearestInLength } from './workloads.mjs'

/** Workloads of many texts. */
export const WORKLOADS = ['short', 'documents', 'mixed']

/** Texts, ever more of them, until they take a while: then it is known how many it encodes in a second. */
const WARM_UPS = [
  ['short', 1],
  ['short', 16],
  ['documents', 16],
]
/** An instruction set that nobody is given by default may take this share of the time, and so may a size of batch. */
const SHARE = 0.25
/** So long, in milliseconds, threads of the engine before may go on spinning. */
const PAUSE = 50

/**
 * @param {import('./contestants.mjs').Contestant[]} contestants ours as it comes first
 * @param {import('./workloads.mjs').Texts} texts
 * @param {{ rounds: number, seconds: number, short: number, documents: number, mixed: number, queries: number }} options
 * @param {(progress: string) => void} say
 * @returns {Promise<{ contestant: import('./contestants.mjs').Contestant, records: Record<string, any>, error?: string }[]>}
 */
export async function measureRounds(contestants, texts, options, say) {
  const runs = contestants.map(contestant => ({ contestant, records: {} }))
  await eachOf(runs, async run => {
    for (const [workload, count] of WARM_UPS) {
      const warm = { texts: texts[workload](count), batch: batchFor(run.contestant, 8) }
      const { seconds } = await run.contestant.process.ask('throughput', warm)
      run.charactersPerSecond = charactersIn(warm.texts) / seconds
      if (seconds > SHARE * options.seconds) break
    }
  })
  for (let round = 0; round < options.rounds; round++) {
    for (const workload of WORKLOADS) {
      say(`round ${round + 1} of ${options.rounds}: ${options[workload]} texts, ${workload}`)
      const given = texts[workload](options[workload])
      await eachOf(runs, async run => {
        if (workload === 'mixed' && run.contestant.kind === 'level') return
        await measure(run, workload, given, options.seconds)
      })
    }
    say(`round ${round + 1} of ${options.rounds}: ${options.queries} questions, one at a time`)
    const questions = await questionsFrom(contestants[0], texts, options.queries)
    await eachOf(runs, async run => {
      if (run.contestant.kind === 'level') return
      const { times } = await run.contestant.process.ask('queries', { texts: questions })
      run.records.queries = better(latency(times), run.records.queries, ({ p50 }) => -p50)
    })
  }
  return runs
}

/** One after the other; one that fails is left out from then on. */
async function eachOf(runs, act) {
  for (const run of runs.filter(({ error }) => error === undefined)) {
    try {
      await setTimeout(PAUSE)
      await act(run)
    } catch (error) {
      run.error = error.message
    }
  }
}

/** As many of the texts as take so many seconds, but one at least. */
function affordable({ charactersPerSecond }, texts, seconds) {
  const share = (charactersPerSecond * seconds) / charactersIn(texts)
  return texts.slice(0, Math.max(1, Math.floor(share * texts.length)))
}

function charactersIn(/** @type {string[]} */ texts) {
  return texts.reduce((total, { length }) => total + length, 0)
}

/** Keeps the best record of a workload. A peer first tries all sizes of batches that may be its best. */
async function measure(run, workload, given, seconds) {
  const { contestant, records } = run
  const once = async (texts, batch) => {
    const figures = await contestant.process.ask('throughput', { texts, batch })
    const record = throughput(figures, texts.length, batch)
    records[workload] = better(record, records[workload], one => one.tokensPerSecond)
  }
  if (contestant.kind === 'level') {
    const some = affordable(run, given, SHARE * seconds)
    // The plainest instruction set may take half a minute for one document.
    return charactersIn(some) < run.charactersPerSecond * seconds ? once(some) : undefined
  }
  if (contestant.engine === OURS) return once(affordable(run, given, seconds))
  if (!records[workload]) {
    const some = affordable(run, given, SHARE * seconds)
    for (const batch of batchesFor(workload, records)) {
      // The first time, kernels are made for the shapes of these batches.
      for (let time = 0; time < 2; time++) await once(some, batch)
    }
  }
  return once(affordable(run, given, seconds), records[workload].batch)
}

/** For mixed texts, what is best for short ones or for documents. */
function batchesFor(workload, { short, documents }) {
  return workload === 'mixed' ? new Set([short.batch, documents.batch]) : BATCHES
}

function batchFor({ engine }, /** @type {number} */ size) {
  return engine === OURS ? undefined : size
}

/** @template T @param {T} one @param {T | undefined} other @param {(record: T) => number} value */
function better(one, other, value) {
  return other && value(other) >= value(one) ? other : one
}

/** Figures of a call. */
export function throughput({ tokens, seconds, cpuSeconds, longestDelay }, texts, batch) {
  return {
    texts,
    ...(batch !== undefined && { batch }),
    tokensPerText: tokens / texts,
    textsPerSecond: texts / seconds,
    tokensPerSecond: tokens / seconds,
    tokensPerCpuSecond: tokens / cpuSeconds,
    longestDelay,
  }
}

/** @param {number[]} times milliseconds */
function latency(times) {
  const sorted = Float64Array.from(times).sort()
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

/** Short texts of about ten tokens, special tokens included. */
async function questionsFrom({ process }, texts, count) {
  const candidates = texts.short(4 * count)
  const tokens = await process.ask('countTokens', { texts: candidates })
  return nearestInLength(candidates, tokens, count)
}
