/** What a long-term memory is made with. */
import type { Backend } from '../../backends/backend.js'
import { KEY_OPTIONS, type KeyOptions } from '../keys.js'
import type { LanguageModel } from '../language-model.js'
import { PREFIX_OPTIONS, type PrefixOptions } from '../message-lines.js'
import type { TokenCounter } from '../token-count.js'
import type { RecencyWeight } from './recall.js'
import type { OnDuplicate } from './remember.js'

export interface LongTermMemoryOptions extends KeyOptions, PrefixOptions {
  /** A `Collection` with the option `turns: true`, or one of its namespaces: one for each user. */
  readonly collection: Backend
  /** Counts tokens: an `Encoder`, for example. Needed for budgets. */
  readonly encoder?: unknown
  /**
   * Counts tokens.
   * @default `encoder`
   */
  readonly countTokens?: TokenCounter | undefined
  /**
   * Makes facts of talks when they settle.
   * @default none: a talk settles into its most central turns
   */
  readonly llm?: LanguageModel | undefined
  /**
   * The talk that turns belong to which don't say.
   * @default a new one for each object, for the turns that `saveContext` saves
   */
  readonly session?: string | undefined
  /**
   * How many memories are recalled.
   * @default 10
   */
  readonly k?: number | undefined
  /** Tokens that what is recalled may have, unless a call says otherwise. */
  readonly budgetTokens?: number | undefined
  /**
   * What becomes of a fact that says the same as one that is there. Turns are always kept, unless a call says otherwise.
   * @default 'merge'
   */
  readonly onDuplicate?: OnDuplicate | undefined
  /**
   * From which cosine on a memory may supersede another, above 0 and up to 1. Those that are skipped or merged have the same
   * words besides.
   * @default 0.95
   */
  readonly similarity?: number | undefined
  /**
   * What is trusted less than this is quarantined: kept, but not recalled.
   * @default 0.3
   */
  readonly quarantineBelow?: number | undefined
  /**
   * How new memories come before old ones.
   * @default not at all
   */
  readonly recency?: RecencyWeight | undefined
  /**
   * How much memories of importance 0 lose of their scores, from 0 to 1; those of importance 1 lose nothing.
   * @default nothing
   */
  readonly importance?: number | undefined
  /**
   * The key under which `loadMemoryVariables` answers.
   * @default 'memory'
   */
  readonly memoryKey?: string | undefined
  /**
   * What time it is.
   * @default the time of the process
   */
  readonly now?: (() => Date) | undefined
  /**
   * The time zone of the days in what is recalled, by its IANA name.
   * @default that of the process
   */
  readonly timeZone?: string | undefined
}

export const OPTIONS = [
  'collection',
  'encoder',
  'countTokens',
  'llm',
  'session',
  'k',
  'budgetTokens',
  'onDuplicate',
  'similarity',
  'quarantineBelow',
  'recency',
  'importance',
  'memoryKey',
  'now',
  'timeZone',
  ...KEY_OPTIONS,
  ...PREFIX_OPTIONS,
] as const
