/**
 * How a budget of tokens is spent on the lines of several memories.
 *
 * Nothing is told twice. What is a message of a talk the talk tells, as it would have a hole otherwise; a talk that is wholly a
 * part of another is left to that one; everything else the first member tells that has it.
 *
 * First every member gets its own part, then the most important line of all that are left is taken, and so on; a line's
 * importance is its priority in its memory times the weight of the member. Of a key nothing is taken that is less important than
 * a line for which there was no room, so that a talk has no holes.
 */
import type { Member } from './members.js'
import type { Line, MemoryLines, Values } from './memory.js'
import { normalised } from './normalised.js'
import type { Count } from './token-count.js'

/** What a member gave. */
export interface MemberReport {
  readonly name: string
  readonly keys: readonly string[]
  /** Lines that are in its variables, and their tokens if there is a budget. */
  readonly lines: number
  readonly tokens?: number
  /** What is not in them: there was no room, or a member before it has said it. */
  readonly cut: readonly { readonly text: string; readonly because: 'budget' | 'duplicate' }[]
}

/** What a member would tell, and how its variables are made of some of it. */
export interface MemberLines {
  readonly lines: MemoryLines
  format(lines: MemoryLines): Values
}

interface Candidate {
  readonly member: number
  readonly key: string
  readonly place: number
  readonly line: Line
  importance: number
  /** Its lines, without who says them. */
  readonly said: readonly string[]
  tokens: number
}

/** The variables of each member, and its report. */
export async function spend(
  members: readonly Member[],
  all: readonly MemberLines[],
  budget: number | undefined,
  count: Count | undefined,
  signal: AbortSignal | undefined,
): Promise<(MemberReport & { variables: Values })[]> {
  const candidates = candidatesOf(members, all)
  const spending = new Spending(partsOfTalks(candidates))
  if (budget === undefined || !count) {
    spending.fill(candidates, Number.POSITIVE_INFINITY)
    return members.map((member, i) => report(member, i, all, candidates, spending))
  }
  await Promise.all(
    candidates.map(async candidate => {
      candidate.tokens = await count(candidate.line.text, signal)
    }),
  )
  choose(spending, members, candidates, budget)
  const tokensIn = async (member: number) => {
    const values = Object.values(variablesOf(member, all, spending.kept))
    const counts = values.map(value => count(asText(value), signal))
    return total(await Promise.all(counts))
  }
  let tokens = await Promise.all(members.map((_, i) => tokensIn(i)))
  // What stands between and before lines has tokens too, and what told others may be dropped for it.
  for (let over = total(tokens) - budget; over > 0; over = total(tokens) - budget) {
    const least = [...spending.kept].sort(mostImportantFirst).at(-1)
    if (!least) break
    spending.drop(least)
    const room = spending.used
    const untold = [...spending.duplicates].filter(
      other => !other.line.talk && other.importance > least.importance && !spending.isTold(other),
    )
    for (const other of untold) spending.duplicates.delete(other)
    spending.fill(untold.sort(mostImportantFirst), room + least.tokens)
    tokens = await Promise.all(members.map((_, i) => tokensIn(i)))
  }
  return members.map((member, i) => ({
    ...report(member, i, all, candidates, spending),
    tokens: tokens[i] as number,
  }))
}

function candidatesOf(members: readonly Member[], all: readonly MemberLines[]): Candidate[] {
  return all.flatMap(({ lines }, member) =>
    Object.entries(lines).flatMap(([key, ofKey]) =>
      ofKey.map((line, place) => {
        const importance = line.priority * (members[member]?.weight ?? 1)
        return { member, key, place, line, importance, said: saidIn(line.text), tokens: 0 }
      }),
    ),
  )
}

/** The lines of a text without who says them. */
function saidIn(text: string): string[] {
  const lines = text.split('\n').map(line => normalised(line).replace(/^[^:]{1,40}: /, ''))
  return lines.filter(line => line !== '')
}

function mostImportantFirst(a: Candidate, b: Candidate): number {
  return b.importance - a.importance
}

/** The lines of talks that are parts of longer ones, or of equal ones before them; these become as important as they were. */
function partsOfTalks(candidates: readonly Candidate[]): Set<Candidate> {
  const talks = new Map<string, Candidate[]>()
  for (const candidate of candidates.filter(({ line }) => line.talk)) {
    const of = `${candidate.member} ${candidate.key}`
    const talk = talks.get(of)
    if (talk) talk.push(candidate)
    else talks.set(of, [candidate])
  }
  const parts = new Set<Candidate>()
  const whole: Map<string, Candidate>[] = []
  const longestFirst = [...talks.values()].sort((a, b) => b.length - a.length)
  for (const talk of longestFirst) {
    const within = whole.find(other => talk.every(candidate => other.has(saidBy(candidate))))
    if (!within) {
      // Of messages that say the same the newest stands for all.
      whole.push(new Map(talk.map(candidate => [saidBy(candidate), candidate])))
      continue
    }
    for (const candidate of talk) {
      parts.add(candidate)
      const teller = within.get(saidBy(candidate)) as Candidate
      teller.importance = Math.max(teller.importance, candidate.importance)
    }
  }
  return parts
}

function saidBy({ said }: Candidate): string {
  return said.join('\n')
}

function choose(
  spending: Spending,
  members: readonly Member[],
  candidates: readonly Candidate[],
  budget: number,
): void {
  const ordered = [...candidates].sort(mostImportantFirst)
  for (const [i, { minShare }] of members.entries()) {
    const own = ordered.filter(({ member }) => member === i)
    spending.fill(own, spending.used + Math.floor(minShare * budget))
  }
  spending.fill(ordered, budget)
}

/** Shorter lines are said again for other reasons. */
const SHORTEST = 8

/** Who tells a line: how many of each member, how many messages of talks, and those that are no such messages. */
interface Tellers {
  readonly members: Map<number, number>
  talks: number
  readonly others: Set<Candidate>
}

/** What has been chosen. A record of several lines is known when all of its lines are. */
class Spending {
  readonly kept = new Set<Candidate>()
  readonly #tellers = new Map<string, Tellers>()
  used = 0

  /** @param duplicates lines that are told elsewhere */
  constructor(readonly duplicates: Set<Candidate>) {}

  /** Takes candidates in this order as long as there is room for so many tokens in all. */
  fill(candidates: readonly Candidate[], room: number): void {
    const closed = new Set<string>()
    for (const candidate of candidates) {
      const of = `${candidate.member} ${candidate.key}`
      if (this.kept.has(candidate) || this.duplicates.has(candidate) || closed.has(of)) continue
      if (this.isTold(candidate)) {
        this.duplicates.add(candidate)
        continue
      }
      const told = this.#keep(candidate).filter(other => this.isTold(other))
      if (this.used - total(told.map(({ tokens }) => tokens)) > room) {
        this.drop(candidate)
        closed.add(of)
        continue
      }
      for (const other of told) {
        this.drop(other)
        this.duplicates.add(other)
      }
    }
  }

  drop(candidate: Candidate): void {
    this.kept.delete(candidate)
    this.used -= candidate.tokens
    this.#count(candidate, -1)
  }

  /** Whether talks, or members before that of a candidate, tell all that it says. */
  isTold({ member, line, said }: Candidate): boolean {
    if (line.talk || !said.some(line => line.length >= SHORTEST)) return false
    const told = (line: string) => {
      const tellers = this.#tellers.get(line)
      return tellers !== undefined && (tellers.talks > 0 || firstOf(tellers) < member)
    }
    return said.every(told)
  }

  /** Takes a candidate; resolves to those beside which it is the first to tell a line. */
  #keep(candidate: Candidate): Candidate[] {
    this.kept.add(candidate)
    this.used += candidate.tokens
    const beside = new Set<Candidate>()
    for (const line of candidate.said) {
      const tellers = this.#tellers.get(line)
      const isFirst = candidate.line.talk
        ? tellers?.talks === 0
        : tellers && candidate.member < firstOf(tellers)
      if (tellers && isFirst) for (const other of tellers.others) beside.add(other)
    }
    this.#count(candidate, 1)
    return [...beside]
  }

  #count(candidate: Candidate, change: 1 | -1): void {
    for (const line of new Set(candidate.said)) {
      const tellers = this.#tellers.get(line) ?? {
        members: new Map<number, number>(),
        talks: 0,
        others: new Set<Candidate>(),
      }
      this.#tellers.set(line, tellers)
      const count = (tellers.members.get(candidate.member) ?? 0) + change
      if (count > 0) tellers.members.set(candidate.member, count)
      else tellers.members.delete(candidate.member)
      if (candidate.line.talk) tellers.talks += change
      else if (change > 0) tellers.others.add(candidate)
      else tellers.others.delete(candidate)
    }
  }
}

/** The first member that tells a line. */
function firstOf({ members }: Tellers): number {
  return Math.min(...members.keys())
}

function variablesOf(
  member: number,
  all: readonly MemberLines[],
  kept: ReadonlySet<Candidate>,
): Values {
  const { lines, format } = all[member] as MemberLines
  const ofKey = (key: string) =>
    [...kept]
      .filter(candidate => candidate.member === member && candidate.key === key)
      .sort((a, b) => a.place - b.place)
      .map(({ line }) => line)
  return format(Object.fromEntries(Object.keys(lines).map(key => [key, ofKey(key)])))
}

function report(
  { name, memory }: Member,
  member: number,
  all: readonly MemberLines[],
  candidates: readonly Candidate[],
  { kept, duplicates }: Spending,
): MemberReport & { variables: Values } {
  const own = candidates.filter(candidate => candidate.member === member)
  return {
    name,
    keys: memory.memoryKeys,
    lines: own.filter(candidate => kept.has(candidate)).length,
    cut: own
      .filter(candidate => !kept.has(candidate))
      .map(candidate => ({
        text: candidate.line.text,
        because: duplicates.has(candidate) ? 'duplicate' : 'budget',
      })),
    variables: variablesOf(member, all, kept),
  }
}

/** A variable as a prompt shows it. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Their sum. */
export function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
