/**
 * An encoder that remembers the vectors of the sentences it met last: a running summary is chosen among the same sentences turn
 * after turn, and encoding them again would take longer than all the rest.
 */
import type { SentenceEncoder } from './extractive-summary.js'
import type { MemoryCall } from './memory.js'

/** Sentences that are remembered. */
const KEPT = 256

export class RememberingEncoder implements SentenceEncoder {
  readonly #encoder: SentenceEncoder
  /** By sentence, the one that was used last at the end. */
  readonly #vectors = new Map<string, ArrayLike<number>>()

  constructor(encoder: SentenceEncoder) {
    this.#encoder = encoder
  }

  async encode(texts: readonly string[], call?: MemoryCall) {
    const unknown = texts.filter(text => !this.#vectors.has(text))
    const known = new Map(texts.map(text => [text, this.#vectors.get(text)]))
    if (unknown.length > 0) {
      const { data, dimension } = await this.#encoder.encode(unknown, call)
      const row = (i: number) => {
        return Float32Array.from({ length: dimension }, (_, j) => data[i * dimension + j] as number)
      }
      for (const [i, text] of unknown.entries()) known.set(text, row(i))
    }
    for (const [text, vector] of known) this.#keep(text, vector as ArrayLike<number>)
    const rows = texts.map(text => known.get(text) as ArrayLike<number>)
    const dimension = rows[0]?.length ?? 0
    const all = new Float32Array(rows.length * dimension)
    for (const [i, vector] of rows.entries()) all.set(vector, i * dimension)
    return { data: all, dimension }
  }

  #keep(text: string, vector: ArrayLike<number>): void {
    this.#vectors.delete(text)
    this.#vectors.set(text, vector)
    const [oldest] = this.#vectors.keys()
    if (this.#vectors.size > KEPT && oldest !== undefined) this.#vectors.delete(oldest)
  }
}
