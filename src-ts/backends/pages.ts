/**
 * Listings of any length, read page by page and only as far as they are asked for.
 */
import type { ListOptions, Page } from '../collection-types.js'
import type { StoredRecord } from '../records.js'
import type { Backend } from './backend.js'

/** Records in a page, unless the store's limits are lower. */
const PAGE = 1000

/** How a listing is read. */
export interface PagesOptions {
  /** Records in the first page, for whoever mostly needs few. */
  readonly first?: number
  /** Records in every other page. */
  readonly size?: number
  /** Records at most, of all pages together. */
  readonly most?: number
}

/** The pages of a listing. */
export async function* pages<M extends object>(
  records: Pick<Backend, 'limits'> & { list(options?: ListOptions): Promise<Page<M>> },
  options: Omit<ListOptions, 'limit' | 'cursor'>,
  { size = PAGE, first = size, most = Number.POSITIVE_INFINITY }: PagesOptions = {},
): AsyncGenerator<StoredRecord<M>[]> {
  const largest = records.limits?.batchRecords ?? Number.POSITIVE_INFINITY
  let cursor: string | undefined
  let wanted = first
  for (let left = most; left > 0; wanted = size) {
    const page = await records.list({ ...options, limit: Math.min(wanted, left, largest), cursor })
    yield page.records
    left -= page.records.length
    cursor = page.cursor
    if (cursor === undefined) return
  }
}

/** All records of a listing. */
export async function listed<M extends object>(
  ...listing: Parameters<typeof pages<M>>
): Promise<StoredRecord<M>[]> {
  const all: StoredRecord<M>[] = []
  for await (const page of pages(...listing)) all.push(...page)
  return all
}
