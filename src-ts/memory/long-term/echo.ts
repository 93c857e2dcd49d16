/**
 * What was recalled lately. A prompt with memories in it comes back as an input, and an answer repeats them: what is in them
 * is known already, and storing it again would make it heavier with every turn.
 *
 * A memory is an echo word for word and as a whole, alone or with who said it before it. Who says the same once more means it,
 * and so does anyone once the memory was forgotten or superseded.
 */

import { normalised } from '../normalised.js'

/** Memories that are kept in mind. */
const MOST = 5_000
/** Shorter ones are said again for other reasons: yes, thank you, 好的. */
const SHORTEST = 12

interface Recalled {
  readonly id: string
  readonly role: string | undefined
  readonly lines: readonly string[]
}

/** What is left of a text without the memories in it. */
export interface Left {
  /** Undefined if nothing is left. */
  readonly text: string | undefined
  /** The memories that were in it. */
  readonly ids: readonly string[]
}

export class Echo {
  /** By their first lines. */
  readonly #recalled = new Map<string, Recalled>()

  /** Notes what was recalled. */
  note(
    memories: Iterable<{ readonly id: string; readonly text: string; readonly role?: string }>,
  ): void {
    for (const { id, text, role } of memories) {
      const lines = text.split('\n').map(normalised)
      if (lines.join('').length < SHORTEST) continue
      const first = lines[0] as string
      // As a map keeps the order of insertion, the first one is the oldest.
      this.#recalled.delete(first)
      this.#recalled.set(first, { id, role, lines })
      if (this.#recalled.size > MOST) {
        this.#recalled.delete(this.#recalled.keys().next().value as string)
      }
    }
  }

  clear(): void {
    this.#recalled.clear()
  }

  /** A text that someone says without the memories that stand in it, each with the day above it. */
  without(text: string, role: string | undefined): Left {
    if (this.#recalled.size === 0) return { text, ids: [] }
    const lines = text.split('\n')
    const plain = lines.map(normalised)
    const left: string[] = []
    const ids: string[] = []
    for (let at = 0; at < lines.length; at++) {
      const memory = this.#at(plain, at)
      const isWhole = memory?.lines.length === lines.length
      if (!memory || (isWhole && memory.role === role && plain[0] === memory.lines[0])) {
        left.push(lines[at] as string)
        continue
      }
      if (isDay(plain[at - 1])) left.pop()
      ids.push(memory.id)
      at += memory.lines.length - 1
    }
    const rest = left.join('\n')
    return { text: ids.length > 0 && rest.trim() === '' ? undefined : rest, ids }
  }

  /** The memory that stands at a line. */
  #at(lines: readonly string[], at: number): Recalled | undefined {
    const first = lines[at] as string
    const colon = first.indexOf(': ')
    const said = colon < 0 ? undefined : this.#recalled.get(first.slice(colon + 2))
    const who = normalised(said?.role ?? '')
    const memory = this.#recalled.get(first) ?? (first.slice(0, colon) === who ? said : undefined)
    const rest = memory?.lines.slice(1)
    return rest?.every((line, i) => line === lines[at + 1 + i]) ? memory : undefined
  }
}

/** As it stands above recalled memories: `8 may 2023:`, `2023年5月8日:`. */
function isDay(line: string | undefined): boolean {
  return line !== undefined && /^(?:\d{1,2} \p{L}+ \d+|\d+年\d{1,2}月\d{1,2}日):$/u.test(line)
}
