// What is in a collection of Chroma: the answer of `collection.get(include=["embeddings", "documents", "metadatas"])` as a JSON file,
// from Python or JavaScript.
import { readFile } from 'node:fs/promises'

/**
 * @param {string} file
 * @returns {AsyncGenerator<import('./main.mjs').Found>}
 */
export async function* chroma(file) {
  const { ids, documents, metadatas, embeddings } = JSON.parse(await readFile(file, 'utf8'))
  for (const [i, id] of ids.entries()) {
    yield {
      id,
      text: documents?.[i] ?? undefined,
      metadata: metadatas?.[i] ?? {},
      vector: embeddings?.[i] ?? undefined,
    }
  }
}
