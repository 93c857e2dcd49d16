/**
 * Options of ingesting, and what they are by default.
 */
import { type Backend, requireMethods } from '../backends/backend.js'
import { invalid } from '../errors.js'
import { boolean, filePath, isObject, label, optionsOf, show } from '../options.js'
import type { GlobOptions } from './files.js'
import {
  LOAD_OPTIONS,
  type Loading,
  type LoadOptions,
  loadingOf,
  loadingSettings,
} from './load-options.js'
import { reason } from './loaders/parsed.js'
import type { FitOptions } from './splitters/fit.js'
import { RecursiveCharacterTextSplitter } from './splitters/recursive.js'
import { DOCUMENT_SEPARATORS } from './splitters/separators.js'
import { type Splitter, sha256 } from './stored-chunk.js'

/** How to ingest. */
export interface IngestOptions extends LoadOptions, GlobOptions, FitOptions {
  /** Where the chunks go: a hippocamp `Collection`, one of its namespaces, or another backend. It encodes them. */
  readonly collection: Backend
  /**
   * What cuts documents into chunks. Its own `encoder` keeps them as short as that reads.
   * @default by headings, paragraphs, sentences of Chinese and English, and words: 1000 characters, 200 of overlap, and no
   * longer than `encoder` reads
   */
  readonly splitter?: Splitter | undefined
  /**
   * The folder that sources are relative to. Files must be in it.
   * @default the folder that is ingested; of single files, the folder that each is in
   */
  readonly root?: string | URL | undefined
  /**
   * What the root is called in the store. With a name, a folder can move without being ingested again.
   * @default the root's absolute path; '' for documents in memory
   */
  readonly name?: string | undefined
  /**
   * Whether chunks of sources that are no longer there are deleted: for a folder, those that would be found in it now; otherwise
   * all others under the same root.
   * @default true for a folder; false for single files and documents in memory
   */
  readonly prune?: boolean | undefined
  /** Metadata of every chunk, beside its own. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** Called after each file. */
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined
}

/** How far an ingest is. */
export interface IngestProgress {
  /** The file that was done last. */
  readonly file: string
  /** Files that are done. */
  readonly done: number
  /** Files in all. */
  readonly total: number
  /** Chunks that were stored so far. */
  readonly chunks: number
}

export const INGEST_OPTIONS = [
  ...LOAD_OPTIONS,
  'glob',
  'followSymlinks',
  'encoder',
  'maxTokens',
  'prefix',
  'collection',
  'splitter',
  'root',
  'name',
  'prune',
  'metadata',
  'onProgress',
] as const

/** Options that have been checked. */
export interface Ingesting {
  readonly collection: Backend
  readonly splitter: Splitter
  readonly root: string | undefined
  readonly name: string | undefined
  readonly prune: boolean | undefined
  readonly glob: GlobOptions['glob']
  readonly followSymlinks: boolean
  readonly metadata: object
  readonly onProgress: (progress: IngestProgress) => void
  readonly loading: Loading
  /** A hash of all that chunks depend on, besides the files. */
  readonly settings: string
}

/** What chunks depend on that no option says: to be raised when the same options give other chunks. */
const VERSION = 1

/** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
export function ingestingOf(options: IngestOptions): Ingesting {
  const given = optionsOf(options, 'ingest', INGEST_OPTIONS)
  const { collection, glob, metadata = {}, onProgress = () => {} } = given
  if (!isObject(metadata)) throw invalid(`metadata is ${show(metadata)}: give an object`)
  json('metadata', metadata)
  if (typeof onProgress !== 'function')
    throw invalid(`onProgress is ${show(onProgress)}: give a function`)
  const loading = loadingOf(given)
  const splitter = splitterOf(given)
  json('settings of the splitter', splitter.settings)
  const settings = [VERSION, loadingSettings(loading), splitter.settings ?? null, metadata]
  requireMethods(collection, METHODS)
  return {
    collection,
    splitter,
    root:
      given.root === undefined ? undefined : filePath('root', given.root, 'the path of a folder'),
    name: given.name === undefined ? undefined : label('name', given.name),
    prune: given.prune === undefined ? undefined : boolean('prune', given.prune),
    glob: globOf(glob),
    followSymlinks: boolean('followSymlinks', given.followSymlinks ?? false),
    metadata,
    onProgress,
    loading,
    settings: sha256(JSON.stringify(settings)).slice(0, 16),
  }
}

function splitterOf({ splitter, encoder, maxTokens, prefix }: Partial<IngestOptions>): Splitter {
  if (splitter === undefined) {
    const separators = DOCUMENT_SEPARATORS
    return new RecursiveCharacterTextSplitter({ separators, encoder, maxTokens, prefix })
  }
  if (!isObject(splitter) || typeof splitter.split !== 'function')
    throw invalid(`splitter is ${show(splitter)}: give an object with the method split`)
  const clash = { encoder, maxTokens, prefix }
  for (const [name, value] of Object.entries(clash)) {
    if (value !== undefined)
      throw invalid(`both splitter and ${name} are given: give ${name} to the splitter instead`)
  }
  return splitter
}

/** @throws {HippocampError} ERR_INVALID_ARGUMENT for what JSON cannot say */
function json(name: string, value: unknown): void {
  try {
    JSON.stringify(value)
  } catch (error) {
    throw invalid(`${name}: ${reason(error)}: give what can be written as JSON`)
  }
}

const METHODS = ['upsert', 'update', 'delete', 'list', 'count'] as const

function globOf(glob: unknown): GlobOptions['glob'] {
  if (glob === undefined || (typeof glob === 'string' && glob !== '')) return glob
  if (Array.isArray(glob) && glob.length > 0 && glob.every(one => typeof one === 'string'))
    return glob
  throw invalid(`glob is ${show(glob)}: give a pattern such as "**/*.md", or an array of them`)
}
