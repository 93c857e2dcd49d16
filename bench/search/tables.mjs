// The tables of the search bench: which columns they have. Their rows are what goes into the JSON.

import { OURS } from './engines.mjs'

/** Ours in its standard setting, for one caller and for eight. */
export function searchTable(about, engines, records) {
  const own = engines.find(({ engine }) => engine === OURS)
  const { recall, setting, ...times } = records.find(
    record => record.engine === OURS && record.setting === own.insertSetting,
  )
  const first = (own.answerSeconds - own.addSeconds) * 1_000
  return {
    key: 'search',
    title: `${about}; ${setting}: recall ${recall.toFixed(4)}; first search ${first.toFixed(1)} ms`,
    columns: {
      callers: 'callers',
      perSecond: 'searches/s',
      p50: { title: 'p50 ms', digits: 3 },
      p99: { title: 'p99 ms', digits: 3 },
    },
    rows: [
      { callers: 1, perSecond: times.qps, p50: times.p50, p99: times.p99 },
      { callers: 8, perSecond: times.qps8, p50: times.p50of8, p99: times.p99of8 },
    ],
  }
}

/** Every engine in every setting. */
export function recordTable(records, k, deep) {
  return {
    key: 'records',
    title: 'each setting: one caller, then eight at once',
    columns: {
      engine: 'engine',
      variant: 'variant',
      setting: 'setting',
      recall: { title: `recall@${k}`, digits: 4 },
      recallDeep: { title: `recall@${deep}`, digits: 4 },
      calls: 'calls',
      qps: 'searches/s',
      p50: { title: 'p50 ms', digits: 3 },
      p99: { title: 'p99 ms', digits: 3 },
      qps8: '8: searches/s',
      p50of8: { title: 'p50 ms', digits: 3 },
      p99of8: { title: 'p99 ms', digits: 3 },
      loopDelay: { title: 'loop p99 ms', digits: 2 },
    },
    rows: records,
  }
}

/** What each engine costs besides searches. */
export function engineTable(engines) {
  return {
    key: 'engines',
    title:
      'each engine: seconds from the start, memory and disk, searches while 1,000 vectors/s come in',
    columns: {
      engine: 'engine',
      variant: 'variant',
      addSeconds: { title: 'added s', digits: 2 },
      answerSeconds: { title: 'first answer s', digits: 2 },
      readySeconds: { title: 'index ready s', digits: 2 },
      rss: 'RSS MiB',
      peak: 'peak MiB',
      disk: { title: 'disk MiB', digits: 1 },
      inserted: 'inserted/s',
      insertP50: { title: 'p50 ms', digits: 2 },
      insertP99: { title: 'p99 ms', digits: 2 },
    },
    rows: engines,
  }
}

/** The fastest setting of each engine at a recall, and how many times as fast ours is. */
export function equalRecallTable(rows, k) {
  return {
    key: 'equalRecall',
    title: 'speed at equal recall; ours / other is above 1 where ours is faster',
    columns: {
      level: `recall@${k}`,
      engine: 'engine',
      setting: 'fastest setting',
      recall: { title: 'recall', digits: 4 },
      qps: 'searches/s',
      ratio: { title: 'ours / other', digits: 2 },
      most: 'most searches/s',
      ratioOfMost: { title: 'ours / other', digits: 2 },
    },
    rows,
  }
}
