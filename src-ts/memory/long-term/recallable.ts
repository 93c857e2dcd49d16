/** Which memories can be recalled: said once here, for recalling, for settling and for telling duplicates. */
import type { Backend } from '../../backends/backend.js'
import { listed } from '../../backends/pages.js'
import type { Filter } from '../../collection-types.js'
import type { StoredRecord } from '../../records.js'

/** Ids in a filter. */
const SLICE = 500

/**
 * What is so at a time, is believed, and is no duplicate.
 * @param at an ISO 8601 string in UTC
 * @param quarantined whether what is not believed is meant too
 */
export function recallable(at: string, quarantined = false): Filter[] {
  const open: Filter[] = [
    { duplicateOf: { $exists: false } },
    absentOr('validFrom', { $lte: at }),
    absentOr('validTo', { $gt: at }),
  ]
  return quarantined ? open : [...open, { quarantined: { $exists: false } }]
}

/** What has no value at a path, or one that passes. */
export function absentOr(path: string, condition: Filter[string]): Filter {
  return { $or: [{ [path]: { $exists: false } }, { [path]: condition }] }
}

/** What is of some talks: their turns, and what was made of these. */
export function ofSessions(sessions: readonly string[]): Filter {
  return { $or: [{ session: { $in: [...sessions] } }, { talk: { $in: [...sessions] } }] }
}

/** Every record that passes. */
export async function allOf(
  backend: Pick<Backend, 'list'>,
  where: Filter,
  signal: AbortSignal | undefined,
  vector = false,
): Promise<StoredRecord<object>[]> {
  return listed(backend, { where, vector, signal })
}

/** Ids, as many at once as a filter takes. */
export function* slicesOf<T>(ids: Iterable<T>): Generator<T[]> {
  const all = [...ids]
  for (let from = 0; from < all.length; from += SLICE) yield all.slice(from, from + SLICE)
}
