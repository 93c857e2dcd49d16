/**
 * What LangChain's `index()` knows of the documents that it has indexed before.
 */
import { type ListKeyOptions, RecordManager, type UpdateOptions } from '@langchain/core/indexing'
import { type Backend, requireMethods } from '#core/backends/backend'
import { listed } from '#core/backends/pages'
import type { Filter } from '#core/collection-types'
import { invalid } from '#core/errors'
import { finite, integer, optionsOf } from '#core/options'

export interface HippocampRecordManagerInput {
  /**
   * A collection or one of its namespaces, whose records are these and nothing else; best of a collection made with
   * `vectors: false`. There is to be one for each vector store that is indexed.
   */
  readonly collection: Pick<Backend, 'upsert' | 'get' | 'list' | 'delete'>
}

const TIME = 'updatedAt'
const GROUP = 'group'

/** Times of this process: each is later than the one before, even where the clock is not. */
let latest = 0

/** A record manager in a collection, durable. */
export class HippocampRecordManager extends RecordManager {
  override lc_namespace = ['hippocamp', 'recordmanagers']
  readonly #records: HippocampRecordManagerInput['collection']

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT */
  constructor(input: HippocampRecordManagerInput) {
    const { collection } = optionsOf(input, 'HippocampRecordManager', ['collection'])
    super()
    requireMethods(collection, ['upsert', 'get', 'list', 'delete'])
    this.#records = collection
  }

  /** Nothing needs to be made. */
  override async createSchema(): Promise<void> {}

  /** Milliseconds since 1970, with fractions: later than all times before. */
  override async getTime(): Promise<number> {
    latest = Math.max(Date.now(), latest + 0.001)
    return latest
  }

  /**
   * Notes that documents are indexed now.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT if it is earlier than `timeAtLeast`: the clock was set back
   */
  override async update(keys: string[], options: UpdateOptions = {}): Promise<void> {
    const { groupIds, timeAtLeast } = options
    if (groupIds !== undefined && groupIds.length !== keys.length)
      throw invalid(
        `there are ${groupIds.length} groupIds for ${keys.length} keys: give one for each`,
      )
    const now = await this.getTime()
    if (timeAtLeast !== undefined && now < finite('timeAtLeast', timeAtLeast))
      throw invalid(
        `it is ${now}, earlier than timeAtLeast (${timeAtLeast}): the clock was set back; try again later`,
      )
    if (keys.length === 0) return
    const before = groupIds ? [] : await this.#records.get(keys)
    const groupOf = (i: number) =>
      groupIds ? groupIds[i] : (before[i]?.metadata as Record<string, unknown> | undefined)?.[GROUP]
    const records = keys.map((id, i) => {
      return { id, text: '', metadata: { [TIME]: now, [GROUP]: groupOf(i) ?? null } }
    })
    await this.#records.upsert(records)
  }

  override async exists(keys: string[]): Promise<boolean[]> {
    if (keys.length === 0) return []
    return (await this.#records.get(keys)).map(record => record !== undefined)
  }

  override async listKeys(options: ListKeyOptions = {}): Promise<string[]> {
    const { before, after, groupIds, limit } = options
    const most = limit === undefined ? Number.POSITIVE_INFINITY : integer('limit', limit, 1)
    const time = {
      ...(before !== undefined && { $lt: finite('before', before) }),
      ...(after !== undefined && { $gt: finite('after', after) }),
    }
    const where: Filter = {
      ...(Object.keys(time).length > 0 && { [TIME]: time }),
      ...(groupIds && { [GROUP]: { $in: groupIds } }),
    }
    return (await listed(this.#records, { where }, { most })).map(({ id }) => id)
  }

  override async deleteKeys(keys: string[]): Promise<void> {
    if (keys.length > 0) await this.#records.delete(keys)
  }
}
