/** Talks that are quiet: their turns, in pieces that settle each by itself. */
import { createHash } from 'node:crypto'
import type { StoredRecord } from '../../records.js'
import { nextTurn } from '../../slices.js'
import { normalised } from '../normalised.js'
import type { MemoryMetadata } from './new-memory.js'

/** Turns that settle together: what a language model reads at once, and a record can name. */
const PIECE = 200
/** Shorter turns are said again for other reasons. */
const SHORTEST = 24
/** Turns after which others get their turn. */
const SLICE = 2_000

/** Turns of a talk that settle together. */
export interface Piece {
  /** What they go into; the same however often it is begun. */
  readonly id: string
  readonly session: string
  /** All of them. */
  readonly turns: readonly StoredRecord<object>[]
  /** Those that say what none before them has said. */
  readonly own: readonly StoredRecord<object>[]
  /** The others, by the id of the first that says the same. */
  readonly repeated: ReadonlyMap<string, readonly string[]>
  /** When something was said last. */
  readonly last: string
}

/** The pieces of talks in which nothing was said after `border`, in the order of their first turns. */
export async function quietTalks(
  turns: readonly StoredRecord<object>[],
  border: string,
): Promise<Piece[]> {
  const talks = new Map<string, StoredRecord<object>[]>()
  for (const [i, turn] of turns.entries()) {
    if (i % SLICE === SLICE - 1) await nextTurn()
    const { session = '' } = metadataOf(turn)
    const talk = talks.get(session)
    if (talk) talk.push(turn)
    else talks.set(session, [turn])
  }
  const pieces: Piece[] = []
  for (const [session, talk] of talks) {
    if (lastOf(talk) > border) continue
    for (let from = 0; from < talk.length; from += PIECE) {
      pieces.push(pieceOf(session, talk.slice(from, from + PIECE)))
    }
  }
  return pieces
}

function pieceOf(session: string, turns: readonly StoredRecord<object>[]): Piece {
  const first = new Map<string, StoredRecord<object>>()
  const own: StoredRecord<object>[] = []
  const repeated = new Map<string, string[]>()
  for (const turn of turns) {
    const { speaker } = metadataOf(turn)
    const key = `${speaker}\n${normalised(turn.text ?? '')}`
    const known = (turn.text ?? '').length < SHORTEST ? undefined : first.get(key)
    if (!known) {
      first.set(key, turn)
      own.push(turn)
    } else {
      repeated.set(known.id, [...(repeated.get(known.id) ?? []), turn.id])
    }
  }
  const hash = createHash('sha256').update(JSON.stringify([session, turns[0]?.id]))
  const id = `settled-${hash.digest('hex').slice(0, 24)}`
  return { id, session, turns, own, repeated, last: lastOf(turns) }
}

function lastOf(turns: readonly StoredRecord<object>[]): string {
  const times = turns.map(turn => metadataOf(turn).time)
  return times.sort().at(-1) ?? ''
}

function metadataOf({ metadata }: StoredRecord<object>): MemoryMetadata {
  return metadata as unknown as MemoryMetadata
}
