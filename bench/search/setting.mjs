// One engine in one setting: how fast it answers one caller and eight, and what it answers.

import { timeCalls, timeSyncCalls } from '../latency.mjs'

const CALLERS = 8
const WARM_UP = 50
/** Recall at the greater k is the mean of so many queries; that is enough for the third decimal. */
const DEEP_QUERIES = 200

/**
 * @param {import('./engines.mjs').Engine} engine
 * @param {import('./engines.mjs').Setting} setting
 * @param {unknown[]} queries
 * @param {{ k: number, deep: number, searches: number, rounds: number }} job
 */
export async function measureSetting(engine, setting, queries, { k, deep, searches, rounds }) {
  const { search, searchSync } = engine.use(setting)
  const call = searchSync ?? search
  const inputs = Array.from({ length: searches }, (_, at) => queries[at % queries.length])
  for (const query of inputs.slice(0, WARM_UP)) await call(query, k)

  const results = []
  const keep = (at, result) => {
    if (at < queries.length) results[at] = result
  }
  const one = await best(rounds, () =>
    searchSync
      ? timeSyncCalls(inputs, (query, at) => keep(at, searchSync(query, k)))
      : timeCalls(inputs, 1, async (query, at) => keep(at, await search(query, k))),
  )
  const eight = search
    ? await best(rounds, () => timeCalls(inputs, CALLERS, query => search(query, k)))
    : undefined
  const answers = results.map(engine.rows)
  const deepAnswers = []
  for (const query of inputs.slice(0, Math.min(DEEP_QUERIES, queries.length))) {
    deepAnswers.push(engine.rows(await call(query, deep)))
  }
  return {
    setting: setting.name,
    calls: searchSync ? 'sync' : 'async',
    qps: one.perSecond,
    p50: one.p50,
    p99: one.p99,
    qps8: eight?.perSecond ?? null,
    p50of8: eight?.p50 ?? null,
    p99of8: eight?.p99 ?? null,
    loopDelay: eight?.loopDelay ?? null,
    answers,
    deepAnswers,
  }
}

/** The round that was disturbed least by whatever else the machine does. */
async function best(rounds, measure) {
  let fastest
  for (let round = 0; round < rounds; round++) {
    const figures = await measure()
    if (!fastest || figures.perSecond > fastest.perSecond) fastest = figures
  }
  return fastest
}
