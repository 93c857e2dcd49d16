/**
 * Joins neighbouring pieces to chunks: as many as fit, and of the chunk before as many as the overlap allows.
 *
 * The rule is LangChain's, so that its users get the chunks they know: pieces are taken off the front while those that are
 * left measure more than the overlap, or while the next one would not fit; what lies between pieces counts for the size, but
 * not for the overlap.
 *
 * Pieces are taken one by one, and only those of the chunk at hand are kept: a text without separators has as many pieces as
 * characters.
 */
import type { Span } from '../document.js'
import { trimmed } from './pieces.js'

/** A piece and its size. */
export interface Piece extends Span {
  readonly size: number
}

/** Pieces on their way into chunks, which have no white space at their ends. */
export class Merge {
  readonly #text: string
  readonly #chunkSize: number
  readonly #chunkOverlap: number
  readonly #chunks: Span[]
  /** Pieces; those before `#first` are in no chunk any more. */
  #pieces: Piece[] = []
  #first = 0
  /** The sizes of the pieces in the chunk. */
  #total = 0
  /** Code units between them. */
  #between = 0

  /** @param chunks to which chunks are added */
  constructor(text: string, chunkSize: number, chunkOverlap: number, chunks: Span[]) {
    this.#text = text
    this.#chunkSize = chunkSize
    this.#chunkOverlap = chunkOverlap
    this.#chunks = chunks
  }

  /** Takes the piece that follows those before. */
  add(piece: Piece): void {
    const next = this.#pieces.length
    if (next > this.#first) this.#between += piece.start - this.#at(next - 1).end
    this.#pieces.push(piece)
    if (!this.#fits(piece)) {
      this.#close(next)
      while (this.#first < next && this.#total > 0 && !this.#isOverlap(piece)) {
        const gone = this.#at(this.#first++)
        this.#total -= gone.size
        this.#between -= this.#at(this.#first).start - gone.end
      }
      this.#forget()
    }
    this.#total += piece.size
  }

  /** Ends the last chunk: what is added next has nothing to do with what was before. */
  finish(): void {
    this.#close(this.#pieces.length)
    this.#pieces = []
    this.#first = 0
    this.#total = 0
    this.#between = 0
  }

  #fits({ size }: Piece): boolean {
    return this.#total + size + this.#between <= this.#chunkSize
  }

  /** Whether what is left of the chunk may be the beginning of one with this piece. */
  #isOverlap(piece: Piece): boolean {
    return this.#total <= this.#chunkOverlap && this.#fits(piece)
  }

  /** A chunk of the pieces up to a place. */
  #close(end: number): void {
    if (end === this.#first) return
    const span = { start: this.#at(this.#first).start, end: this.#at(end - 1).end }
    const chunk = trimmed(this.#text, span)
    if (chunk) this.#chunks.push(chunk)
  }

  /** Lets go of pieces that are in no chunk any more, when they are most of all. */
  #forget(): void {
    if (this.#first * 2 < this.#pieces.length) return
    this.#pieces = this.#pieces.slice(this.#first)
    this.#first = 0
  }

  #at(index: number): Piece {
    return this.#pieces[index] as Piece
  }
}
