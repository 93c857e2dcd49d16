/**
 * A summary and the message up to which it goes, in one record: whatever happens between two writes, every message is either
 * in the summary or after it. The summary is metadata, not the record's text, which would be encoded with every turn.
 */

import type { Metadata } from '../records.js'
import type { ChatHistory, StoredMessage } from './chat-history.js'
import type { Records } from './ram-records.js'

export interface Summary {
  readonly text: string
  /** The newest message that is in it; undefined while there is none. */
  readonly upTo: string | undefined
}

const ID = 'summary'
const NONE: Summary = { text: '', upTo: undefined }

export class RunningSummary {
  readonly #records: Records

  constructor(records: Records) {
    this.#records = records
  }

  async read(signal: AbortSignal | undefined): Promise<Summary> {
    const [record] = await this.#records.get([ID], { signal })
    if (!record) return NONE
    const { summary, upTo } = record.metadata as Metadata
    if (typeof summary !== 'string' || typeof upTo !== 'string') return NONE
    return { text: summary, upTo }
  }

  async write({ text, upTo }: Summary, signal?: AbortSignal): Promise<void> {
    const record = { id: ID, text: ID, metadata: { summary: text, upTo } }
    await this.#records.upsert([record], { signal })
  }

  /** Puts an earlier summary back, unless there is a newer one than that which replaced it. */
  async restore(before: Summary, after: Summary): Promise<void> {
    const now = await this.read(undefined)
    if (now.upTo !== after.upTo || now.text !== after.text) return
    if (before.upTo === undefined) await this.#records.delete([ID])
    else await this.write(before)
  }

  async clear(signal: AbortSignal | undefined): Promise<void> {
    await this.#records.delete([ID], { signal })
  }
}

/** The messages that are not in a summary, from the newest to the oldest. */
export async function* messagesAfter(
  { upTo }: Summary,
  history: ChatHistory,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredMessage> {
  for await (const message of history.newestFirst({ signal })) {
    if (message.id === upTo) return
    yield message
  }
}
