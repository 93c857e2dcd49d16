/**
 * Items of the OpenAI Agents SDK and records.
 *
 * The longest text of an item is the record's text: what a message says, what a tool has answered. So it is found as any other
 * text, and may be as long. The rest of the item is metadata, with the place where the text belongs. Only if that is too large,
 * because of a picture say, the longest string of all is taken out instead, whatever it is.
 */
import type { AgentInputItem } from '@openai/agents-core'
import { HippocampError, invalid } from '#core/errors'
import { at, longestString, MOST_METADATA, put, type Way } from '#core/long-strings'
import { isObject, show } from '#core/options'
import type { Metadata, NewRecord, StoredRecord } from '#core/records'

/** In the metadata: the item without its text, and the way to it. */
const ITEM = 'item'
const WAY = 'textAt'
/** What speakers are called in every other talk of a store. */
const ROLES: Record<string, string> = { user: 'human', assistant: 'ai', system: 'system' }

/** @throws {HippocampError} ERR_INVALID_ARGUMENT */
export function recordOf(item: AgentInputItem, i: number): NewRecord {
  if (!isObject(item)) throw invalid(`item ${i} is ${show(item)}: give an item of a conversation`)
  const json = JSON.stringify(item)
  const copy = JSON.parse(json) as Metadata
  const said = longestString(copy, isSaid)
  const left = json.length - String(said ? at(copy, said) : '').length
  const way = left <= MOST_METADATA ? said : longestString(copy, () => true)
  const text = way ? String(at(copy, way)) : ''
  if (way) put(copy, way, '')
  const role = 'role' in item ? (ROLES[item.role] ?? item.role) : 'tool'
  return { text, metadata: { role, [ITEM]: copy, ...(way && { [WAY]: way }) } }
}

/** @throws {HippocampError} ERR_STORE_INVALID for a record that is no item */
export function itemOf({ id, text = '', metadata }: StoredRecord<object>): AgentInputItem {
  const { [ITEM]: item, [WAY]: way } = metadata as Metadata
  if (!isObject(item))
    throw new HippocampError(
      'ERR_STORE_INVALID',
      `the record "${id}" is no item of a session: it was written by something else; give sessions a namespace of their own`,
    )
  if (Array.isArray(way)) put(item, way as Way, text)
  return item as AgentInputItem
}

/** Keys of strings that name something, or that are no text. */
const NO_TEXTS =
  /^(type|role|id|callId|name|status|image|file|fileData|audio|data|url|detail)$|encrypted|signature/i

function isSaid(key: string, text: string): boolean {
  return !NO_TEXTS.test(key) && !text.startsWith('data:')
}
