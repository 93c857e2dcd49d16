// What a peer needs that pads: texts of about the same length together, so that it pads as little as can be.

/**
 * @template T
 * @param {readonly T[]} items
 * @param {readonly number[]} tokens of each
 * @param {number} size of a batch
 * @returns {{ batches: T[][], tokens: number }} the longest first; all tokens, padding apart
 */
export function batchesOf(items, tokens, size) {
  const order = items.map((_, at) => at).sort((a, b) => tokens[b] - tokens[a])
  const batches = []
  for (let at = 0; at < order.length; at += size) {
    batches.push(order.slice(at, at + size).map(row => items[row]))
  }
  return { batches, tokens: tokens.reduce((sum, count) => sum + count, 0) }
}
