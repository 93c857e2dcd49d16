/** A memory as it is given back. */
import type { Hit, Metadata, StoredRecord } from '../../records.js'
import type { MemoryKind, MemoryMetadata } from './new-memory.js'

/** Something that is remembered. */
export interface RememberedMemory {
  readonly id: string
  readonly text: string
  readonly kind: MemoryKind
  /** The talk that it belongs to. */
  readonly session?: string
  /** Who said it. */
  readonly role?: string
  /** When it was said. */
  readonly time: Date
  /** Tells what was remembered first when the times are equal. */
  readonly order: number
  readonly importance: number
  readonly source?: string
  /** 1 unless it was said how far it can be believed. */
  readonly trust: number
  readonly validFrom?: Date
  readonly validTo?: Date
  /** The id of the memory that is so instead. */
  readonly supersededBy?: string
  readonly pinned: boolean
  readonly quarantined: boolean
  /** How often it was said. */
  readonly mentions: number
  /** The sources of those that said the same. */
  readonly mentionedIn: readonly string[]
  /** The ids of the memories that it was made of. */
  readonly sources: readonly string[]
  /** What else was remembered of it. */
  readonly metadata: Metadata
}

/** How much what is remembered matters unless that is said, from 0 to 1. */
export const USUAL_IMPORTANCE = 0.5

/** The memory in a record. */
export function memoryOf(record: StoredRecord<object> | Hit<object>): RememberedMemory {
  const {
    kind,
    talk,
    session = talk,
    speaker,
    time,
    order,
    importance,
    ...more
  } = record.metadata as Metadata & MemoryMetadata
  const { source, trust, validFrom, validTo, supersededBy, pinned, quarantined, ...others } = more
  const { mentions, mentionedIn, sources, ...rest } = others
  const { settled: _, settledFrom: __, duplicateOf: ___, recalledAt: ____, ...metadata } = rest
  return {
    id: record.id,
    text: record.text ?? '',
    kind: kind ?? 'fact',
    ...(session !== undefined && { session }),
    ...(speaker !== undefined && { role: speaker }),
    time: time === undefined ? record.createdAt : new Date(time),
    order: order ?? 0,
    importance: importance ?? USUAL_IMPORTANCE,
    ...(source !== undefined && { source }),
    trust: trust ?? 1,
    ...(validFrom !== undefined && { validFrom: new Date(validFrom) }),
    ...(validTo !== undefined && { validTo: new Date(validTo) }),
    ...(supersededBy !== undefined && { supersededBy }),
    pinned: pinned === true,
    quarantined: quarantined === true,
    mentions: mentions ?? 1,
    mentionedIn: mentionedIn ?? [],
    sources: sources ?? [],
    metadata,
  }
}

/** What a record's metadata say of it as a memory. */
export function metadataOf({ metadata }: StoredRecord<object>): Partial<MemoryMetadata> {
  return metadata as Partial<MemoryMetadata>
}

/** A memory as a line: who said it, and what. */
export function lineOf({ role, text }: Pick<RememberedMemory, 'role' | 'text'>): string {
  return role === undefined ? text : `${role}: ${text}`
}
