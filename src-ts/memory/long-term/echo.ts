/**
 * What was recalled lately. A prompt with memories in it comes back as an input, and an answer repeats them: what is in them
 * is known already, and storing it again would make it heavier with every turn.
 */

/** Lines that are kept in mind. */
const MOST = 5_000
/** Shorter lines are said again for other reasons: yes, thank you, 好的. */
const SHORTEST = 12

export class Echo {
  readonly #lines = new Set<string>()

  /** Notes what was recalled. */
  note(texts: Iterable<string>): void {
    for (const text of texts) {
      for (const line of text.split('\n')) this.#noteLine(normalised(line))
    }
  }

  /** A text without the lines that were recalled; undefined if nothing is left of it. */
  without(text: string): string | undefined {
    if (this.#lines.size === 0) return text
    const lines = text.split('\n')
    const own = lines.filter(line => !this.#has(line))
    if (own.length === lines.length) return text
    const left = own.join('\n').trim()
    return left === '' ? undefined : left
  }

  #noteLine(line: string): void {
    if (line.length < SHORTEST) return
    // As a set keeps the order of insertion, the first one is the oldest.
    this.#lines.delete(line)
    this.#lines.add(line)
    if (this.#lines.size > MOST) this.#lines.delete(this.#lines.values().next().value as string)
  }

  /** Whether a line was recalled, with or without who said it. */
  #has(line: string): boolean {
    const whole = normalised(line)
    if (this.#lines.has(whole)) return true
    const colon = whole.indexOf(': ')
    return colon > 0 && this.#lines.has(whole.slice(colon + 2))
  }
}

function normalised(line: string): string {
  return line.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase()
}
