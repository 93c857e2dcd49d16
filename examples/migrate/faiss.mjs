// What LangChain's Faiss store has saved: a folder with docstore.json and faiss.index, a flat index as LangChain makes it.
//
// Faiss writes `IxF2` or `IxFI`, the dimension (i32), the count (i64), two numbers that are not used, one byte and the metric (i32),
// and then the values: how many (u64), and little-endian f32 (faiss 1.12, index_write.cpp).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const DIMENSION = 4
const COUNT = 8
const VALUES = 45

/**
 * @param {string} folder
 * @returns {AsyncGenerator<import('./main.mjs').Found>}
 */
export async function* faiss(folder) {
  const [entries, places] = JSON.parse(await readFile(join(folder, 'docstore.json'), 'utf8'))
  /** @type {Map<string, { id?: string, pageContent: string, metadata?: Record<string, unknown> }>} */
  const documents = new Map(entries)
  const index = await readFile(join(folder, 'faiss.index'))
  const kind = index.toString('latin1', 0, 4)
  if (kind !== 'IxF2' && kind !== 'IxFI')
    throw new Error(
      `${join(folder, 'faiss.index')} begins with "${kind}": only flat indexes can be read, which are IxF2 and IxFI`,
    )
  const dimension = index.readInt32LE(DIMENSION)
  for (let i = 0; i < Number(index.readBigInt64LE(COUNT)); i++) {
    const key = places[i]
    const document = documents.get(key)
    if (!document) continue
    const start = VALUES + 4 * dimension * i
    const vector = Array.from({ length: dimension }, (_, d) => index.readFloatLE(start + 4 * d))
    yield {
      id: document.id ?? key,
      text: document.pageContent,
      metadata: document.metadata,
      vector,
    }
  }
}
