/**
 * How old talks settle. A turn that says word for word what another has said before is its duplicate, and not recalled any
 * more. Of each talk that has been quiet for a while a language model makes facts; without one its most central turns become
 * its summary, chosen by the vectors that they have already.
 *
 * A talk settles in two writes: what was made of it, under an id that follows from its first turn, and then the mark on its
 * turns. Whoever is ended between them does the first write again, with the same result.
 */
import { createHash } from 'node:crypto'
import type { Backend } from '../../backends/backend.js'
import type { Filter } from '../../collection-types.js'
import { invalid } from '../../errors.js'
import { finite, integer, isObject, show, text } from '../../options.js'
import type { StoredRecord } from '../../records.js'
import { addUnit, mostCentral, type Vectors } from '../extractive-summary.js'
import type { Ask } from '../language-model.js'
import { FACTS_PROMPT, fill } from '../prompts.js'
import { lineOf, memoryOf } from './memory.js'
import { type MemoryMetadata, memoryRecord, nextOrder } from './new-memory.js'
import type { Remembered, ToRemember } from './remember.js'

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
   * Turns of a summary.
   * @default 8
   */
  readonly summaryTurns?: number | undefined
  /** Called after each talk. */
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
  /** Talks. */
  readonly sessions: number
  /** Turns of them. */
  readonly turns: number
  /** Turns that others have said before, word for word. */
  readonly duplicates: number
  /** Summaries that were made. */
  readonly summaries: number
  /** Facts that were made, and are not known from elsewhere. */
  readonly facts: number
  /** Talks of which the language model made nothing, and why. They settle another time. */
  readonly failed: readonly { readonly session: string; readonly error: unknown }[]
}

/** What memories settle with. */
export interface Settling {
  readonly backend: Pick<Backend, 'list' | 'update' | 'delete'>
  /** Where summaries are: beside the memories, whose statistics they would change. */
  readonly summaries: Pick<Backend, 'upsert'>
  readonly ask: Ask | undefined
  readonly now: Date
  remember(
    memories: readonly ToRemember[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Remembered[]>
  between<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>
}

const HOUR = 3_600_000
const PAGE = 1_000
/** Shorter turns are said again for other reasons. */
const SHORTEST = 24

interface Talk {
  readonly session: string
  readonly turns: StoredRecord[]
  /** The last time at which something was said. */
  readonly last: string
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

  const { backend, now } = settling
  const border = new Date(now.getTime() - quietFor).toISOString()
  const open: Filter = { kind: 'turn', settled: { $exists: false }, session: { $exists: true } }
  const where = sessions === undefined ? open : { ...open, session: { $in: [...sessions] } }
  const talks = talksOf(await all(backend, where, signal)).filter(({ last }) => last <= border)
  const failed: { session: string; error: unknown }[] = []
  const result = { sessions: 0, turns: 0, duplicates: 0, summaries: 0, facts: 0, failed }
  if (talks.length === 0) return result

  const first = await firstWith(backend, signal)
  for (const talk of talks) {
    signal?.throwIfAborted()
    const { session, turns } = talk
    const repeated = turns.filter(turn => first.of(turn) !== turn.id)
    const own = turns.filter(turn => first.of(turn) === turn.id)
    let made: Made
    try {
      made = await (settling.ask
        ? makeFacts(talk, own, settling, settling.ask, signal)
        : makeSummary(talk, own, summaryTurns, settling, signal))
    } catch (error) {
      if (!(error instanceof ModelFailure)) throw error
      failed.push({ session, error: error.cause })
      continue
    }
    await settling.between(async () => {
      for (const turn of repeated) {
        const id = first.of(turn)
        await backend.update([id], { metadata: { mentions: first.mentions(turn) } })
        await backend.update([turn.id], { metadata: { duplicateOf: id } })
      }
      const metadata = { settled: made.id }
      await backend.update(
        turns.map(({ id }) => id),
        { metadata },
      )
    }, undefined)
    result.sessions++
    result.turns += turns.length
    result.duplicates += repeated.length
    result.summaries += made.summaries
    result.facts += made.facts
    onProgress?.({ session, done: result.sessions, total: talks.length })
  }
  return result
}

/** Turns by their talks, these in the order of their first turns. */
function talksOf(turns: readonly StoredRecord[]): Talk[] {
  const talks = new Map<string, { session: string; turns: StoredRecord[]; last: string }>()
  for (const turn of turns) {
    const { session = '', time = '' } = turn.metadata as unknown as MemoryMetadata
    const talk = talks.get(session) ?? { session, turns: [], last: time }
    talks.set(session, talk)
    talk.turns.push(turn)
    if (time > talk.last) talk.last = time
  }
  return [...talks.values()]
}

interface Made {
  /** What the turns have gone into. */
  readonly id: string
  readonly summaries: number
  readonly facts: number
}

/** The most central turns of a talk, as its summary. */
async function makeSummary(
  talk: Talk,
  own: readonly StoredRecord[],
  summaryTurns: number,
  { backend, summaries, between }: Settling,
  signal: AbortSignal | undefined,
): Promise<Made> {
  const id = idOf(talk)
  const { session } = talk
  const where: Filter = { kind: 'turn', session, settled: { $exists: false } }
  const ids = new Set(own.map(turn => turn.id))
  const known = (await all(backend, where, signal, true)).filter(turn => ids.has(turn.id))
  const turns = known.filter(turn => turn.vector !== undefined)
  const dimension = turns[0]?.vector?.length ?? 1
  const data = new Float32Array(turns.length * dimension)
  const vectors: Vectors = { data, dimension, sum: new Float32Array(dimension) }
  for (const [row, { vector }] of turns.entries()) addUnit(vectors, row, vector as Float32Array, 0)
  const limits = { maxSentences: summaryTurns, tokens: async () => 0 }
  const central = await mostCentral(turns, vectors, limits, signal)
  if (central.length === 0) return { id, summaries: 0, facts: 0 }
  const metadata: MemoryMetadata = {
    kind: 'summary',
    talk: session,
    time: talk.last,
    order: nextOrder(),
    importance: 0.5,
    sources: central.map(turn => turn.id),
  }
  const summary = central.map(turn => lineOf(memoryOf(turn))).join('\n')
  await between(
    () => summaries.upsert([{ id, text: summary, metadata: { ...metadata } }], { signal }),
    signal,
  )
  return { id, summaries: 1, facts: 0 }
}

/** What a language model finds worth keeping of a talk, as facts. */
async function makeFacts(
  talk: Talk,
  own: readonly StoredRecord[],
  { backend, now, remember }: Settling,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<Made> {
  const id = idOf(talk)
  const lines = own.map(turn => lineOf(memoryOf(turn))).join('\n')
  const date = talk.last.slice(0, 10)
  const facts = lines === '' ? [] : await factsOf(fill(FACTS_PROMPT, { date, lines }), ask, signal)
  // Those of a time before, of which the mark did not come about.
  await backend.delete({ where: { kind: 'fact', settledFrom: id } })
  const defaults = { session: undefined, now, quarantineBelow: 0 }
  const memories = facts.map((fact): ToRemember => {
    const given = { text: fact, kind: 'fact', time: talk.last, metadata: { settledFrom: id } }
    const record = memoryRecord(given, 'a fact', defaults)
    const sources = own.map(turn => turn.id)
    return {
      record: { ...record, metadata: { ...record.metadata, talk: talk.session, sources } },
      onDuplicate: 'merge',
    }
  })
  const remembered = memories.length === 0 ? [] : await remember(memories, signal)
  const stored = remembered.filter(({ status }) => status === 'stored')
  return { id, summaries: 0, facts: stored.length }
}

/** That a language model failed, which ends the settling of one talk only. */
class ModelFailure extends Error {}

async function factsOf(
  prompt: string,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  try {
    return factsIn(await ask(prompt, signal))
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ModelFailure('no facts', { cause })
  }
}

/** The facts of an answer: a line each, perhaps with a bullet or a number before it, or JSON. What announces them is none. */
function factsIn(answer: string): string[] {
  const listed = answer.match(/\[[\s\S]*\]/)
  const json = listed ? stringsIn(listed[0]) : []
  const lines = json.length > 0 ? json : answer.split('\n')
  return lines
    .map(line => line.replace(/^\s*(?:[-*•]|\d+[.)、])\s*/, '').trim())
    .filter(line => /[\p{L}\p{N}]{2}/u.test(line) && !/^none\W*$/i.test(line))
    .filter(line => !/[:：]$|^```|^(?:json|facts?)$/i.test(line))
}

/** The texts in a JSON array, of which some models make objects. */
function stringsIn(json: string): string[] {
  try {
    const items = JSON.parse(json) as unknown[]
    return items.flatMap(item => (isObject(item) ? Object.values(item) : [item])).filter(isString)
  } catch {
    return []
  }
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

/** The same however often a talk is begun to settle. */
function idOf({ session, turns }: Talk): string {
  const hash = createHash('sha256').update(JSON.stringify([session, turns[0]?.id]))
  return `settled-${hash.digest('hex').slice(0, 24)}`
}

/** For each turn the first that says the same, in the order of their first insertion. */
async function firstWith(backend: Settling['backend'], signal: AbortSignal | undefined) {
  const first = new Map<string, { id: string; count: number }>()
  const key = ({ text = '', metadata }: StoredRecord) =>
    `${metadata.speaker}\n${text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase()}`
  for (const turn of await all(backend, { kind: 'turn' }, signal)) {
    const known = first.get(key(turn))
    if (known) known.count++
    else first.set(key(turn), { id: turn.id, count: 1 })
  }
  const of = (turn: StoredRecord) =>
    (turn.text ?? '').length < SHORTEST ? undefined : first.get(key(turn))
  return {
    of: (turn: StoredRecord) => of(turn)?.id ?? turn.id,
    mentions: (turn: StoredRecord) => of(turn)?.count ?? 1,
  }
}

async function all(
  backend: Settling['backend'],
  where: Filter,
  signal: AbortSignal | undefined,
  vector = false,
): Promise<StoredRecord[]> {
  const records: StoredRecord[] = []
  let cursor: string | undefined
  do {
    const page = await backend.list({ where, limit: PAGE, cursor, vector, signal })
    records.push(...page.records)
    cursor = page.cursor
  } while (cursor !== undefined)
  return records
}
