/**
 * How memories are forgotten, with what was made of them: the summaries and facts of their talk are deleted first, so that
 * nothing is left that cannot be found any more, and what is left of the talk settles anew.
 */
import type { Backend } from '../../backends/backend.js'
import type { StoredRecord } from '../../records.js'
import type { MemoryMetadata } from './new-memory.js'
import { allOf, slicesOf } from './recallable.js'

type Records = Pick<Backend, 'list' | 'update' | 'delete' | 'get'>

/** Deletes the memories with these ids, of either place; resolves with how many there were. */
export async function forget(
  ids: readonly string[],
  memories: Records,
  summaries: Pick<Backend, 'delete'>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0
  for (const some of slicesOf(ids)) count += await summaries.delete(some, { signal })
  const there: StoredRecord<object>[] = []
  for (const some of slicesOf(ids)) {
    for (const record of await memories.get(some, { signal })) if (record) there.push(record)
  }
  await unsettle(there, memories, summaries)
  const own = there.map(({ id }) => id)
  for (const some of slicesOf(own)) {
    await memories.update(
      { where: { duplicateOf: { $in: some } } },
      { metadata: { duplicateOf: undefined } },
    )
    count += await memories.delete(some)
  }
  return count
}

/** Deletes what turns have gone into, and lets the rest of it settle anew. */
export async function unsettle(
  turns: readonly StoredRecord<object>[],
  memories: Records,
  summaries: Pick<Backend, 'delete'>,
): Promise<void> {
  const settled = turns.map(({ metadata }) => (metadata as Partial<MemoryMetadata>).settled)
  for (const some of slicesOf(new Set(settled.filter(id => id !== undefined)))) {
    await summaries.delete(some)
    const facts = await allOf(memories, { settledFrom: { $in: some } }, undefined)
    for (const few of slicesOf(facts)) await memories.delete(few.map(({ id }) => id))
    await memories.update(
      { where: { settled: { $in: some } } },
      { metadata: { settled: undefined } },
    )
  }
}
