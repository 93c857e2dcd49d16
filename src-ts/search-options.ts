/**
 * The options of searches, on their way into the addon.
 */
import type { Filter } from './collection-types.js'
import { invalid } from './errors.js'
import { objectToJson } from './json.js'
import type { NativeRanking, NativeSearchOptions } from './native.js'
import { boolean, finite, integer, oneOf, optionsOf, recall, within } from './options.js'
import type { Ranking, SearchOptions } from './search-types.js'

const OPTIONS = [
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
] as const
const MODES = ['hybrid', 'vector', 'lexical'] as const
const FUSIONS = ['noisyOr', 'weighted', 'rrf'] as const

/** Hits, unless the limits are lower. */
const K = 10

/** Options as the addon takes them; `limit` is the most hits. */
export function searchOptions(what: string, options: SearchOptions | undefined, limit: number) {
  const given = optionsOf(options, what, OPTIONS)
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
    ...(given.minScore !== undefined && { minScore: finite('minScore', given.minScore) }),
  }
  const idsOnly = flag('idsOnly')
  for (const name of ['vector', 'explain'] as const) {
    if (idsOnly && flag(name))
      throw invalid(`idsOnly and ${name} are both true: leave one of them out`)
  }
  return { given, native, idsOnly }
}

function rankingOf(ranking: Ranking): NativeRanking {
  const given = optionsOf(ranking, 'ranking', RANKING)
  const name = (option: string) => `ranking.${option}`
  const share = (option: 'words' | 'b' | 'unknownTokens') =>
    given[option] !== undefined && { [option]: within(name(option), given[option], 0, 1) }
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
  return { filter: objectToJson(where, rules) }
}
