/**
 * What `save(directory)` of a vector store leaves behind: a store of its own with one collection.
 */
import { mkdir, mkdtemp, realpath, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pages } from '#core/backends/pages'
import type { Collection } from '#core/collection'
import type { Encoder } from '#core/encoder'
import type { NewRecord, StoredRecord } from '#core/records'
import { open } from '#core/store'

const FILE = 'hippocamp.db'
/** What a store leaves beside its file. */
const BESIDE = ['-wal', '-shm', '-index']

/** The file in a folder. */
export function savedStore(directory: string): string {
  return join(directory, FILE)
}

/** Whether a store's file is the one in a folder. */
export async function isSavedIn(directory: string, file: string): Promise<boolean> {
  const real = (path: string) => realpath(path).catch(() => undefined)
  const saved = await real(savedStore(directory))
  return saved !== undefined && saved === (await real(file))
}

/**
 * Copies a namespace into a folder. The copy is made aside and takes the place of an older one when it is whole.
 * @param encoder of the collection, if it has one
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
      for await (const page of pages(from, { vector: true }))
        if (page.length > 0) await to.add(await copiesOf(page, encoder))
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

/** Texts that are longer than the encoder takes have several vectors, of which a record shows one: they are encoded again. */
async function copiesOf(
  records: StoredRecord[],
  encoder: Encoder | undefined,
): Promise<NewRecord[]> {
  const tokens = await encoder?.countTokens(records.map(({ text = '' }) => text))
  return records.map(({ id, text, metadata, vector }, i) => {
    const whole = encoder === undefined || (tokens?.[i] ?? 0) + SPECIAL_TOKENS <= encoder.maxTokens
    return whole ? { id, text, metadata, vector } : { id, text, metadata }
  })
}

/** Tokens that models put around a text, at most. */
const SPECIAL_TOKENS = 8
