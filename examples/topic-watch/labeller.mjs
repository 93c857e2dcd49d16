// Topics and moods of messages, by a few examples of each: the label that most of the nearest examples have.

/** @typedef {{ text: string, label: string }} Labelled */

/** Examples that vote. */
const VOTERS = 5

export class Labeller {
  #examples

  /** @param {import('hippocamp').Collection<{ label: string }>} examples */
  constructor(examples) {
    this.#examples = examples
  }

  /** @param {readonly Labelled[]} labelled */
  async learn(labelled) {
    await this.#examples.add(labelled.map(({ text, label }) => ({ text, metadata: { label } })))
  }

  /**
   * @param {readonly string[]} texts
   * @returns {Promise<string[]>}
   */
  async label(texts) {
    const found = await this.#examples.searchMany(texts, { k: VOTERS, mode: 'vector' })
    return found.map(hits => {
      /** @type {Map<string, number>} */
      const votes = new Map()
      for (const { score, metadata } of hits)
        votes.set(metadata.label, (votes.get(metadata.label) ?? 0) + score)
      const [best] = [...votes].sort(([, a], [, b]) => b - a)
      return best?.[0] ?? 'unknown'
    })
  }
}
