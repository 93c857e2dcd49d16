// Filling a collection as fast as it goes, and waiting for its index.

const BATCH = 5_000
const POLL = 20

/** Adds records in batches: while one is written, the next one is prepared. @param {number} count @param {(at: number) => object} record */
export async function addAll(collection, count, record) {
  let before
  for (let from = 0; from < count; from += BATCH) {
    const length = Math.min(BATCH, count - from)
    const added = collection.add(Array.from({ length }, (_, at) => record(from + at)))
    await before
    before = added
  }
  await before
}

/** Waits until the index of a collection does not change any more. */
export async function indexed(collection) {
  while ((await collection.stats()).growing) {
    await new Promise(resolve => setTimeout(resolve, POLL))
  }
}
