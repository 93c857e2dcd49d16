// A stream of messages with known changes: in each window labels are drawn by their rates, and a text of each label.

/**
 * @typedef {{ at: number, label: string, factor: number }} Change from this window on the label is so many times as frequent
 */

/**
 * @param {{ texts: Record<string, readonly string[]>, windows: number, size: number, changes: readonly Change[], seed?: number }} stream
 * @returns {string[][]} the texts of each window
 */
export function streamOf({ texts, windows, size, changes, seed = 1 }) {
  const next = random(seed)
  const labels = Object.keys(texts)
  return Array.from({ length: windows }, (_, window) => {
    const weights = labels.map(label =>
      changes
        .filter(change => change.label === label && change.at <= window)
        .reduce((weight, { factor }) => weight * factor, 1),
    )
    const all = weights.reduce((sum, weight) => sum + weight, 0)
    return Array.from({ length: size }, () => {
      let [at, left] = [0, next() * all - (weights[0] ?? 0)]
      while (left >= 0 && at + 1 < weights.length) left -= weights[++at] ?? 0
      const choice = texts[labels[at] ?? ''] ?? []
      return choice[Math.floor(next() * choice.length)] ?? ''
    })
  })
}

/**
 * Numbers from 0 to 1, the same in every run.
 * @param {number} seed
 */
function random(seed) {
  let state = seed * 2_654_435_761
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}
