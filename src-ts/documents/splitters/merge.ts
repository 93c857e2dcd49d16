/**
 * Joins neighbouring pieces to chunks: as many as fit, and of the chunk before as many as the overlap allows.
 *
 * The rule is LangChain's, so that its users get the chunks they know: pieces are taken off the front while those that are
 * left measure more than the overlap, or while the next one would not fit; what lies between pieces counts for the size, but
 * not for the overlap.
 */
import type { Span } from '../document.js'
import { trimmed } from './pieces.js'

/** A piece and its size. */
export interface Piece extends Span {
  readonly size: number
}

/** Chunks of pieces that follow each other, without white space at their ends. */
export function merge(
  text: string,
  all: readonly Piece[],
  chunkSize: number,
  chunkOverlap: number,
): Span[] {
  const chunks: Span[] = []
  let first = 0 // of the pieces in the chunk
  let total = 0 // their sizes
  let between = 0 // code units between them, and between the last and the next
  const close = (last: number) => {
    if (last < first) return
    const chunk = trimmed(text, { start: at(all, first).start, end: at(all, last).end })
    if (chunk) chunks.push(chunk)
  }
  for (let next = 0; next < all.length; next++) {
    const piece = at(all, next)
    if (next > first) between += piece.start - at(all, next - 1).end
    if (total + piece.size + between > chunkSize) {
      close(next - 1)
      const tooLarge = () => total > chunkOverlap || total + piece.size + between > chunkSize
      while (first < next && total > 0 && tooLarge()) {
        const gone = at(all, first++)
        total -= gone.size
        between -= at(all, first).start - gone.end
      }
    }
    total += piece.size
  }
  close(all.length - 1)
  return chunks
}

function at(pieces: readonly Piece[], index: number): Piece {
  return pieces[index] as Piece
}
