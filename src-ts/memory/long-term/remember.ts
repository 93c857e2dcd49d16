/** How memories are written: as they come, or unless there is one like them. */
import type { Backend } from '../../backends/backend.js'
import type { Filter } from '../../collection-types.js'
import type { Plan } from '../queued-memory.js'
import { USUAL_IMPORTANCE } from './memory.js'
import type { MemoryMetadata, MemoryRecord } from './new-memory.js'
import { recallable } from './recallable.js'

/**
 * What becomes of a memory that says the same as one that is there: it is not stored (`skip`), it is not stored but counts as
 * said again (`merge`), it is stored and the other one is not so any more (`supersede`), or both stay (`keep`).
 *
 * What is not stored must have nothing new: it has the same words. What supersedes may have others ("at 9" for "at 7"), if the
 * meaning is near.
 */
export type OnDuplicate = 'skip' | 'merge' | 'supersede' | 'keep'

/** What became of a memory. */
export interface Remembered {
  /** Its id, or that of the one that says the same; absent if nothing is left of it. */
  readonly id?: string
  readonly status: 'stored' | 'skipped' | 'merged' | 'superseded' | 'echo'
  /** The memory that says the same, and the cosine of their vectors. */
  readonly similar?: { readonly id: string; readonly similarity: number }
}

/** A memory that is to be written. */
export interface ToRemember {
  readonly record: MemoryRecord
  readonly onDuplicate: OnDuplicate
}

/** What writes them. */
export interface Writing {
  readonly backend: Pick<Backend, 'add' | 'addDistinct' | 'update' | 'delete' | 'get'>
  readonly similarity: number
  readonly now: () => Date
}

/** Records in a call that compares them. */
const MOST = 1_000

/** Writes memories in their order, and says of each what became of it. */
export function planOf(memories: readonly ToRemember[], writing: Writing) {
  const undone: (() => Promise<unknown>)[] = []
  const all: Remembered[] = []
  const plan: Plan = {
    async write(signal) {
      for (const run of runsOf(memories)) {
        const writer = new RunWriter(run, writing, undone, signal)
        all.push(...(await writer.write()))
      }
    },
    async undo() {
      for (const undo of undone.splice(0).reverse()) await undo()
    },
  }
  return { plan, all }
}

/** Memories that follow each other and can be written together. */
function runsOf(memories: readonly ToRemember[]): ToRemember[][] {
  const runs: ToRemember[][] = []
  for (const memory of memories) {
    const run = runs.at(-1)
    const same = run?.[0] && isTogether(run[0], memory) && run.length < MOST
    if (run && same) run.push(memory)
    else runs.push([memory])
  }
  return runs
}

/** What supersedes changes each of the others by its own id. */
function isTogether(a: ToRemember, b: ToRemember): boolean {
  return (
    a.onDuplicate === b.onDuplicate &&
    a.onDuplicate !== 'supersede' &&
    (a.onDuplicate === 'keep' || kindOf(a) === kindOf(b))
  )
}

function kindOf({ record }: ToRemember): string {
  return JSON.stringify([record.metadata.kind, record.metadata.speaker])
}

class RunWriter {
  readonly #records: MemoryRecord[]
  readonly #first: ToRemember

  constructor(
    run: readonly ToRemember[],
    readonly writing: Writing,
    readonly undone: (() => Promise<unknown>)[],
    readonly signal: AbortSignal | undefined,
  ) {
    this.#records = run.map(({ record }) => record)
    this.#first = run[0] as ToRemember
  }

  async write(): Promise<Remembered[]> {
    const { onDuplicate } = this.#first
    if (onDuplicate === 'keep') {
      const ids = await this.writing.backend.add(this.#records, { signal: this.signal })
      this.#undoStored(ids)
      return ids.map(id => ({ id, status: 'stored' }))
    }
    const { backend, similarity, now } = this.writing
    const [{ id, metadata }] = this.#records as [MemoryRecord]
    const supersedes = onDuplicate === 'supersede'
    const added = await backend.addDistinct(this.#records, {
      similarity,
      sameWords: !supersedes,
      where: this.#alike(),
      similar: supersedes ? 'keep' : 'skip',
      signal: this.signal,
      ...(supersedes && {
        changes: {
          metadata: { supersededBy: id, validTo: metadata.validFrom ?? now().toISOString() },
        },
      }),
    })
    this.#undoStored(added.flatMap(({ id, similar }) => (similar && !supersedes ? [] : [id])))
    if (supersedes) {
      const old = added.flatMap(({ similar }) => (similar ? [similar.id] : []))
      const metadata = { supersededBy: undefined, validTo: undefined }
      this.undone.push(() => backend.update(old, { metadata }))
    }
    if (onDuplicate === 'merge') await this.#merge(added.map(({ similar }) => similar?.id))
    const status = { skip: 'skipped', merge: 'merged', supersede: 'superseded' } as const
    return added.map(({ id, similar }) =>
      similar ? { id, similar, status: status[onDuplicate] } : { id, status: 'stored' },
    )
  }

  /** The memories that one of these can be a duplicate of: those of its kind that can be recalled, said by the same. */
  #alike(): Filter {
    const { kind, speaker } = this.#first.record.metadata
    const who: Filter = { kind, speaker: speaker === undefined ? { $exists: false } : speaker }
    return { $and: [who, ...recallable(this.writing.now().toISOString())] }
  }

  #undoStored(ids: readonly string[]): void {
    if (ids.length > 0) this.undone.push(() => this.writing.backend.delete(ids))
  }

  /** Counts each of these as said again by the memory at its place. */
  async #merge(ids: readonly (string | undefined)[]): Promise<void> {
    const { backend, now } = this.writing
    for (const [i, id] of ids.entries()) {
      const [there] = id === undefined ? [] : await backend.get([id], { signal: this.signal })
      if (!there) continue
      // A record that was stored in another way than as a memory need not say all of it.
      const old = there.metadata as Partial<MemoryMetadata>
      const { metadata } = this.#records[i] as MemoryRecord
      const { mentions, importance, time, source, mentionedIn } = old
      this.undone.push(() =>
        backend.update([there.id], { metadata: { mentions, importance, time, mentionedIn } }),
      )
      const from = metadata.source === undefined || metadata.source === source
      const merged = {
        mentions: (mentions ?? 1) + 1,
        importance: Math.max(importance ?? USUAL_IMPORTANCE, metadata.importance),
        time: metadata.time ?? now().toISOString(),
        mentionedIn: from ? mentionedIn : [...new Set([...(mentionedIn ?? []), metadata.source])],
      }
      await backend.update([there.id], { metadata: merged })
    }
  }
}
