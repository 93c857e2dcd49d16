/** What is to be remembered, on its way into a record. What a record's metadata say of it as a memory stands here. */

import { randomUUID } from 'node:crypto'
import { invalid } from '../../errors.js'
import { isObject, label, oneOf, refuseUnknown, show, text, within } from '../../options.js'
import type { Metadata, NewRecord } from '../../records.js'
import { USUAL_IMPORTANCE } from './memory.js'

/** A turn of a talk, a fact that stands by itself, or the summary of a session. */
export type MemoryKind = 'turn' | 'fact' | 'summary'

/** A point in time: a date, or milliseconds since 1970. */
export type Time = Date | string | number

/** Something to be remembered. */
export interface NewMemory {
  /** What was said, or what is so. */
  readonly text: string
  /** @default a new one */
  readonly id?: string | undefined
  /** @default 'turn' if there is a session, otherwise 'fact' */
  readonly kind?: 'turn' | 'fact' | undefined
  /** The talk that it belongs to. */
  readonly session?: string | undefined
  /** Who said it. */
  readonly role?: string | undefined
  /**
   * When it was said.
   * @default now
   */
  readonly time?: Time | undefined
  /**
   * How much it matters, from 0 to 1.
   * @default 0.5
   */
  readonly importance?: number | undefined
  /** Where it is from: a person, a file, an address. */
  readonly source?: string | undefined
  /**
   * How far it can be believed, from 0 to 1.
   * @default 1
   */
  readonly trust?: number | undefined
  /** From when on it is so. */
  readonly validFrom?: Time | undefined
  /** Until when it is so. */
  readonly validTo?: Time | undefined
  /** Anything else, under other keys than those of memories. */
  readonly metadata?: Metadata | undefined
}

/** The keys of metadata that say what a record is as a memory. */
export interface MemoryMetadata {
  kind: MemoryKind
  /** Of turns only: what a collection of turns puts in a row are what this names. */
  session?: string
  /** The talk that a fact or a summary is of. */
  talk?: string
  speaker?: string
  /** As all times an ISO 8601 string in UTC, so that they can be compared. */
  time: string
  /** Tells what was remembered first when the times are equal. */
  order: number
  importance: number
  source?: string
  trust?: number
  validFrom?: string
  validTo?: string
  /** The id of the memory that is so instead. */
  supersededBy?: string
  pinned?: true
  quarantined?: true
  /** How often it was said, if more than once. */
  mentions?: number
  /** The sources of those that said the same. */
  mentionedIn?: string[]
  /** The ids of the memories that it was made of. */
  sources?: string[]
  /** The id of what it has gone into. */
  settled?: string
  /** The same id, of a fact that was made of turns. */
  settledFrom?: string
  /** The id of the memory that says the same. */
  duplicateOf?: string
  recalledAt?: string
}

const MEMORY_KEYS = [
  'kind',
  'session',
  'talk',
  'speaker',
  'time',
  'order',
  'importance',
  'source',
  'trust',
  'validFrom',
  'validTo',
  'supersededBy',
  'pinned',
  'quarantined',
  'mentions',
  'mentionedIn',
  'sources',
  'settled',
  'settledFrom',
  'duplicateOf',
  'recalledAt',
] as const satisfies readonly (keyof MemoryMetadata)[]

const KEYS = [
  'text',
  'id',
  'kind',
  'session',
  'role',
  'time',
  'importance',
  'source',
  'trust',
  'validFrom',
  'validTo',
  'metadata',
] as const

/** A memory that is ready to be stored. */
export interface MemoryRecord extends NewRecord {
  readonly id: string
  readonly text: string
  readonly metadata: Metadata & MemoryMetadata
}

/** What is assumed of memories that don't say. */
export interface Defaults {
  readonly session: string | undefined
  readonly now: Date
  /** Less trust than this is quarantined. */
  readonly quarantineBelow: number
}

/**
 * A memory as a record.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT naming the memory by `name`
 */
export function memoryRecord(
  memoryOrText: unknown,
  name: string,
  defaults: Defaults,
): MemoryRecord {
  const memory = typeof memoryOrText === 'string' ? { text: memoryOrText } : memoryOrText
  if (!isObject(memory)) {
    throw invalid(`${name} is ${show(memoryOrText)}: give a text, or an object with one`)
  }
  refuseUnknown(memory, KEYS, key => `unknown key "${key}" of ${name}`)
  const of = <T>(key: keyof NewMemory, read: (what: string, value: unknown) => T): T | undefined =>
    (memory as NewMemory)[key] === undefined
      ? undefined
      : read(`the ${key} of ${name}`, (memory as NewMemory)[key])
  const words = text(`the text of ${name}`, (memory as NewMemory).text)
  if (words.trim() === '') throw invalid(`the text of ${name} is blank: give something to remember`)
  const session = of('session', filled) ?? defaults.session
  const given = of('kind', (what, kind) => oneOf(what, kind as string, ['turn', 'fact'] as const))
  const kind = given ?? (session === undefined ? 'fact' : 'turn')
  const trust = of('trust', share)
  const metadata: MemoryMetadata = {
    kind,
    ...optional({
      [kind === 'turn' ? 'session' : 'talk']: session,
      speaker: of('role', filled),
      source: of('source', filled),
      trust,
      validFrom: of('validFrom', timeOf),
      validTo: of('validTo', timeOf),
      quarantined: trust !== undefined && trust < defaults.quarantineBelow ? true : undefined,
    }),
    time: of('time', timeOf) ?? defaults.now.toISOString(),
    order: nextOrder(),
    importance: of('importance', share) ?? USUAL_IMPORTANCE,
  }
  const { validFrom, validTo } = metadata
  if (validFrom !== undefined && validTo !== undefined && validFrom >= validTo) {
    throw invalid(
      `${name} is valid from ${validFrom} to ${validTo}: give an end after the beginning`,
    )
  }
  const other = of('metadata', otherMetadata)
  const id = of('id', label) ?? randomUUID()
  return { id, text: words, metadata: { ...other, ...metadata } }
}

let lastOrder = 0

/** Greater than all before it, in this process and, as clocks agree, in others. */
export function nextOrder(): number {
  lastOrder = Math.max(lastOrder + 1, Date.now() * 1_000)
  return lastOrder
}

/**
 * A time as metadata keep it.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function timeOf(what: string, time: unknown): string {
  const known = time instanceof Date || typeof time === 'string' || typeof time === 'number'
  const date = known ? new Date(time) : undefined
  if (!date || !Number.isFinite(date.getTime())) {
    const wanted = 'give a Date, its ISO string, or milliseconds since 1970'
    throw invalid(`${what} is ${show(time)}: ${wanted}`)
  }
  // Times are compared as strings, which is right for years of four digits.
  const year = date.getUTCFullYear()
  if (year >= 0 && year <= 9999) return date.toISOString()
  throw invalid(`${what} is in the year ${year}: give one up to 9999, or leave it out`)
}

function share(what: string, value: unknown): number {
  return within(what, value, 0, 1)
}

function filled(what: string, value: unknown): string {
  if (text(what, value).trim() === '') throw invalid(`${what} is ${show(value)}: give a name`)
  return value as string
}

function otherMetadata(what: string, metadata: unknown): Metadata {
  if (!isObject(metadata)) throw invalid(`${what} are ${show(metadata)}: give an object`)
  const taken = MEMORY_KEYS.find(key => Object.hasOwn(metadata, key))
  if (taken) throw invalid(`${what} have "${taken}", which is a key of memories: choose another`)
  return metadata as Metadata
}

/** Without what is undefined. */
export function optional<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> }
}
