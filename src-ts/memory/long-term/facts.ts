/** What a language model finds worth keeping of a talk. */
import { isObject } from '../../options.js'
import type { Ask } from '../language-model.js'
import { FACTS_PROMPT, fill } from '../prompts.js'
import { lineOf, memoryOf } from './memory.js'
import { type MemoryRecord, memoryRecord } from './new-memory.js'
import type { Piece } from './talks.js'

/** Bytes of ids that a fact names as its sources at most. */
const SOURCES = 16_000

/** That a language model failed, which ends the settling of one talk only. */
export class ModelFailure extends Error {}

/** The facts of a talk, as records; each is as far to be believed as what it comes from. */
export async function factsOf(
  { id, session, own, last }: Piece,
  ask: Ask,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<MemoryRecord[]> {
  const turns = own.map(memoryOf)
  const lines = turns.map(lineOf).join('\n')
  const prompt = fill(FACTS_PROMPT, { date: last.slice(0, 10), lines })
  let answer: string
  try {
    answer = await ask(prompt, signal)
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ModelFailure('no facts', { cause })
  }
  const trust = Math.min(1, ...turns.map(turn => turn.trust))
  const sources = turns.map(turn => turn.id)
  while (Buffer.byteLength(JSON.stringify(sources)) > SOURCES) sources.pop()
  return factsIn(answer).map(fact => {
    const given = { text: fact, kind: 'fact', time: last, ...(trust < 1 && { trust }) }
    const record = memoryRecord(given, 'a fact', { session: undefined, now, quarantineBelow: 0 })
    const metadata = { ...record.metadata, talk: session, sources, settledFrom: id }
    return { ...record, metadata }
  })
}

/** The facts of an answer: a line each, perhaps with a bullet or a number before it, or JSON. What announces them is none. */
function factsIn(answer: string): string[] {
  const listed = answer.match(/\[[\s\S]*\]/)
  const json = listed ? textsIn(listed[0]) : []
  const lines = json.length > 0 ? json : answer.split('\n')
  return lines
    .map(line => line.replace(/^\s*(?:[-*•]|\d+[.)、])\s*/, '').trim())
    .filter(line => /[\p{L}\p{N}]{2}/u.test(line) && !/^none\W*$/i.test(line))
    .filter(line => !/[:：]$|^```|^(?:json|facts?)$/i.test(line))
}

/** The texts in a JSON array, of which some models make objects. */
function textsIn(json: string): string[] {
  try {
    const items = JSON.parse(json) as unknown[]
    const values = items.flatMap(item => (isObject(item) ? Object.values(item) : [item]))
    return values.filter(value => typeof value === 'string')
  } catch {
    return []
  }
}
