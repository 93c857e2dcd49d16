/** What the recogniser finds. */

export type EntityKind =
  | 'person'
  | 'place'
  | 'organisation'
  | 'name'
  | 'handle'
  | 'date'
  | 'number'
  | 'quoted'

export interface Entity {
  /** As it is written: `source.slice(start, end)`. */
  readonly text: string
  readonly kind: EntityKind
  /** Where it begins, in UTF-16 code units. */
  readonly start: number
  /** Where it ends. */
  readonly end: number
}

/** A text in which places are taken, one entity after the other; the first that comes has it. */
export class Findings {
  readonly source: string
  readonly #taken: Uint8Array
  readonly #entities: Entity[] = []

  constructor(source: string) {
    this.source = source
    this.#taken = new Uint8Array(source.length)
  }

  /** Whether nothing was found here yet. Its cost is the length of the span, which rules keep short. */
  free(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.#taken[at] === 1) return false
    return true
  }

  /** Adds what is at a span, unless something is there. */
  add(kind: EntityKind, start: number, end: number): void {
    if (end <= start || !this.free(start, end)) return
    this.#taken.fill(1, start, end)
    this.#entities.push({ text: this.source.slice(start, end), kind, start, end })
  }

  inOrder(): Entity[] {
    return this.#entities.sort((a, b) => a.start - b.start)
  }
}
