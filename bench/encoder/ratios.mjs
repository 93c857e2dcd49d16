// How many times as fast ours is as each peer, within one run: the only figures of a shared machine that mean something.

/**
 * @typedef {{ engine: string, variant: string, precision?: string }} Source `precision` is that of ours
 * @typedef {Source & { workload: string, tokensPerSecond: number }} Rate
 * @typedef {Source & { p50: number, p99: number }} Latency
 */

/**
 * For each variant of each peer, and for the best of all its variants.
 * @param {Rate[]} rates those of ours, without single instruction sets, as it comes first; then the peers'
 * @param {Latency[]} latencies the same
 * @param {string} ours
 */
export function ratios(rates, latencies, ours) {
  const own = rates.filter(({ engine }) => engine === ours)
  const auto = own.filter(({ variant }) => variant === own[0].variant)
  const f32 = own.filter(({ precision }) => precision === 'f32')
  const p50 = latencies.find(({ engine }) => engine === ours)?.p50
  return groups(rates.filter(({ engine }) => engine !== ours)).map(
    ({ engine, variant, within }) => {
      const its = rates.filter(within)
      const over = (mine, workload) => quotient(fastest(mine, workload), fastest(its, workload))
      const waits = latencies.filter(within).map(latency => latency.p50)
      return {
        engine,
        variant,
        short: over(auto, 'short'),
        documents: over(auto, 'documents'),
        mixed: over(auto, 'mixed'),
        query: waits.length > 0 ? quotient(Math.min(...waits), p50) : null,
        shortF32: over(f32, 'short'),
        documentsF32: over(f32, 'documents'),
      }
    },
  )
}

/** Each variant of each engine, and all variants of each that has several. @param {Rate[]} rates */
function groups(rates) {
  return [...new Set(rates.map(({ engine }) => engine))].flatMap(engine => {
    const ofEngine = rates.filter(rate => rate.engine === engine)
    const variants = [...new Set(ofEngine.map(({ variant }) => variant))]
    const each = variants.map(variant => ({
      engine,
      variant,
      within: rate => rate.engine === engine && rate.variant === variant,
    }))
    const all = { engine, variant: 'its best', within: rate => rate.engine === engine }
    return variants.length > 1 ? [...each, all] : each
  })
}

/** @param {Rate[]} rates @param {string} workload */
function fastest(rates, workload) {
  const found = rates.filter(rate => rate.workload === workload)
  return found.length > 0
    ? Math.max(...found.map(({ tokensPerSecond }) => tokensPerSecond))
    : undefined
}

function quotient(/** @type {number | undefined} */ a, /** @type {number | undefined} */ b) {
  return a && b ? a / b : null
}
