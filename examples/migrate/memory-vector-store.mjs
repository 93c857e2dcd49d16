// What is in LangChain's MemoryVectorStore, which keeps nothing: JSON.stringify(store.memoryVectors) as a file, written by the
// program that has it.
import { readFile } from 'node:fs/promises'
import { Ids } from './ids.mjs'

/**
 * @param {string} file
 * @returns {AsyncGenerator<import('./main.mjs').Found>}
 */
export async function* memoryVectorStore(file) {
  const ids = new Ids()
  for (const { id, content, metadata, embedding } of JSON.parse(await readFile(file, 'utf8')))
    yield { id: ids.of(id, content, metadata), text: content, metadata, vector: embedding }
}
