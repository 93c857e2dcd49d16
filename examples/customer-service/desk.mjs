// A service desk: which of the known topics a customer's question is about, or that it is about none of them.
//
// The topic is voted for by the most similar questions that are known (k nearest neighbours). How sure that is, is the winner's
// share of the votes times the similarity of the best: a foreign question is similar to nothing, an unclear one to several topics.
// From which sureness on an answer is given is calibrated on the known questions themselves, each asked as if it were not known.

/**
 * @typedef {{ question: string, topic: string }} Known
 * @typedef {{ topic: string | undefined, sureness: number, nearest: string | undefined }} Routed
 */

/** Questions that vote, at most: a fifth of those that a topic has. */
const [FEWEST_VOTERS, MOST_VOTERS] = [3, 10]
/** By which power of its similarity a question votes: near ones count much more than others. */
const SHARPNESS = 8
/** Records in a page. */
const PAGE = 1000

export class Desk {
  #collection
  /** How many questions are known of each topic. @type {Map<string, number>} */
  #topics = new Map()

  /** @param {import('hippocamp').Collection<{ topic: string }>} collection */
  constructor(collection) {
    this.#collection = collection
  }

  /** @param {readonly Known[]} known */
  async learn(known) {
    for (const { topic } of known) this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + 1)
    for (let from = 0; from < known.length; from += PAGE) {
      const page = known.slice(from, from + PAGE)
      await this.#collection.add(
        page.map(({ question, topic }) => ({ text: question, metadata: { topic } })),
      )
    }
  }

  /**
   * What a question is about.
   * @param {string} question
   * @returns {Promise<Routed>}
   */
  async route(question) {
    const [routed] = await this.routeMany([question])
    return /** @type {Routed} */ (routed)
  }

  /**
   * @param {readonly string[]} questions
   * @returns {Promise<Routed[]>}
   */
  async routeMany(questions) {
    const found = await this.#collection.searchMany(questions, { k: this.#voters, mode: 'vector' })
    return found.map(vote)
  }

  /**
   * The least sureness from which on at least this part of the answers is right; the share of questions that are then answered.
   * @param {{ precision?: number, sample?: number }} [options] `sample`: how many known questions are asked, at most
   */
  async calibrate({ precision = 0.97, sample = 2000 } = {}) {
    const asked = await this.#sample(sample)
    const vectors = asked.map(({ vector }) => /** @type {Float32Array} */ (vector))
    const found = await this.#collection.searchMany(vectors, { k: this.#voters + 1 })
    const results = found.map((hits, i) => {
      const { topic, sureness } = vote(hits.filter(({ id }) => id !== asked[i]?.id))
      return { sureness, isRight: topic === asked[i]?.metadata.topic }
    })
    return thresholdFor(results, precision)
  }

  get #voters() {
    const known = [...this.#topics.values()].reduce((sum, count) => sum + count, 0)
    const fifth = Math.round(known / Math.max(1, this.#topics.size) / 5)
    return Math.min(MOST_VOTERS, Math.max(FEWEST_VOTERS, fifth))
  }

  /** @param {number} most */
  async #sample(most) {
    const all = []
    let cursor
    do {
      const page = await this.#collection.list({ limit: PAGE, vector: true, cursor })
      all.push(...page.records)
      cursor = page.cursor
    } while (cursor)
    const step = Math.max(1, all.length / most)
    return Array.from(
      { length: Math.min(most, all.length) },
      (_, i) => /** @type {typeof all[0]} */ (all[Math.floor(i * step)]),
    )
  }
}

/**
 * @param {readonly import('hippocamp').Hit<{ topic: string }>[]} hits
 * @returns {Routed}
 */
function vote(hits) {
  /** @type {Map<string, number>} */
  const votes = new Map()
  let all = 0
  for (const { score, metadata } of hits) {
    const weight = score ** SHARPNESS
    votes.set(metadata.topic, (votes.get(metadata.topic) ?? 0) + weight)
    all += weight
  }
  const [best] = [...votes].sort(([, a], [, b]) => b - a)
  const [first] = hits
  if (!best || !first || all === 0) return { topic: undefined, sureness: 0, nearest: undefined }
  return { topic: best[0], sureness: (best[1] / all) * first.score, nearest: first.text }
}

/**
 * @param {readonly { sureness: number, isRight: boolean }[]} results
 * @param {number} precision
 */
function thresholdFor(results, precision) {
  const sorted = [...results].sort((a, b) => b.sureness - a.sureness)
  let [right, threshold, answered] = [0, 1, 0]
  for (const [i, { sureness, isRight }] of sorted.entries()) {
    right += Number(isRight)
    if (right / (i + 1) >= precision) [threshold, answered] = [sureness, (i + 1) / sorted.length]
  }
  return { threshold, answered }
}
