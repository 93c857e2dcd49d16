/**
 * What was recalled lately. A prompt with memories in it comes back as an input, and an answer repeats them: what is in them
 * is known already, and storing it again would make it heavier with every turn.
 *
 * Who says the same once more in the same words means it: that is no echo.
 */

/** Lines that are kept in mind. */
const MOST = 5_000
/** Shorter lines are said again for other reasons: yes, thank you, 好的. */
const SHORTEST = 12

export class Echo {
  /** Who said each line, if that is known. */
  readonly #lines = new Map<string, string | undefined>()

  /** Notes what was recalled. */
  note(memories: Iterable<{ readonly text: string; readonly role?: string }>): void {
    for (const { text, role } of memories) {
      for (const line of text.split('\n')) this.#noteLine(normalised(line), role)
    }
  }

  /** A text that someone says without the lines that were recalled; undefined if nothing is left of it. */
  without(text: string, role: string | undefined): string | undefined {
    if (this.#lines.size === 0) return text
    const lines = text.split('\n')
    if (lines.length === 1 && role !== undefined && this.#lines.get(normalised(text)) === role) {
      return text
    }
    const own = lines.filter(line => !this.#has(line))
    if (own.length === lines.length) return text
    const left = own.join('\n').trim()
    return left === '' ? undefined : left
  }

  #noteLine(line: string, role: string | undefined): void {
    if (line.length < SHORTEST) return
    // As a map keeps the order of insertion, the first one is the oldest.
    this.#lines.delete(line)
    this.#lines.set(line, role)
    if (this.#lines.size > MOST) this.#lines.delete(this.#lines.keys().next().value as string)
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
