// Which settings matter: those that no other setting of the same engine beats in both recall and speed.

export const LEVELS = [0.9, 0.95, 0.99]

/**
 * @typedef {{ engine: string, variant?: string, setting: string, recall: number, qps: number, qps8: number | null }} Point
 */

/** @template {Point} P @param {readonly P[]} records of one engine @returns {P[]} by rising recall and falling speed */
export function frontier(records) {
  const best = []
  for (const record of [...records].sort((a, b) => b.recall - a.recall || b.qps - a.qps)) {
    if (best.length === 0 || record.qps > best[0].qps) best.unshift(record)
  }
  return best
}

/**
 * The fastest setting of each engine that finds at least so much, and how much faster ours is than each.
 * @param {readonly Point[]} records
 * @param {string} ours
 */
export function atEqualRecall(records, ours) {
  const engines = [...new Set(records.map(({ engine }) => engine))]
  return LEVELS.flatMap(level => {
    const fastest = engines.map(engine => {
      const enough = records.filter(record => record.engine === engine && record.recall >= level)
      const one = highest(enough, ({ qps }) => qps)
      const many = highest(enough, ({ qps, qps8 }) => Math.max(qps, qps8 ?? 0))
      return one
        ? { ...one, most: Math.max(many.qps, many.qps8 ?? 0) }
        : { engine, recall: null, qps: null, most: null }
    })
    const own = fastest.find(({ engine }) => engine === ours)
    return fastest
      .sort((a, b) => (b.qps ?? 0) - (a.qps ?? 0))
      .map(({ engine, variant, setting, recall, qps, most }) => ({
        level: `≥ ${level.toFixed(2)}`,
        engine,
        setting: setting ? [variant, setting].filter(Boolean).join(', ') : '—',
        recall,
        qps,
        ratio: engine === ours ? null : quotient(own?.qps, qps),
        most,
        ratioOfMost: engine === ours ? null : quotient(own?.most, most),
      }))
  })
}

/** @template T @param {readonly T[]} items @param {(item: T) => number} value */
function highest(items, value) {
  return items.reduce(
    (best, item) => (best === undefined || value(item) > value(best) ? item : best),
    /** @type {T | undefined} */ (undefined),
  )
}

function quotient(/** @type {number | null | undefined} */ a, /** @type {number | null} */ b) {
  return a && b ? a / b : null
}
