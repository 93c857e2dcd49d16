/**
 * What comes to mind: the memories that answer a question, those that are pinned, and what was said around them, as many as
 * there is room for.
 */
import type { Backend } from '../../backends/backend.js'
import type { Filter } from '../../collection-types.js'
import { invalid } from '../../errors.js'
import type { Explanation } from '../../explanation.js'
import { boolean, integer, isObject, oneOf, optionsOf, show, text, within } from '../../options.js'
import type { Hit, StoredRecord } from '../../records.js'
import type { Ranking } from '../../search-types.js'
import { normalised } from '../normalised.js'
import type { Count } from '../token-count.js'
import { dayOf, formatMemories } from './format.js'
import { lineOf, memoryOf, metadataOf, type RememberedMemory } from './memory.js'
import { type MemoryKind, type Time, timeOf } from './new-memory.js'
import { absentOr, ofSessions, recallable } from './recallable.js'

/** How new memories come before old ones. */
export interface RecencyWeight {
  /** After so many milliseconds half of what can be lost is lost. */
  readonly halfLife: number
  /**
   * What the oldest keep of their scores, from 0 to 1; new ones keep all.
   * @default 0.5
   */
  readonly floor?: number | undefined
}

/** What to recall, and how much of it. */
export interface RecallOptions {
  /**
   * How many memories at most, besides those that are pinned and those around them.
   * @default 10, or as many as fit if there is a budget
   */
  readonly k?: number | undefined
  /** Tokens that the text may have. */
  readonly budgetTokens?: number | undefined
  /** Only of these talks. */
  readonly session?: string | readonly string[] | undefined
  /** Only what this one said. */
  readonly role?: string | undefined
  /**
   * Of these kinds.
   * @default turns and facts
   */
  readonly kinds?: readonly MemoryKind[] | undefined
  /** Only from there. */
  readonly source?: string | undefined
  /** Only memories whose metadata pass. */
  readonly where?: Filter | undefined
  /** Only memories with at least this score. */
  readonly minScore?: number | undefined
  /**
   * Only memories that can be believed that far.
   * @default 0
   */
  readonly minTrust?: number | undefined
  /**
   * Whether what is quarantined is recalled too.
   * @default false
   */
  readonly quarantined?: boolean | undefined
  /**
   * What had been said and was so at this time, from which ages are counted too.
   * @default now
   */
  readonly at?: Time | undefined
  /**
   * How many turns before and after each turn come with it.
   * @default 0
   */
  readonly expand?: number | { readonly before?: number; readonly after?: number } | undefined
  /** @default the memory's own */
  readonly recency?: RecencyWeight | undefined
  /**
   * How much memories of importance 0 lose of their scores, from 0 to 1; those of importance 1 lose nothing.
   * @default the memory's own
   */
  readonly importance?: number | undefined
  /** The constants of the ranking. */
  readonly ranking?: Ranking | undefined
  /**
   * Whether memories say what has made their scores.
   * @default false
   */
  readonly explain?: boolean | undefined
  /**
   * Whether it is noted that they were recalled. That is a write.
   * @default false
   */
  readonly touch?: boolean | undefined
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export const RECALL_OPTIONS = [
  'k',
  'budgetTokens',
  'session',
  'role',
  'kinds',
  'source',
  'where',
  'minScore',
  'minTrust',
  'quarantined',
  'at',
  'expand',
  'recency',
  'importance',
  'ranking',
  'explain',
  'touch',
  'signal',
] as const

/** A memory that came to mind. */
export interface RecalledMemory extends RememberedMemory {
  /** Because it answers the question, is pinned, or stands beside one that was recalled. */
  readonly because: 'answers' | 'pinned' | 'around'
  /** From 0 to 1, if it answers. */
  readonly score?: number
  readonly explanation?: Explanation
}

/** What came to mind. */
export interface Recall {
  /** The pinned ones first, then the best first, each followed by those around it. */
  readonly memories: readonly RecalledMemory[]
  /** The same for a prompt: in the order of time, under the days on which they were said. */
  readonly text: string
  /** Tokens of the text, if there was a budget. */
  readonly tokens?: number
  /** The ids of those for which there was no room. */
  readonly leftOut: readonly string[]
}

/** What a memory recalls with. */
export interface RecallSettings {
  readonly backend: Pick<Backend, 'search' | 'list' | 'around'>
  readonly summaries: Pick<Backend, 'search'>
  readonly count: Count | undefined
  readonly now: Date
  readonly k: number
  readonly recency: RecencyWeight | undefined
  readonly importance: number | undefined
  readonly timeZone: string | undefined
}

/** Memories that are looked at when there is a budget: more than fit into most. */
const POOL = 100
/** Turns before and after each at most. */
const MOST_AROUND = 100
/** Pinned memories at most. */
const PINNED = 100

export async function recall(
  question: string,
  given: RecallOptions,
  settings: RecallSettings,
): Promise<Recall> {
  const { backend, now } = settings
  text('the question', question)
  const options = checked(given, settings)
  const at = given.at === undefined ? now.toISOString() : timeOf('at', given.at)
  const where = whereOf(given, at)
  const { k, budget, expand, signal } = options
  const searches = question.trim() !== ''
  const how = { k, where, ...scoringOf(given, settings, at), signal }
  const [found, summaries, pinned] = await Promise.all([
    searches ? backend.search(question, how) : [],
    searches && given.kinds?.includes('summary') ? settings.summaries.search(question, how) : [],
    backend.list({ where: { $and: [where, { pinned: true }] }, limit: PINNED, signal }),
  ])
  const hits = [...found, ...summaries].sort((a, b) => b.score - a.score).slice(0, k)
  const around = async (hit: Hit<object>): Promise<StoredRecord<object>[]> => {
    const alone = expand.before + expand.after === 0 || metadataOf(hit).kind !== 'turn'
    return alone ? [] : backend.around(hit.id, { ...expand, where, signal })
  }
  const neighbours = await Promise.all(hits.map(around))

  const groups: RecalledMemory[][] = [
    ...pinned.records.map(record => [recalled(record, 'pinned')]),
    ...hits.map((hit, i) => {
      const beside = (neighbours[i] ?? []).filter(({ id }) => id !== hit.id)
      return [recalled(hit, 'answers'), ...beside.map(record => recalled(record, 'around'))]
    }),
  ]
  const format = (memories: readonly RememberedMemory[]) =>
    formatMemories(memories, settings.timeZone)
  if (budget === undefined) {
    const memories = distinct(groups.flat())
    return { memories, text: format(memories), leftOut: [] }
  }
  const day = (memory: RememberedMemory) => dayOf(memory, settings.timeZone)
  return fill(groups, budget, settings.count as Count, { format, day }, signal)
}

interface Checked {
  readonly k: number
  readonly budget: number | undefined
  readonly expand: { readonly before: number; readonly after: number }
  readonly signal: AbortSignal | undefined
}

function checked(given: RecallOptions, { count, k }: RecallSettings): Checked {
  const { budgetTokens, expand = 0, signal } = given
  if (budgetTokens !== undefined) {
    integer('budgetTokens', budgetTokens, 0)
    if (!count) {
      throw invalid(
        'budgetTokens is given, but there is nothing to count tokens with: give the memory an encoder or countTokens',
      )
    }
  }
  const sides = typeof expand === 'number' ? { before: expand, after: expand } : expand
  const { before = 0, after = 0 } = optionsOf(sides, 'expand', ['before', 'after'])
  return {
    k: given.k === undefined ? (budgetTokens === undefined ? k : POOL) : integer('k', given.k, 1),
    budget: budgetTokens,
    expand: {
      before: Math.min(integer('expand.before', before, 0), MOST_AROUND),
      after: Math.min(integer('expand.after', after, 0), MOST_AROUND),
    },
    signal,
  }
}

function scoringOf(given: RecallOptions, settings: RecallSettings, at: string) {
  const { recency = settings.recency, importance = settings.importance } = given
  return {
    ...(recency && { recency: { floor: 0.5, ...recency, now: new Date(at), field: 'time' } }),
    ...(importance !== undefined && {
      boost: { field: 'importance', weight: within('importance', importance, 0, 1) },
    }),
    ...(given.ranking && { ranking: given.ranking }),
    ...(given.minScore !== undefined && { minScore: given.minScore }),
    ...(given.explain !== undefined && { explain: boolean('explain', given.explain) }),
  }
}

/** What can be recalled, of what is asked for. */
function whereOf(given: RecallOptions, at: string): Filter {
  const { session, role, kinds, source, where, minTrust, quarantined = false } = given
  const conditions = recallable(at, boolean('quarantined', quarantined))
  if (given.at !== undefined) conditions.push({ time: { $lte: at } })
  if (session !== undefined) conditions.push(ofSessions(sessionsOf(session)))
  if (role !== undefined) conditions.push({ speaker: text('role', role) })
  if (source !== undefined) conditions.push({ source: text('source', source) })
  if (kinds !== undefined) conditions.push({ kind: { $in: kindsOf(kinds) } })
  if (minTrust !== undefined)
    conditions.push(absentOr('trust', { $gte: within('minTrust', minTrust, 0, 1) }))
  if (where !== undefined) {
    if (!isObject(where)) throw invalid(`where is ${show(where)}: give a filter`)
    conditions.push(where)
  }
  return { $and: conditions }
}

function sessionsOf(session: string | readonly string[]): string[] {
  const all = typeof session === 'string' ? [session] : session
  if (!Array.isArray(all))
    throw invalid(`session is ${show(session)}: give one, or an array of some`)
  return all.map(one => text('a session', one))
}

function kindsOf(kinds: readonly MemoryKind[]): MemoryKind[] {
  if (!Array.isArray(kinds)) throw invalid(`kinds is ${show(kinds)}: give an array`)
  return kinds.map(kind => oneOf('a kind', kind, ['turn', 'fact', 'summary'] as const))
}

function recalled(
  record: StoredRecord<object> | Hit<object>,
  because: RecalledMemory['because'],
): RecalledMemory {
  const { score, explanation } = record as Partial<Hit<object>>
  return {
    ...memoryOf(record),
    because,
    ...(because === 'answers' && score !== undefined && { score }),
    ...(explanation !== undefined && { explanation }),
  }
}

/** Each once, also of those that the same one has said twice. */
function distinct(memories: readonly RecalledMemory[]): RecalledMemory[] {
  const [ids, said] = [new Set<string>(), new Set<string>()]
  return memories.filter(({ id, role, text }) => {
    const what = JSON.stringify([role, normalised(text)])
    if (ids.has(id) || said.has(what)) return false
    ids.add(id)
    said.add(what)
    return true
  })
}

interface Formats {
  format(memories: readonly RememberedMemory[]): string
  day(memory: RememberedMemory): string
}

/** Those that fit, in their order: one that is too long does not keep shorter ones after it out. */
async function fill(
  groups: readonly RecalledMemory[][],
  budget: number,
  count: Count,
  { format, day }: Formats,
  signal: AbortSignal | undefined,
): Promise<Recall> {
  const memories = distinct(groups.flat())
  const tokens = await Promise.all(memories.map(memory => count(lineOf(memory), signal)))
  const kept: RecalledMemory[] = []
  const leftOut: string[] = []
  const days = new Map<string, number>()
  let used = 0
  for (const [i, memory] of memories.entries()) {
    const title = day(memory)
    const header = days.has(title) ? 0 : await count(title, signal)
    const more = header + (tokens[i] as number)
    if (used + more > budget) {
      leftOut.push(memory.id)
      continue
    }
    used += more
    days.set(title, header)
    kept.push(memory)
  }
  // Together they may be other tokens than one by one.
  let whole = format(kept)
  let all = await count(whole, signal)
  while (all > budget && kept.length > 0) {
    leftOut.push((kept.pop() as RecalledMemory).id)
    whole = format(kept)
    all = await count(whole, signal)
  }
  return { memories: kept, text: whole, tokens: all, leftOut }
}
