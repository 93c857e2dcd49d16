// One engine in all its settings: how fast it answers one caller and eight, and what it answers.

import { percentile, timeCalls, timeSyncCalls } from '../latency.mjs'

const CALLERS = 8
const WARM_UP = 20
/** Recall at the greater k is the mean of so many queries; that is enough for the third decimal. */
const DEEP_QUERIES = 200

/**
 * All settings, round after round, so that what disturbs the machine for a while does not fall on one setting alone. Each
 * round asks other queries. The best rate of all rounds counts, and percentiles are those of all searches of all rounds.
 * @param {import('./engines.mjs').Engine} engine
 * @param {unknown[]} queries
 * @param {{ k: number, deep: number, searches: number, rounds: number }} job
 */
export async function measureSettings(engine, queries, { k, deep, searches, rounds }) {
  const found = engine.settings.map(({ name }) => ({ setting: name, answers: [], rounds: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const [at, setting] of engine.settings.entries()) {
      const searcher = engine.use(setting)
      const first = round * searches
      found[at].rounds.push(
        await measureRound(searcher, queries, first, searches, k, found[at].answers),
      )
      if (round === 0) found[at].deepAnswers = await answersTo(searcher, queries, deep)
    }
  }
  return found.map(({ setting, answers, deepAnswers, rounds }) => ({
    setting,
    ...summary(rounds),
    answers: answers.map(engine.rows),
    deepAnswers: deepAnswers.map(engine.rows),
  }))
}

/** Keeps the answer to each query at the query's place. */
async function measureRound({ search, searchSync }, queries, first, searches, k, answers) {
  const call = searchSync ?? search
  const numbers = Array.from({ length: searches }, (_, at) => (first + at) % queries.length)
  for (const number of numbers.slice(0, WARM_UP)) await call(queries[number], k)
  const one = searchSync
    ? timeSyncCalls(numbers, number => {
        answers[number] = searchSync(queries[number], k)
      })
    : await timeCalls(numbers, 1, async number => {
        answers[number] = await search(queries[number], k)
      })
  const eight = search
    ? await timeCalls(numbers, CALLERS, number => search(queries[number], k))
    : undefined
  return { calls: searchSync ? 'sync' : 'async', one, eight }
}

async function answersTo({ search, searchSync }, queries, k) {
  const answers = []
  for (const query of queries.slice(0, DEEP_QUERIES)) {
    answers.push(await (searchSync ?? search)(query, k))
  }
  return answers
}

/** @param {Awaited<ReturnType<typeof measureRound>>[]} rounds */
function summary(rounds) {
  const one = rounds.map(round => round.one)
  const eight = rounds.flatMap(round => round.eight ?? [])
  const some = eight.length > 0
  return {
    calls: rounds[0].calls,
    qps: highestRate(one),
    p50: percentileOf(one, 0.5),
    p99: percentileOf(one, 0.99),
    qps8: some ? highestRate(eight) : null,
    p50of8: some ? percentileOf(eight, 0.5) : null,
    p99of8: some ? percentileOf(eight, 0.99) : null,
    loopDelay: some ? Math.min(...eight.map(({ loopDelay }) => loopDelay)) : null,
  }
}

function highestRate(/** @type {import('../latency.mjs').Times[]} */ rounds) {
  return Math.max(...rounds.map(({ perSecond }) => perSecond))
}

/** @param {import('../latency.mjs').Times[]} rounds @param {number} share */
function percentileOf(rounds, share) {
  const all = Float64Array.from(rounds.flatMap(({ times }) => [...times]))
  return percentile(all.sort(), share)
}
