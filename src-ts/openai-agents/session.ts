/**
 * A conversation of the OpenAI Agents SDK in a collection.
 */
import { randomUUID } from 'node:crypto'
import type { AgentInputItem, Session } from '@openai/agents-core'
import { requireMethods } from '#core/backends/backend'
import { listed } from '#core/backends/pages'
import type { Collection } from '#core/collection'
import { invalid } from '#core/errors'
import { integer, label, optionsOf, show } from '#core/options'
import { itemOf, recordOf } from './session-items.js'

export interface HippocampSessionInput {
  /** A collection or one of its namespaces; each session has the namespace of its id below it. */
  readonly collection: Collection
  /**
   * Which conversation.
   * @default a new one
   */
  readonly sessionId?: string | undefined
}

/**
 * A session whose items are durable, and are found as all other records of the store are. Several sessions share a
 * collection; none sees another's items, whatever their ids are.
 *
 * Every method rejects with what the collection's rejects with.
 */
export class HippocampSession implements Session {
  readonly #items: Collection
  readonly #id: string

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(input: HippocampSessionInput) {
    const given = optionsOf(input, 'HippocampSession', ['collection', 'sessionId'])
    const { collection, sessionId = randomUUID() } = given
    requireMethods(collection, ['namespace', 'add', 'list', 'delete', 'clear'])
    this.#id = label('sessionId', sessionId)
    this.#items = collection.namespace([...collection.path, this.#id])
  }

  async getSessionId(): Promise<string> {
    return this.#id
  }

  /** The items in their order; with a limit, the last ones. */
  async getItems(limit?: number): Promise<AgentInputItem[]> {
    const most = limit === undefined ? Number.POSITIVE_INFINITY : integer('limit', limit, 0)
    return (await this.#newest(most)).reverse().map(itemOf)
  }

  /** Adds items, all or none. */
  async addItems(items: AgentInputItem[]): Promise<void> {
    if (!Array.isArray(items)) throw invalid(`items is ${show(items)}: give an array of items`)
    if (items.length > 0) await this.#items.add(items.map(recordOf))
  }

  /** Removes the last item, and resolves with it. */
  async popItem(): Promise<AgentInputItem | undefined> {
    for (;;) {
      const [last] = await this.#newest(1)
      if (!last) return undefined
      // Nothing is deleted if another caller has taken it.
      if ((await this.#items.delete(last.id)) > 0) return itemOf(last)
    }
  }

  async clearSession(): Promise<void> {
    await this.#items.clear()
  }

  #newest(most: number) {
    return listed(this.#items, { sort: { order: 'desc' } }, { most })
  }
}
