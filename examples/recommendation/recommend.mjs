// What somebody might like, by what they liked: the mean of the vectors of their history, in which the latest things weigh most,
// is searched with. What was seen is left out, and what is found differs from each other (MMR).

/**
 * @typedef {{ id: string, weight?: number }} Seen `weight`: how much it was liked (bought 3, put into the cart 2, looked at 1)
 * @typedef {{ item: string, title: string, category: string }} Item `item` is the id again, so that it can be filtered by
 */

/** Every thing weighs so much of what the next one weighs. */
const FADING = 0.85
/** How much recommendations are to differ, from 0 to 1. */
const DIVERSITY = 0.15

/**
 * @param {import('hippocamp').Collection<Item>} items
 * @param {readonly Seen[]} history the latest last
 * @param {{ k?: number, diversity?: number }} [options]
 */
export async function recommend(items, history, { k = 5, diversity = DIVERSITY } = {}) {
  const profile = await profileOf(items, history)
  if (!profile) return []
  const seen = history.map(({ id }) => id)
  return items.searchByVector(profile, { k, diversity, where: { item: { $nin: seen } } })
}

/**
 * What is most like one item.
 * @param {import('hippocamp').Collection<Item>} items
 * @param {string} id
 */
export async function similar(items, id, k = 5) {
  const item = await items.get(id, { vector: true })
  if (!item?.vector) return []
  const found = await items.searchByVector(item.vector, { k: k + 1 })
  return found.filter(hit => hit.id !== id).slice(0, k)
}

/**
 * @param {import('hippocamp').Collection<Item>} items
 * @param {readonly Seen[]} history
 * @returns {Promise<Float32Array | undefined>} nothing for those of whom nothing is known
 */
async function profileOf(items, history) {
  const records = await items.get(
    history.map(({ id }) => id),
    { vector: true },
  )
  /** @type {Float32Array | undefined} */
  let profile
  for (const [i, record] of records.entries()) {
    if (!record?.vector) continue
    const weight = (history[i]?.weight ?? 1) * FADING ** (history.length - 1 - i)
    profile ??= new Float32Array(record.vector.length)
    for (const [at, value] of record.vector.entries())
      profile[at] = (profile[at] ?? 0) + weight * value
  }
  return profile
}
