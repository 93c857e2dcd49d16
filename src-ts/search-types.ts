/**
 * What searches take.
 */
import type { Filter, ReadOptions } from './collection-types.js'
import type { Fusion, SearchMode } from './explanation.js'

/** The constants of a ranking. docs/ranking.md has the formula, and the figures behind the defaults. */
export interface Ranking {
  /**
   * How two arms become one score.
   * @default 'noisyOr'
   */
  readonly fusion?: Fusion | undefined
  /**
   * How much words alone can say, from 0 to 1.
   * @default 0.75 for 'noisyOr', 0.5 otherwise
   */
  readonly words?: number | undefined
  /**
   * How many of each arm's best are ranked.
   * @default 100
   */
  readonly pool?: number | undefined
  /**
   * The constant of `rrf`, above 0.
   * @default 60
   */
  readonly rankConstant?: number | undefined
  /**
   * BM25's k1, at least 0: how soon a word that occurs again adds little.
   * @default 0.9
   */
  readonly k1?: number | undefined
  /**
   * BM25's b, from 0 to 1: how much a long text is held against it.
   * @default 0.4
   */
  readonly b?: number | undefined
  /**
   * Whether what all records have in common with the question is taken off their similarities.
   * @default true
   */
  readonly background?: boolean | undefined
  /**
   * Whether names, and words that are in most records, are left out of what is encoded. They are looked for as words.
   * @default true
   */
  readonly stripNames?: boolean | undefined
  /**
   * The share of the question's tokens, from 0 to 1, that may be unknown to the encoder; with more, vectors say nothing.
   * @default 0.2
   */
  readonly unknownTokens?: number | undefined
  /**
   * Of turns ({@link CollectionOptions.turns}): the part of the BM25 of the turn before, from 0 to 1, that a turn has too.
   * @default 0.4
   */
  readonly previous?: number | undefined
  /**
   * The same of the turn after.
   * @default 0.2
   */
  readonly next?: number | undefined
  /**
   * Which part, from 0 to 1, of what its score lacks a turn gains, times its score, whose speaker the question names.
   * @default 0.4
   */
  readonly speaker?: number | undefined
  /**
   * What a turn loses, from 0 to 1, that only asks.
   * @default 0.2
   */
  readonly question?: number | undefined
}

/** New records come before old ones: scores are multiplied by `floor + (1 - floor) / 2 ** (age / halfLife)`. */
export interface Recency {
  /** After so many milliseconds half of what can be lost is lost. */
  readonly halfLife: number
  /**
   * What the oldest records keep, from 0 to 1.
   * @default 0
   */
  readonly floor?: number | undefined
  /**
   * What ages are counted from.
   * @default the time of the search
   */
  readonly now?: Date | number | undefined
  /**
   * The metadata path of a record's time: a date, or milliseconds since 1970. Where there is none it is `createdAt`.
   * @default `createdAt` of each record
   */
  readonly field?: string | undefined
}

/**
 * Important records come first: scores are multiplied by `1 - weight * (1 - value / max)`, with the value between 0 and `max`,
 * and 0 where there is none.
 */
export interface Boost {
  /** The metadata path of the number. */
  readonly field: string
  /**
   * What records lose whose number is 0, from 0 to 1.
   * @default 0.5
   */
  readonly weight?: number | undefined
  /**
   * The number from which on nothing is lost.
   * @default 1
   */
  readonly max?: number | undefined
}

/** How to search. */
export interface SearchOptions extends ReadOptions {
  /**
   * How many hits at most: 1 to 10,000.
   * @default 10
   */
  readonly k?: number | undefined
  /**
   * How many of the best are left out: those of the pages before. Pages of one ranking do not overlap as long as nothing is
   * written and they lie within `ranking.pool`.
   * @default 0
   */
  readonly offset?: number | undefined
  /**
   * Which arms look.
   * @default 'hybrid' for a text, 'vector' for a vector
   */
  readonly mode?: SearchMode | undefined
  /** The constants of the ranking. */
  readonly ranking?: Ranking | undefined
  /** Only records that pass. */
  readonly where?: Filter | undefined
  /** Only hits with at least this score; see {@link Hit.score}. */
  readonly minScore?: number | undefined
  /**
   * How many of the true nearest vectors to find, on average, above 0 and up to 1, which compares every record. Less is
   * faster. Small namespaces are always searched exactly.
   * @default 0.99
   */
  readonly targetRecall?: number | undefined
  /** Compare every record: the same as a `targetRecall` of 1. */
  readonly exact?: boolean | undefined
  /** Give only ids, scores and distances, which are read from memory. */
  readonly idsOnly?: boolean | undefined
  /**
   * Search the namespaces below this one too, as if all were one; hits then name theirs.
   * @default false
   */
  readonly recursive?: boolean | undefined
  /**
   * How much hits are to differ from each other, from 0 to 1: each is the best by
   * `(1 - diversity) * score - diversity * similarity` to the most similar hit before it. They are then not in the order of
   * their scores.
   * @default 0
   */
  readonly diversity?: number | undefined
  /** New records come before old ones. */
  readonly recency?: Recency | undefined
  /** Important records come first. */
  readonly boost?: Boost | undefined
  /**
   * Of the records with the same value at this metadata path only the best is a hit, or the best `size`; records without one
   * are each by themselves.
   */
  readonly groupBy?:
    | string
    | { readonly field: string; readonly size?: number | undefined }
    | undefined
  /**
   * Whether hits say what has made their scores, see {@link Hit.explanation}.
   * @default false
   */
  readonly explain?: boolean | undefined
}
