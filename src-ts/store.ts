/**
 * Stores: one file with everything that is remembered.
 */
import { totalmem } from 'node:os'
import { type Collection, type CollectionContext, collectionOf } from './collection.js'
import type { CallOptions, Metric } from './collection-types.js'
import { type Encoder, loadEncoder, nativeEncoder } from './encoder.js'
import { invalid } from './errors.js'
import { type NativeStore, type NativeTurns, native } from './native.js'
import { cancellable, Operations, unlessAborted } from './operations.js'
import {
  boolean,
  fieldOf,
  filePath,
  integer,
  isObject,
  label,
  oneOf,
  optionsOf,
  recall,
  refuseUnknown,
  show,
  signalOf,
  text,
} from './options.js'
import type { Metadata } from './records.js'
import type {
  CollectionInfo,
  CollectionOptions,
  Limits,
  OpenOptions,
  StoreStats,
  Turns,
} from './store-types.js'

const OPEN_OPTIONS = [
  'encoder',
  'durability',
  'readOnly',
  'create',
  'busyTimeout',
  'indexMemory',
  'limits',
  'signal',
] as const
const LIMITS = [
  'dimension',
  'k',
  'batchRecords',
  'batchBytes',
  'textBytes',
  'metadataBytes',
  'metadataDepth',
  'idBytes',
  'filterNodes',
  'importBytes',
] as const
const COLLECTION_OPTIONS = [
  'dimension',
  'vectors',
  'metric',
  'index',
  'precision',
  'targetRecall',
  'language',
  'turns',
  'encoder',
] as const
const METRICS = ['cosine', 'l2', 'dot'] as const
const INDEXES = ['native', 'hnsw'] as const
const PRECISIONS = ['f32', 'f16', 'int8'] as const
const DURABILITIES = ['durable', 'relaxed', 'memory'] as const

/** The defaults of those limits that are kept here too. */
const DEFAULT_LIMITS = { k: 10_000, batchRecords: 100_000, metadataDepth: 32 }
/** Levels of metadata that can be read again. */
const MAX_METADATA_DEPTH = 100

let make: (native: NativeStore, context: CollectionContext) => Store

/**
 * An open store; made by {@link open}. Several processes may have one file open at the same time, and so may several threads
 * of one process: each sees what the others have committed.
 */
export class Store {
  static {
    make = (native, context) => new Store(native, context)
  }

  readonly #native: NativeStore
  readonly #context: CollectionContext

  private constructor(native: NativeStore, context: CollectionContext) {
    this.#native = native
    this.#context = context
  }

  /**
   * A handle on a collection. Nothing is read or written before its first operation, at which it is made or checked.
   * @typeParam M what its records' metadata look like
   * @throws {HippocampError} ERR_INVALID_ARGUMENT, ERR_LIMIT_EXCEEDED, ERR_CLOSED
   */
  collection<M extends object = Metadata>(
    name: string,
    options?: CollectionOptions,
  ): Collection<M> {
    const { operations } = this.#context
    label('the collection’s name', name)
    const given = optionsOf(options, 'collection', COLLECTION_OPTIONS)
    const { dimension, vectors, metric, index, precision, targetRecall, language, turns, encoder } =
      given
    const native = {
      ...(dimension !== undefined && { dimension: integer('dimension', dimension, 1) }),
      ...(vectors !== undefined && { vectors: boolean('vectors', vectors) }),
      ...(metric !== undefined && { metric: oneOf('metric', metric, METRICS) }),
      ...(index !== undefined && { index: oneOf('index', index, INDEXES) }),
      ...(precision !== undefined && { precision: oneOf('precision', precision, PRECISIONS) }),
      ...(targetRecall !== undefined && { targetRecall: recall('targetRecall', targetRecall) }),
      ...(language !== undefined && { language: text('language', language) }),
      ...turnsOf(turns),
    }
    const encodes = encoder === undefined ? undefined : nativeEncoder(encoder)
    const collection = operations.runSync(() => this.#native.collection(name, native, encodes))
    return collectionOf<M>(collection, this.#context, name)
  }

  /**
   * Every collection, by name.
   * @throws {HippocampError} ERR_CLOSED, ERR_STORE_BUSY, ERR_IO
   */
  async collections(options?: CallOptions): Promise<CollectionInfo[]> {
    const signal = signalOf(optionsOf(options, 'collections', ['signal']).signal)
    const read = unlessAborted(signal, token => this.#native.collections(token))
    const infos = await this.#context.operations.run(signal, read)
    return infos.map(({ name, dimension, metric, encoder, records }) => ({
      name,
      dimension,
      metric: metric as Metric,
      ...(typeof encoder === 'string' && { encoder }),
      records,
    }))
  }

  /**
   * Removes a collection with everything in it; false if there was none.
   * @throws {HippocampError} ERR_CLOSED, ERR_READ_ONLY, ERR_STORE_BUSY, ERR_IO
   */
  async dropCollection(name: string, options?: CallOptions): Promise<boolean> {
    const signal = signalOf(optionsOf(options, 'dropCollection', ['signal']).signal)
    label('the collection’s name', name)
    return this.#context.operations.run(signal, token => this.#native.dropCollection(name, token))
  }

  /**
   * The store in numbers.
   * @throws {HippocampError} ERR_CLOSED, ERR_STORE_BUSY, ERR_IO
   */
  async stats(options?: CallOptions): Promise<StoreStats> {
    const signal = signalOf(optionsOf(options, 'stats', ['signal']).signal)
    const read = unlessAborted(signal, token => this.#native.stats(token))
    return this.#context.operations.run(signal, read)
  }

  /**
   * Finishes the operations that are under way and closes the file. Later calls of `close` return the same promise; every
   * other call is refused with ERR_CLOSED from now on.
   * @throws {HippocampError} ERR_IO if the file could not be closed cleanly; it is closed all the same
   */
  close(): Promise<void> {
    return this.#context.operations.close(() => this.#native.close())
  }

  /** Closes the store at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Opens a store, or makes it.
 * @param path the file, or ':memory:' for a store of this process alone that is gone when it is closed
 * @throws {HippocampError} ERR_STORE_NOT_FOUND (with `create: false`), ERR_STORE_INVALID for a file that is no store or is
 * damaged, ERR_STORE_NEWER, ERR_STORE_BUSY, ERR_IO, ERR_INVALID_ARGUMENT, and what {@link loadEncoder} throws
 */
export async function open(path: string | URL, options?: OpenOptions): Promise<Store> {
  const given = optionsOf(options, 'open', OPEN_OPTIONS)
  const { encoder, durability, readOnly, create, busyTimeout, indexMemory, limits } = given
  const signal = signalOf(given.signal)
  const file = pathOf(path)
  const nativeOptions = {
    ...(file !== undefined && { path: file }),
    ...(durability !== undefined && { durability: oneOf('durability', durability, DURABILITIES) }),
    ...(readOnly !== undefined && { readOnly: boolean('readOnly', readOnly) }),
    ...(create !== undefined && { create: boolean('create', create) }),
    ...(busyTimeout !== undefined && { busyTimeout: integer('busyTimeout', busyTimeout, 0) }),
    indexMemory:
      indexMemory === undefined ? availableMemory() / 2 : integer('indexMemory', indexMemory, 1),
    ...(limits !== undefined && { limits: limitsOf(limits) }),
  }
  const encodes = await encoderOf(encoder, signal)
  const store = await cancellable(signal, token =>
    native().openStore(nativeOptions, encodes && nativeEncoder(encodes), token),
  )
  return make(store, {
    operations: new Operations(),
    limits: { ...DEFAULT_LIMITS, ...nativeOptions.limits },
  })
}

/** Metadata paths of turns, if records are to be turns. */
function turnsOf(turns: CollectionOptions['turns']): { turns?: NativeTurns } {
  if (turns === undefined || turns === false) return {}
  if (turns !== true && !isObject(turns))
    throw invalid(`turns is ${show(turns)}: give true, or an object of metadata paths`)
  const given = optionsOf(turns === true ? {} : turns, 'turns', ['session', 'speaker', 'time'])
  const path = (name: keyof Turns) => fieldOf(`turns.${name}`, given[name] ?? name)
  return { turns: { session: path('session'), speaker: path('speaker'), time: path('time') } }
}

/** Bytes that this process may use: a container's limit, or all there is. */
function availableMemory(): number {
  const all = totalmem()
  return Math.min(process.constrainedMemory() || all, all)
}

/** The file, or undefined for a temporary one. */
function pathOf(path: unknown): string | undefined {
  if (path === ':memory:') return undefined
  return filePath('path', path, "the path of a file, or ':memory:'")
}

function limitsOf(limits: Limits): Partial<Record<keyof Limits, number>> {
  if (!isObject(limits)) throw invalid(`limits is ${show(limits)}: give an object`)
  refuseUnknown(limits, LIMITS, name => `unknown limit "${name}"`)
  const entries = Object.entries(limits).filter(([, value]) => value !== undefined)
  for (const [name, value] of entries) integer(`limits.${name}`, value, 1)
  if ((limits.metadataDepth ?? 0) > MAX_METADATA_DEPTH) {
    throw invalid(
      `limits.metadataDepth is ${limits.metadataDepth}: at most ${MAX_METADATA_DEPTH} levels can be stored`,
    )
  }
  return Object.fromEntries(entries)
}

async function encoderOf(
  encoder: Encoder | string | undefined,
  signal: AbortSignal | undefined,
): Promise<Encoder | undefined> {
  if (typeof encoder !== 'string') {
    if (encoder !== undefined) nativeEncoder(encoder)
    return encoder
  }
  return loadEncoder(encoder, signal && { signal })
}
