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

/** What keeps a record from being a hit. */
export type Reason =
  /** There is no such record in the namespace. */
  | { readonly by: 'missing' }
  /** It does not pass these parts of the filter, each as JSON. */
  | { readonly by: 'filter'; readonly conditions: readonly string[] }
  /** Its score is below `minScore`. */
  | { readonly by: 'minScore' }
  /** So many hits were asked for, and others are better. */
  | { readonly by: 'k' }
  /** It is on a page before. */
  | { readonly by: 'offset' }
  /** Neither arm has it among its best `ranking.pool`. */
  | { readonly by: 'pool' }
  /** It has no word of the question, and only words were looked at. */
  | { readonly by: 'words' }
  /** Better records with the same value have taken its place. */
  | { readonly by: 'groupBy' }
  /** Others that are less like the hits before have taken its place. */
  | { readonly by: 'diversity' }
  /** The search was not exact and did not come across it. */
  | { readonly by: 'recall' }

/** What a search thinks of one record. */
export interface WhyNot {
  /** Whether there is such a record. */
  readonly exists: boolean
  /** Its place among the hits, from 1; absent if it is none of them. */
  readonly hit?: number
  /** The place, from 1, that it would have among all records that pass the filter, if it did and every one were compared. */
  readonly rank?: number
  /** The score that it would have. */
  readonly score?: number
  /** The score of the last hit; absent without hits. */
  readonly lastScore?: number
  /** What keeps it from being a hit; empty if it is one. */
  readonly reasons: readonly Reason[]
  /** What makes the score. */
  readonly explanation?: Explanation
}
