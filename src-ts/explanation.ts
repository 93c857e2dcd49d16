/**
 * What searches say about their hits, and about what is none.
 */

/**
 * Which arms of a search look: `vector`, which compares meanings, `lexical`, which compares words by BM25, or `hybrid`, both.
 */
export type SearchMode = 'hybrid' | 'vector' | 'lexical'

/**
 * How two arms become one score: `noisyOr`, either is a reason; `weighted`, a weighted sum; `rrf`, a sum over their ranks.
 */
export type Fusion = 'noisyOr' | 'weighted' | 'rrf'

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
    /** The sum of the terms' scores, and of what its neighbours add. */
    readonly bm25: number
    /** What the turns before and after it add; absent if it is no turn. */
    readonly neighbours?: number
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
