// Waiting until an index in the background is done.

/** Waits until the index of a collection does not change any more. */
export async function indexed(collection) {
  while ((await collection.stats()).growing) await pause(20)
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
