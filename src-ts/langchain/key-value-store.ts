/**
 * Values under keys as LangChain's `BaseStore`: for `CacheBackedEmbeddings`, `ParentDocumentRetriever`, `MultiVectorRetriever`.
 */
import { BaseStore } from '@langchain/core/stores'
import { HippocampError, invalid } from '#core/errors'
import { LargeValues, type ValueRecords } from '#core/large-values'
import { optionsOf, show } from '#core/options'

export interface HippocampKeyValueStoreInput {
  /**
   * A collection or one of its namespaces, whose records are the values and nothing else. Made with `vectors: false` it needs
   * no encoder: values are found by their keys.
   */
  readonly collection: ValueRecords
}

/**
 * Bytes, or whatever JSON can hold, of any size. Writes are all or none and durable.
 * @typeParam V what the values are
 */
export class HippocampKeyValueStore<V = unknown> extends BaseStore<string, V> {
  override lc_namespace = ['hippocamp', 'storage']
  readonly #values: LargeValues

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT */
  constructor(input: HippocampKeyValueStoreInput) {
    const { collection } = optionsOf(input, 'HippocampKeyValueStore', ['collection'])
    super()
    this.#values = new LargeValues(collection)
  }

  override async mget(keys: string[]): Promise<(V | undefined)[]> {
    const values = await this.#values.get(keys)
    return values.map(kept => {
      if (!kept) return undefined
      return (typeof kept.value === 'string' ? parsed(kept.key, kept.value) : kept.value) as V
    })
  }

  override async mset(pairs: [string, V][]): Promise<void> {
    if (!Array.isArray(pairs))
      throw invalid(`the pairs are ${show(pairs)}: give [key, value] pairs`)
    await this.#values.set(
      pairs.map(([key, value]) => {
        return { key, value: value instanceof Uint8Array ? value : written(key, value) }
      }),
    )
  }

  override async mdelete(keys: string[]): Promise<void> {
    await this.#values.delete(keys)
  }

  /** Keys in the order in which they were first written. */
  override async *yieldKeys(prefix = ''): AsyncGenerator<string> {
    for await (const key of this.#values.keys()) if (key.startsWith(prefix)) yield key
  }
}

function written(key: string, value: unknown): string {
  const json = JSON.stringify(value)
  if (json !== undefined) return json
  throw invalid(`the value of "${key}" is ${show(value)}: give bytes, or what JSON can hold`)
}

function parsed(key: string, value: string): unknown {
  try {
    return JSON.parse(value)
  } catch (cause) {
    throw new HippocampError(
      'ERR_STORE_INVALID',
      `the value of "${key}" is not JSON: the record was written by something else; use a collection of its own`,
      { cause },
    )
  }
}
