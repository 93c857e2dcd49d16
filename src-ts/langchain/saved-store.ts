/**
 * What `save(directory)` of a vector store leaves behind: a store of its own with one collection.
 */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Collection } from '#core/collection'
import type { Encoder } from '#core/encoder'
import type { NewRecord, StoredRecord } from '#core/records'
import { open } from '#core/store'

/** Records that are copied at once. */
const PAGE = 1000
const FILE = 'hippocamp.db'
/** What a store leaves beside its file. */
const BESIDE = ['-wal', '-shm', '-index']

/** The file in a folder. */
export function savedStore(directory: string): string {
  return join(directory, FILE)
}

/**
 * Copies a namespace into a folder. The copy is made aside and takes the place of an older one when it is whole.
 * @param encoder of the collection; texts of a collection that has one are encoded again
 */
export async function saveTo(
  directory: string,
  from: Collection,
  encoder: Encoder | undefined,
  name: string,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  const aside = await mkdtemp(join(directory, '.saving-'))
  try {
    const copy = await open(join(aside, FILE), { encoder, durability: 'relaxed' })
    try {
      const { dimension, metric } = await from.stats()
      const to = copy.collection(name, { metric, ...(!encoder && { dimension }) })
      let cursor: string | undefined
      do {
        const page = await from.list({ limit: PAGE, vector: true, cursor })
        if (page.records.length > 0) await to.add(page.records.map(one => recordOf(one, encoder)))
        cursor = page.cursor
      } while (cursor !== undefined)
    } finally {
      await copy.close()
    }
    const file = savedStore(directory)
    for (const suffix of BESIDE) await rm(`${file}${suffix}`, { recursive: true, force: true })
    await rename(join(aside, FILE), file)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

/** Long texts have several vectors, of which a record shows only one: what the encoder has made it makes again. */
function recordOf({ id, text, metadata, vector }: StoredRecord, encoder?: Encoder): NewRecord {
  return encoder && text !== undefined ? { id, text, metadata } : { id, text, metadata, vector }
}
