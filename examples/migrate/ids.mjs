// Ids for what has none: the same at every run, and for other texts or metadata others, so that folders can be brought together.
import { createHash } from 'node:crypto'

export class Ids {
  /** How often each content has come. @type {Map<string, number>} */
  #seen = new Map()

  /**
   * @param {string | undefined} id
   * @param {string} text
   * @param {unknown} metadata
   */
  of(id, text, metadata) {
    if (id !== undefined && id !== null) return String(id)
    const content = JSON.stringify([text, metadata ?? {}])
    const times = this.#seen.get(content) ?? 0
    this.#seen.set(content, times + 1)
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 32)
    return times === 0 ? hash : `${hash}-${times}`
  }
}
