/**
 * Items of the OpenAI Agents SDK and records.
 *
 * The longest text of an item is the record's text: what a message says, what a tool has answered. So it is found as any other
 * text, and may be as long. The rest of the item is metadata, with the place where the text belongs.
 */
import type { AgentInputItem } from '@openai/agents-core'
import { HippocampError, invalid } from '#core/errors'
import { isObject, show } from '#core/options'
import type { Metadata, NewRecord, StoredRecord } from '#core/records'

/** In the metadata: the item without its text, and the way to it. */
const ITEM = 'item'
const WAY = 'textAt'
/** What speakers are called in every other talk of a store. */
const ROLES: Record<string, string> = { user: 'human', assistant: 'ai', system: 'system' }

type Way = (string | number)[]

/** @throws {HippocampError} ERR_INVALID_ARGUMENT */
export function recordOf(item: AgentInputItem, i: number): NewRecord {
  if (!isObject(item)) throw invalid(`item ${i} is ${show(item)}: give an item of a conversation`)
  const copy = JSON.parse(JSON.stringify(item)) as Metadata
  const way = longestText(copy)
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

/** The way to the longest text in a value; undefined if there is none. */
function longestText(value: unknown): Way | undefined {
  let [best, length] = [undefined as Way | undefined, 0]
  const visit = (one: unknown, way: Way) => {
    if (typeof one === 'string' && one.length > length) [best, length] = [way, one.length]
    if (Array.isArray(one)) for (const [i, part] of one.entries()) visit(part, [...way, i])
    else if (isObject(one))
      for (const [key, part] of Object.entries(one)) if (!NAMES.has(key)) visit(part, [...way, key])
  }
  visit(value, [])
  return best
}

/** Keys of strings that name something and say nothing. */
const NAMES = new Set(['type', 'role', 'id', 'callId', 'name', 'status'])

function at(value: unknown, way: Way): unknown {
  return way.reduce<unknown>(
    (one, step) => (one as Record<string | number, unknown>)?.[step],
    value,
  )
}

function put(value: unknown, way: Way, text: string): void {
  const parent = at(value, way.slice(0, -1))
  const last = way.at(-1)
  if (isObject(parent) && last !== undefined)
    (parent as Record<string | number, unknown>)[last] = text
}
