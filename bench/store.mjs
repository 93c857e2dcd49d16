// What it costs to keep records: written in small and large batches at each durability, replaced, deleted, found again
// after the store was closed, and on disk.

import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'hippocamp'
import { documents } from './texts.mjs'
import { syntheticVectors } from './vectors.mjs'

const DURABILITIES = ['durable', 'relaxed', 'memory']
const BATCHES = [1, 100, 1_000]

export const options = {
  records: {
    type: 'number',
    value: 'N',
    help: 'records for each durability and batch size',
    default: 2_000,
  },
  single: { type: 'number', value: 'N', help: 'records written one by one', default: 200 },
  dim: { type: 'number', value: 'D', help: 'values in a vector', default: 384 },
  dir: {
    type: 'string',
    value: 'FOLDER',
    help: 'where to write; must be on a disk, since syncing memory is free',
    default: fileURLToPath(new URL('../.hippocamp', import.meta.url)),
  },
}

export async function run({ records, single, dim, dir }) {
  mkdirSync(dir, { recursive: true })
  const folder = mkdtempSync(join(dir, 'bench-'))
  try {
    const all = makeRecords(Math.max(records, single), dim)
    const rows = []
    for (const durability of DURABILITIES) {
      for (const batch of BATCHES) {
        const path = join(folder, `${durability}-${batch}.db`)
        rows.push(
          await measure(path, durability, batch, all.slice(0, batch === 1 ? single : records)),
        )
      }
    }
    return [
      {
        key: 'store',
        title: `records with a vector of ${dim}, a text of 600 characters and metadata; records/s`,
        columns: {
          durability: 'durability',
          batch: 'batch',
          records: 'records',
          add: 'add',
          upsert: 'upsert',
          delete: 'delete',
          reopen: { title: 'reopen + search ms', digits: 1 },
          search: { title: 'next search ms', digits: 2 },
          bytesPerRecord: 'bytes/record',
        },
        rows,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Adds all, replaces all, deletes the second half, then opens the store again. */
async function measure(path, durability, batch, records) {
  const options = { dimension: records[0].vector.length }
  const store = await open(path, { durability })
  const collection = store.collection('records', options)
  const add = await rate(records, batch, part => collection.add(part))
  const upsert = await rate(records, batch, part => collection.upsert(part))
  await store.close()
  const bytesPerRecord = statSync(path).size / records.length

  const start = performance.now()
  const again = await open(path, { durability })
  const found = again.collection('records', options)
  await found.searchByVector(records[0].vector)
  const reopen = performance.now() - start
  const next = performance.now()
  await found.searchByVector(records[1].vector)
  const search = performance.now() - next

  const gone = records.slice(records.length / 2)
  const deleted = await rate(gone, batch, part => found.delete(part.map(({ id }) => id)))
  await again.close()
  return {
    durability,
    batch,
    records: records.length,
    add,
    upsert,
    delete: deleted,
    reopen,
    search,
    bytesPerRecord,
  }
}

/** Records a second when they are handled in batches, one batch after the other. */
async function rate(records, batch, write) {
  const start = performance.now()
  for (let from = 0; from < records.length; from += batch) {
    await write(records.slice(from, from + batch))
  }
  return records.length / ((performance.now() - start) / 1000)
}

function makeRecords(count, dimension) {
  const texts = documents(count)
  return syntheticVectors(count, dimension, 3).map((vector, at) => ({
    id: `record-${at}`,
    text: texts[at],
    metadata: { number: at, kind: at % 2 === 0 ? 'even' : 'odd' },
    vector,
  }))
}
