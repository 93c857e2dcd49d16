// How good rankings are, and how sure that is.

const CUT = 10
/** Depths at which it is counted what part of the right texts was found. */
const DEPTHS = [5, 10, 50]
const RESAMPLES = 1_000

/**
 * The figures of one ranking.
 * @param {string[]} found ids, best first
 * @param {Map<string, number>} relevant grades
 */
export function figures(found, relevant) {
  const gain = (grade, place) => grade / Math.log2(place + 2)
  const sum = grades =>
    grades.slice(0, CUT).reduce((sum, grade, place) => sum + gain(grade, place), 0)
  const grades = found.map(id => relevant.get(id) ?? 0)
  const ideal = sum([...relevant.values()].sort((a, b) => b - a))
  const first = grades.slice(0, CUT).findIndex(grade => grade > 0)
  const recall = depth => grades.slice(0, depth).filter(grade => grade > 0).length / relevant.size
  return {
    ndcg: sum(grades) / ideal,
    mrr: first < 0 ? 0 : 1 / (first + 1),
    ...Object.fromEntries(DEPTHS.map(depth => [`r${depth}`, recall(depth)])),
  }
}

/** @param {readonly number[]} values */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Where the mean would lie in 95 of 100 draws of as many questions. @param {readonly number[]} values @returns {[number, number]} */
export function interval(values) {
  const random = generator(values.length)
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let at = 0; at < values.length; at++) sum += values[Math.floor(random() * values.length)]
    return sum / values.length
  }).sort((a, b) => a - b)
  return [means[Math.floor(0.025 * RESAMPLES)], means[Math.ceil(0.975 * RESAMPLES) - 1]]
}

/** Numbers from 0 to 1, always the same. */
function generator(/** @type {number} */ seed) {
  let state = seed | 1
  return () => {
    // xorshift32
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
