/**
 * What searches take, and what they say about their hits.
 */
import type { Filter, ReadOptions } from './collection-types.js'

/**
 * Which arms of a search look: `vector`, which compares meanings, `lexical`, which compares words by BM25, or `hybrid`, both.
 */
export type SearchMode = 'hybrid' | 'vector' | 'lexical'

/**
 * How two arms become one score: `noisyOr`, either is a reason; `weighted`, a weighted sum; `rrf`, a sum over their ranks.
 */
export type Fusion = 'noisyOr' | 'weighted' | 'rrf'

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
   * Whether hits say what has made their scores, see {@link Hit.explanation}.
   * @default false
   */
  readonly explain?: boolean | undefined
}

/**
 * What has made the score of a hit. With `noisyOr`
 * `score = 1 - (1 - vector.score) * (1 - fusion.words * lexical.score)`, brought into [0, 1], times every factor.
 */
export interface Explanation {
  /** Which arms looked. */
  readonly mode: SearchMode
  /** How they became one score; absent if only one looked. */
  readonly fusion?: { readonly method: Fusion; readonly words: number }
  /** What the vector says; absent if nothing was encoded. */
  readonly vector?: {
    /** By the collection's metric: cosine, inner product, or the negative squared euclidean distance. */
    readonly similarity: number
    /** What all records have in common with the question. */
    readonly background: number
    /** What it says: `(similarity - background) / (1 - background)` for cosines; 0 if it is not trusted. */
    readonly score: number
    /** Its place among those that this arm has found, from 1; absent if it has not found this one. */
    readonly rank?: number
    /** Whether the encoder knows enough of the question's tokens. */
    readonly trusted: boolean
  }
  /** What the words say; absent if they were not looked at. */
  readonly lexical?: {
    /** The sum of the terms' scores. */
    readonly bm25: number
    /** The best of all records. */
    readonly best: number
    /** What no record can exceed. */
    readonly greatest: number
    /** What they say: `bm25 / sqrt(best * max(greatest, best))`. */
    readonly score: number
    /** Its place among those that this arm has found, from 1; absent if it has not found this one. */
    readonly rank?: number
    /** The question's terms that occur in its text. */
    readonly terms: readonly {
      /** As it is indexed: a stem, a character, or a pair of them. */
      readonly term: string
      /** The records that have it. */
      readonly records: number
      /** How often it is in this one. */
      readonly occurrences: number
      /** What it could add at most. */
      readonly weight: number
      /** What it adds. */
      readonly score: number
    }[]
  }
  /** What the score was multiplied by. */
  readonly factors: readonly { readonly name: string; readonly value: number }[]
  /** What the filter let through; absent without one. */
  readonly filter?: { readonly passing: number; readonly records: number }
  /** What was encoded; absent if nothing was. */
  readonly question?: {
    /** The text. */
    readonly encoded: string
    /** The words that were left out of it: names, and words that are in most records. */
    readonly leftOut: readonly string[]
    /** The share of its tokens that the encoder does not know. */
    readonly unknownTokens: number
  }
  /** How long the search took, in milliseconds: looking words up and encoding, then finding and ranking. */
  readonly timings: { readonly encode: number; readonly search: number }
}
