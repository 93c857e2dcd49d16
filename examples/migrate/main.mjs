// Brings what another memory has saved into a store.
//
//   node examples/migrate/main.mjs FORMAT SOURCE STORE [--collection NAME] [--model MODEL] [--metric cosine|l2|dot]
//
//   FORMAT   hnswlib, faiss (folders that LangChain has saved), memory-vector-store, chroma, mem0 (JSON, see the files of these names)
//   --model  encode the texts with this model; without it vectors stay as they are, where there are any
//   --metric how vectors are compared (default cosine)
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { downloadProgress, loadEncoder, open } from 'hippocamp'
import { chroma } from './chroma.mjs'
import { faiss } from './faiss.mjs'
import { hnswlib } from './hnswlib.mjs'
import { mem0 } from './mem0.mjs'
import { memoryVectorStore } from './memory-vector-store.mjs'

/**
 * @typedef {object} Found a record, and in which namespace it belongs
 * @property {string} [id]
 * @property {string} [text]
 * @property {Record<string, unknown>} [metadata]
 * @property {number[]} [vector]
 * @property {string[]} [namespace]
 */

/** @type {Record<string, (source: string) => AsyncGenerator<Found>>} */
export const FORMATS = { hnswlib, faiss, 'memory-vector-store': memoryVectorStore, chroma, mem0 }

/** Records that are written at once. */
const BATCH = 1000

/**
 * Stores records, replacing those with the same ids, so that a second run changes nothing.
 * @param {AsyncIterable<Found>} records
 * @param {import('hippocamp').Collection<any>} collection
 * @param {{ encodes: boolean }} options `encodes`: texts are encoded by the collection, and vectors left out
 * @returns {Promise<number>} how many
 */
export async function migrate(records, collection, { encodes }) {
  /** @type {Map<string, { at: import('hippocamp').Collection<any>, waiting: import('hippocamp').NewRecord[] }>} */
  const places = new Map()
  let count = 0
  for await (const { namespace = [], vector, ...record } of records) {
    const name = JSON.stringify(namespace)
    const place = places.get(name) ?? {
      at: collection.namespace([...collection.path, ...namespace]),
      waiting: [],
    }
    places.set(name, place)
    place.waiting.push(encodes && record.text !== undefined ? record : { ...record, vector })
    count++
    if (place.waiting.length === BATCH) await place.at.upsert(place.waiting.splice(0))
  }
  for (const { at, waiting } of places.values()) if (waiting.length > 0) await at.upsert(waiting)
  return count
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        collection: { type: 'string' },
        model: { type: 'string' },
        metric: { type: 'string' },
      },
    })
    const [format = '', source, path] = positionals
    const read = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined
    if (!read || !source || !path)
      throw new Error(
        `give a format (${Object.keys(FORMATS).join(', ')}), what to read, and the file of the store`,
      )
    const { model } = values
    const encoder = model ? await loadEncoder(model, { onProgress: downloadProgress() }) : undefined
    const store = await open(path, { encoder })
    try {
      const collection = store.collection(values.collection ?? 'migrated', {
        metric: /** @type {import('hippocamp').Metric | undefined} */ (values.metric),
        // Memories of mem0 are those of a LongTermMemory, which remembers turns, too.
        ...(format === 'mem0' && { turns: true }),
      })
      const count = await migrate(read(source), collection, { encodes: encoder !== undefined })
      console.log(`${count} records stored in ${path}`)
    } finally {
      await store.close()
    }
  } catch (error) {
    console.error(/** @type {Error} */ (error).message)
    process.exitCode = 1
  }
}
