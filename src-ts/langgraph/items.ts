/**
 * LangGraph's items and the records of a collection.
 *
 * An item's value is a record's metadata, so that every key of it can be filtered by, and what is to be found of it is the
 * record's text. A record that was stored in any other way, a LangChain document or a memory, is an item too: its text is then
 * the value's `text`. What only this store knows of an item is under one key of the metadata.
 */
import { randomUUID } from 'node:crypto'
import type { Item } from '@langchain/langgraph-checkpoint'
import type { Filter } from '#core/collection-types'
import { invalid } from '#core/errors'
import { isObject, show } from '#core/options'
import type { NewRecord, StoredRecord } from '#core/records'
import { textOf } from './fields.js'

type Value = Record<string, unknown>

/** The key of the metadata under which an item's {@link Note} is. */
export const NOTE = '@item'

/** What is known of an item besides its value. */
export interface Note {
  /** Where its text is from: made of fields of the value, or none, so that it is not found by a question. */
  readonly text?: 'made' | 'none'
  /** Minutes that it is kept. */
  readonly ttl?: number
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  /** What tells this writing of the item from others, and when it was: being read must not change what was written meanwhile. */
  readonly written?: { readonly id: string; readonly at: number }
}

/** Items that are still kept. */
export function unexpired(now: number): Filter {
  return { $not: { [`${NOTE}.expiresAt`]: { $lte: now } } }
}

/** Items that a question can find. */
export const INDEXED: Filter = { [`${NOTE}.text`]: { $ne: 'none' } }

/**
 * The record of an item.
 * @param fields paths into the value whose texts are to be found; its `text`, or the whole of one that has none, if absent
 * @throws {HippocampError} ERR_INVALID_ARGUMENT for a value that is no object
 */
export function recordOf(
  key: string,
  value: unknown,
  fields: readonly string[] | undefined,
  ttl: number | undefined,
): NewRecord {
  if (!isObject(value) || Array.isArray(value))
    throw invalid(`the value of "${key}" is ${show(value)}: give an object`)
  if (NOTE in value)
    throw invalid(`the value of "${key}" has the key "${NOTE}", which is taken: rename it`)
  const given = value as Value
  const usual = typeof given.text === 'string' && given.text !== '' ? ['text'] : ['$']
  const text = textOf(given, fields ?? usual)
  const note: Note = {
    ...(text === undefined
      ? { text: 'none' as const }
      : text !== given.text && { text: 'made' as const }),
    ...(ttl !== undefined && { ...lasting(ttl), written: { id: randomUUID(), at: Date.now() } }),
  }
  const metadata = Object.keys(note).length > 0 ? { ...given, [NOTE]: note } : given
  return { id: key, text: text ?? '', metadata }
}

/** What is noted of an item that is kept for some minutes from now on. */
export function lasting(ttl: number): Pick<Note, 'ttl' | 'expiresAt'> {
  return { ttl, expiresAt: Date.now() + ttl * 60_000 }
}

/** What is noted of a record. */
export function noted({ metadata }: StoredRecord<object>): Note {
  const note = (metadata as Value)[NOTE]
  return isObject(note) ? note : {}
}

/** A record as an item. */
export function itemOf(record: StoredRecord<object>, namespace: string[]): Item {
  const { [NOTE]: note, ...value } = record.metadata as Value
  if (note === undefined && record.text !== undefined && !('text' in value))
    value.text = record.text
  const { id: key, createdAt } = record
  const { written } = noted(record)
  const updatedAt = written ? new Date(written.at) : record.updatedAt
  return { namespace, key, value, createdAt, updatedAt }
}

/**
 * A filter of LangGraph's: objects in it that are no operators go down into the value.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function filterOf(filter: unknown, above = ''): Filter[] {
  if (!isObject(filter) || Array.isArray(filter))
    throw invalid(`the filter is ${show(filter)}: give an object`)
  return Object.entries(filter).flatMap(([key, condition]) => {
    if (key.startsWith('$') || !isPlain(condition) || isOperators(condition))
      return [{ [`${above}${key}`]: condition } as Filter]
    return filterOf(condition, `${above}${key}.`)
  })
}

function isPlain(value: unknown): value is object {
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype
}

function isOperators(condition: object): boolean {
  const keys = Object.keys(condition)
  return keys.length === 0 || keys.some(key => key.startsWith('$'))
}
