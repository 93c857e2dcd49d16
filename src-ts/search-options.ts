/**
 * The options of searches, on their way into the addon.
 */
import { types } from 'node:util'
import type { Filter } from './collection-types.js'
import { invalid } from './errors.js'
import { isPlain, objectToJson } from './json.js'
import type {
  NativeBoost,
  NativeGroupBy,
  NativeRanking,
  NativeRecency,
  NativeSearchOptions,
} from './native.js'
import {
  boolean,
  fieldOf,
  finite,
  integer,
  isObject,
  oneOf,
  optionsOf,
  recall,
  within,
} from './options.js'
import type { Boost, Ranking, Recency, SearchOptions } from './search-types.js'

/** The names of what searches take. */
export const SEARCH_OPTIONS = [
  'k',
  'offset',
  'mode',
  'ranking',
  'where',
  'minScore',
  'targetRecall',
  'exact',
  'idsOnly',
  'recursive',
  'diversity',
  'recency',
  'boost',
  'groupBy',
  'explain',
  'vector',
  'signal',
] as const
const RANKING = [
  'fusion',
  'words',
  'pool',
  'rankConstant',
  'k1',
  'b',
  'background',
  'stripNames',
  'unknownTokens',
  'previous',
  'next',
  'speaker',
  'question',
] as const
const MODES = ['hybrid', 'vector', 'lexical'] as const
const FUSIONS = ['noisyOr', 'weighted', 'rrf'] as const

/** Hits, unless the limits are lower. */
const K = 10

/** Options as the addon takes them; `limit` is the most hits. */
export function searchOptions(what: string, options: SearchOptions | undefined, limit: number) {
  const given = optionsOf(options, what, SEARCH_OPTIONS)
  const flag = (name: 'vector' | 'recursive' | 'explain' | 'idsOnly') =>
    given[name] !== undefined && boolean(name, given[name])
  const native: NativeSearchOptions = {
    k: given.k === undefined ? Math.min(K, limit) : integer('k', given.k, 1),
    vectors: flag('vector'),
    recursive: flag('recursive'),
    explain: flag('explain'),
    ...filterOf(given.where),
    ...recallOf(given),
    ...(given.offset !== undefined && { offset: integer('offset', given.offset, 0) }),
    ...(given.mode !== undefined && { mode: oneOf('mode', given.mode, MODES) }),
    ...(given.ranking !== undefined && { ranking: rankingOf(given.ranking) }),
    ...(given.diversity !== undefined && { diversity: within('diversity', given.diversity, 0, 1) }),
    ...(given.recency !== undefined && { recency: recencyOf(given.recency) }),
    ...(given.boost !== undefined && { boost: boostOf(given.boost) }),
    ...(given.groupBy !== undefined && { groupBy: groupByOf(given.groupBy) }),
    ...(given.minScore !== undefined && { minScore: finite('minScore', given.minScore) }),
  }
  const idsOnly = flag('idsOnly')
  for (const name of ['vector', 'explain'] as const) {
    if (idsOnly && flag(name))
      throw invalid(`idsOnly and ${name} are both true: leave one of them out`)
  }
  return { given, native, idsOnly }
}

function recencyOf(recency: Recency): NativeRecency {
  const given = optionsOf(recency, 'recency', ['halfLife', 'floor', 'now', 'field'])
  const { now = Date.now() } = given
  return {
    halfLife: finite('recency.halfLife', given.halfLife),
    floor: given.floor === undefined ? 0 : within('recency.floor', given.floor, 0, 1),
    now: finite('recency.now', now instanceof Date ? now.getTime() : now),
    ...(given.field !== undefined && { field: fieldOf('recency.field', given.field) }),
  }
}

function boostOf(boost: Boost): NativeBoost {
  const given = optionsOf(boost, 'boost', ['field', 'weight', 'max'])
  return {
    field: fieldOf('boost.field', given.field),
    weight: given.weight === undefined ? 0.5 : within('boost.weight', given.weight, 0, 1),
    max: given.max === undefined ? 1 : finite('boost.max', given.max),
  }
}

function groupByOf(groupBy: NonNullable<SearchOptions['groupBy']>): NativeGroupBy {
  if (typeof groupBy === 'string') return { field: fieldOf('groupBy', groupBy), size: 1 }
  const given = optionsOf(groupBy, 'groupBy', ['field', 'size'])
  return {
    field: fieldOf('groupBy.field', given.field),
    size: given.size === undefined ? 1 : integer('groupBy.size', given.size, 1),
  }
}

function rankingOf(ranking: Ranking): NativeRanking {
  const given = optionsOf(ranking, 'ranking', RANKING)
  const name = (option: string) => `ranking.${option}`
  const share = (
    option: 'words' | 'b' | 'unknownTokens' | 'previous' | 'next' | 'speaker' | 'question',
  ) => given[option] !== undefined && { [option]: within(name(option), given[option], 0, 1) }
  const flag = (option: 'background' | 'stripNames') =>
    given[option] !== undefined && { [option]: boolean(name(option), given[option]) }
  return {
    ...(given.fusion !== undefined && { fusion: oneOf(name('fusion'), given.fusion, FUSIONS) }),
    ...(given.pool !== undefined && { pool: integer(name('pool'), given.pool, 1) }),
    ...(given.rankConstant !== undefined && {
      rankConstant: within(name('rankConstant'), given.rankConstant, 1, 1e6),
    }),
    ...(given.k1 !== undefined && { k1: within(name('k1'), given.k1, 0, 1000) }),
    ...share('words'),
    ...share('b'),
    ...share('unknownTokens'),
    ...share('previous'),
    ...share('next'),
    ...share('speaker'),
    ...share('question'),
    ...flag('background'),
    ...flag('stripNames'),
  }
}

/** How exactly vectors are to be compared. */
export function recallOf({ targetRecall, exact }: SearchOptions): { recall?: number } {
  const all = exact !== undefined && boolean('exact', exact)
  const target = targetRecall === undefined ? undefined : recall('targetRecall', targetRecall)
  if (all) return { recall: 1 }
  return target === undefined ? {} : { recall: target }
}

/** Levels of objects and arrays, of which a level of the filter has two; the engine says when those are too many. */
const FILTER_DEPTH = 100

/** A filter as JSON. */
export function filterOf(where: Filter | undefined): { filter?: string } {
  if (where === undefined) return {}
  const rules = {
    what: () => 'the filter',
    code: 'ERR_INVALID_FILTER',
    depth: FILTER_DEPTH,
    refuseUndefined: true,
  } as const
  return { filter: objectToJson(withPatterns(where, 0), rules) }
}

/** The same filter with the text and the flags of every RegExp in its place; what is no filter stays as it is. */
function withPatterns(value: unknown, depth: number): unknown {
  if (depth > FILTER_DEPTH) return value
  if (isRegExp(value)) return pattern(value)
  if (Array.isArray(value)) return value.map(item => withPatterns(item, depth + 1))
  if (!isObject(value) || !isPlain(value)) return value
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
    key === '$regex' && isRegExp(inner)
      ? Object.entries(pattern(inner))
      : [[key, withPatterns(inner, depth + 1)]],
  )
  // Not by assignment, which would take "__proto__" for the prototype.
  return Object.fromEntries(entries)
}

function pattern({ source, flags }: RegExp): { $regex: string; $options?: string } {
  const options = [...flags].filter(flag => 'ims'.includes(flag)).join('')
  return options === '' ? { $regex: source } : { $regex: source, $options: options }
}

/** From this realm or another. */
function isRegExp(value: unknown): value is RegExp {
  return types.isRegExp(value)
}
