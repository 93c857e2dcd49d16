/**
 * How old talks settle. Of each talk that has been quiet for a while a language model makes facts; without one the turns that
 * say most become its summary, chosen by the vectors that they have already. A turn that says word for word what the same
 * speaker has said in the talk before is its duplicate, and not recalled any more.
 *
 * What is made of turns has an id that follows from the first of them, and the mark on the turns is written last: whoever is
 * ended before that does the rest again, with the same result. Turns that were forgotten or have settled meanwhile are found
 * out before anything is written. Only what can be recalled settles: not what is quarantined.
 */
import type { Backend } from '../../backends/backend.js'
import { HippocampError, invalid } from '../../errors.js'
import { finite, integer, show, text } from '../../options.js'
import type { StoredRecord } from '../../records.js'
import { addUnit, mostCentral, substances, type Vectors } from '../extractive-summary.js'
import type { Ask } from '../language-model.js'
import { factsOf, ModelFailure } from './facts.js'
import { lineOf, memoryOf, metadataOf, USUAL_IMPORTANCE } from './memory.js'
import { type MemoryMetadata, type MemoryRecord, nextOrder } from './new-memory.js'
import { allOf, recallable, slicesOf } from './recallable.js'
import type { Remembered, ToRemember } from './remember.js'
import { type Piece, quietTalks } from './talks.js'

export interface ConsolidateOptions {
  /**
   * How long a talk has been quiet that settles, in milliseconds.
   * @default 3600000, an hour
   */
  readonly quietFor?: number | undefined
  /**
   * Only these talks.
   * @default all
   */
  readonly sessions?: readonly string[] | undefined
  /**
   * Turns of a summary at most.
   * @default 8
   */
  readonly summaryTurns?: number | undefined
  /** Called after each talk, or piece of a long one. */
  readonly onProgress?:
    | ((progress: {
        readonly session: string
        readonly done: number
        readonly total: number
      }) => void)
    | undefined
  /** Ends after the talk that is settling; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export const CONSOLIDATE_OPTIONS = [
  'quietFor',
  'sessions',
  'summaryTurns',
  'onProgress',
  'signal',
] as const

/** What has settled. */
export interface Consolidated {
  /** Talks, or pieces of 200 turns of long ones. */
  readonly sessions: number
  /** Turns of them. */
  readonly turns: number
  /** Turns that were said in their talk before, word for word. */
  readonly duplicates: number
  /** Summaries that were made. */
  readonly summaries: number
  /** Facts that were made, and were not known. */
  readonly facts: number
  /** Talks that could not settle, and why. They are tried again another time. */
  readonly failed: readonly { readonly session: string; readonly error: unknown }[]
}

/** What memories settle with. */
export interface Settling {
  readonly backend: Pick<Backend, 'list' | 'update' | 'delete' | 'get'>
  /** Where summaries are: beside the memories, whose statistics they would change. */
  readonly summaries: Pick<Backend, 'upsert'>
  readonly ask: Ask | undefined
  readonly now: Date
  /** Writes memories; only within `alone`. */
  remember(memories: readonly ToRemember[]): Promise<readonly Remembered[]>
  /** Does something between two saves. */
  alone<T>(task: () => Promise<T>): Promise<T>
}

const HOUR = 3_600_000
/** Characters of a turn in a summary. */
const LONGEST = 1_000

/** What is to be written of a piece. */
interface Made {
  readonly summary?: MemoryRecord
  readonly facts?: readonly MemoryRecord[]
}

export async function consolidate(
  options: ConsolidateOptions,
  settling: Settling,
): Promise<Consolidated> {
  const { quietFor = HOUR, sessions, summaryTurns = 8, onProgress, signal } = options
  if (finite('quietFor', quietFor) < 0) {
    throw invalid(`quietFor is ${quietFor}: give a number of milliseconds, 0 for all talks`)
  }
  integer('summaryTurns', summaryTurns, 1)
  if (sessions !== undefined && !Array.isArray(sessions)) {
    throw invalid(`sessions are ${show(sessions)}: give an array of strings`)
  }
  for (const session of sessions ?? []) text('a session', session)
  const pieces = await piecesOf(sessions, new Date(settling.now.getTime() - quietFor), settling)
  const failed: { session: string; error: unknown }[] = []
  const result = { sessions: 0, turns: 0, duplicates: 0, summaries: 0, facts: 0, failed }
  for (const piece of pieces) {
    signal?.throwIfAborted()
    const { session } = piece
    try {
      const made = settling.ask
        ? { facts: await factsOf(piece, settling.ask, settling.now, signal) }
        : { summary: await summaryOf(piece, summaryTurns, settling, signal) }
      const facts = await settling.alone(() => write(piece, made, settling))
      if (facts === undefined) continue
      result.sessions++
      result.turns += piece.turns.length
      result.duplicates += piece.turns.length - piece.own.length
      result.summaries += settling.ask ? 0 : 1
      result.facts += facts
    } catch (error) {
      if (!isOfTalk(error)) throw error
      failed.push({ session, error: error instanceof ModelFailure ? error.cause : error })
    }
    onProgress?.({ session, done: result.sessions + failed.length, total: pieces.length })
  }
  return result
}

/** Whether an error is about one talk, so that others can settle all the same. */
function isOfTalk(error: unknown): boolean {
  const tooLarge = error instanceof HippocampError && error.code === 'ERR_LIMIT_EXCEEDED'
  return error instanceof ModelFailure || tooLarge
}

/** The turns that are to settle. */
async function piecesOf(
  sessions: readonly string[] | undefined,
  border: Date,
  { backend, now }: Settling,
): Promise<Piece[]> {
  const open = [
    { kind: 'turn', settled: { $exists: false }, session: { $exists: true } },
    ...recallable(now.toISOString()),
  ]
  const turns: StoredRecord<object>[] = []
  for (const some of sessions === undefined ? [undefined] : slicesOf(sessions)) {
    const of = some === undefined ? [] : [{ session: { $in: some } }]
    turns.push(...(await allOf(backend, { $and: [...open, ...of] }, undefined)))
  }
  return quietTalks(turns, border.toISOString())
}

/** The most central turns of a talk, in their order. */
async function summaryOf(
  { id, session, own, last }: Piece,
  summaryTurns: number,
  { backend }: Settling,
  signal: AbortSignal | undefined,
): Promise<MemoryRecord> {
  const central = await centralOf(own, summaryTurns, backend, signal)
  const lines = central.map(turn => lineOf(memoryOf(turn)).slice(0, LONGEST))
  const metadata: MemoryMetadata = {
    kind: 'summary',
    talk: session,
    time: last,
    order: nextOrder(),
    importance: USUAL_IMPORTANCE,
    sources: central.map(turn => turn.id),
  }
  return { id, text: lines.join('\n'), metadata: { ...metadata } }
}

async function centralOf(
  own: readonly StoredRecord<object>[],
  summaryTurns: number,
  backend: Pick<Backend, 'get'>,
  signal: AbortSignal | undefined,
): Promise<readonly StoredRecord<object>[]> {
  if (own.length <= summaryTurns) return own
  const ids = own.map(turn => turn.id)
  const known = await backend.get(ids, { vector: true, signal })
  const turns = known.filter(turn => turn?.vector !== undefined) as StoredRecord<object>[]
  const dimension = turns[0]?.vector?.length
  if (dimension === undefined) return own.slice(0, summaryTurns)
  const data = new Float32Array(turns.length * dimension)
  const vectors: Vectors = { data, dimension, sum: new Float32Array(dimension) }
  for (const [row, { vector }] of turns.entries()) addUnit(vectors, row, vector as Float32Array, 0)
  const limits = { maxSentences: summaryTurns, tokens: async () => 0 }
  const said = turns.map(memoryOf).map(({ role, text }) => ({ speaker: role, text }))
  return mostCentral(turns, vectors, limits, signal, await substances(said, signal))
}

/**
 * Writes what was made of a piece, if its turns are all there, and have neither settled nor been quarantined meanwhile; how many
 * facts are new.
 */
async function write(
  { id, turns, repeated }: Piece,
  { summary, facts = [] }: Made,
  { backend, summaries, remember }: Settling,
): Promise<number | undefined> {
  const now = await backend.get(turns.map(turn => turn.id))
  const isOpen = (turn: StoredRecord<object>) => {
    const { settled, quarantined } = metadataOf(turn)
    return settled === undefined && quarantined === undefined
  }
  if (!now.every(turn => turn && isOpen(turn))) return undefined
  if (summary) await summaries.upsert([summary])
  // Those of a time before, of which the mark did not come about.
  await backend.delete({ where: { settledFrom: id } })
  const remembered =
    facts.length === 0 ? [] : await remember(facts.map(record => ({ record, onDuplicate: 'skip' })))
  for (const [first, others] of repeated) {
    await backend.update([first], { metadata: { mentions: others.length + 1 } })
    await backend.update(others, { metadata: { duplicateOf: first } })
  }
  await backend.update(
    turns.map(turn => turn.id),
    { metadata: { settled: id } },
  )
  return remembered.filter(({ status }) => status === 'stored').length
}
