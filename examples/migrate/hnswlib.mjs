// What LangChain's HNSWLib store has saved: a folder with args.json, docstore.json and hnswlib.index.
//
// hnswlib writes its header and then, for each vector, its links, its values as little-endian f32, and its label, which is the key
// of docstore.json (hnswlib 0.8, saveIndex).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ids } from './ids.mjs'

/** Where the numbers of the header stand; they are u64. */
const COUNT = 16
const BYTES_OF_ONE = 24
const LABEL = 32
const VALUES = 40
const HEADER = 96

/**
 * @param {string} folder
 * @returns {AsyncGenerator<import('./main.mjs').Found>}
 */
export async function* hnswlib(folder) {
  const { numDimensions } = JSON.parse(await readFile(join(folder, 'args.json'), 'utf8'))
  /** @type {Map<string, { id?: string, pageContent: string, metadata?: Record<string, unknown> }>} */
  const documents = new Map(JSON.parse(await readFile(join(folder, 'docstore.json'), 'utf8')))
  const ids = new Ids()
  const index = await readFile(join(folder, 'hnswlib.index'))
  const header = (/** @type {number} */ at) => Number(index.readBigUInt64LE(at))
  if (index.length < HEADER || header(VALUES) + 4 * numDimensions > header(BYTES_OF_ONE))
    throw new Error(
      `${join(folder, 'hnswlib.index')} is no index of ${numDimensions} dimensions that hnswlib has saved`,
    )
  for (let i = 0; i < header(COUNT); i++) {
    const start = HEADER + i * header(BYTES_OF_ONE)
    const label = String(index.readBigUInt64LE(start + header(LABEL)))
    const vector = Array.from({ length: numDimensions }, (_, d) =>
      index.readFloatLE(start + header(VALUES) + 4 * d),
    )
    const document = documents.get(label)
    if (!document) continue
    const { id, pageContent, metadata } = document
    yield { id: ids.of(id, pageContent, metadata), text: pageContent, metadata, vector }
  }
}
