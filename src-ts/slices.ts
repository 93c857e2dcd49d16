/**
 * Work on many items, cut into slices between which timers and I/O get their turn. A record with text, metadata and a vector
 * of 384 values takes 2 to 5 µs, so a slice takes about 50 µs of the event loop; what fits into one is done at once, without
 * a turn. A turn costs about 2 µs.
 */

/** Items in a slice at most. */
const ITEMS = 16
/** Weight of a slice: roughly characters of text, or values of vectors. */
const WEIGHT = 8 * 1024

/**
 * Calls `take(from, to)` for consecutive slices of `count` items.
 * @param weigh the weight of an item; looking at it must be cheap
 */
export async function inSlices(
  count: number,
  weigh: (index: number) => number,
  take: (from: number, to: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  let from = 0
  while (from < count) {
    if (from > 0) {
      await nextTurn()
      signal?.throwIfAborted()
    }
    let to = from
    let weight = 0
    while (to < count && to - from < ITEMS && weight < WEIGHT) {
      weight += weigh(to)
      to++
    }
    take(from, to)
    from = to
  }
}

/** Resolves when the event loop has come round. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
