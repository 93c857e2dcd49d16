// What is searched: vectors and queries from raw files, or made up, brought into the form that every engine is given and
// laid down in a folder, where each engine's process reads them.

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { clusteredVectors, clustersFor, readMatrix, scaleToOne } from '../vectors.mjs'

const MADE_UP = 10_000
const MADE_UP_QUERIES = 1_000

/** What a bench of searches is told of them. */
export const DATA_OPTIONS = {
  vectors: { type: 'string', value: 'FILE', help: 'stored vectors, raw little-endian f32' },
  queries: { type: 'string', value: 'FILE', help: 'vectors to search with, in the same form' },
  dim: { type: 'number', value: 'D', help: 'values in a vector', default: 384 },
  n: { type: 'number', value: 'N', help: 'vectors to store (default all, or 10000 made-up ones)' },
  k: { type: 'number', value: 'K', help: 'hits asked for', default: 10 },
}

/** What is wrong with them. @param {{ vectors?: string, queries?: string }} options */
export function checkData({ vectors, queries }) {
  return (vectors === undefined) !== (queries === undefined)
    ? '--vectors and --queries belong together'
    : undefined
}

/**
 * @typedef {object} Data
 * @property {Float32Array} vectors row after row; of length 1 if they are compared by cosine
 * @property {Float32Array} queries the same
 * @property {number} dimension
 * @property {'cosine' | 'l2' | 'dot'} metric
 * @property {string} hash of all the above
 */

/**
 * @param {{ vectors?: string, queries?: string, dim: number, n?: number, metric: Data['metric'] }} options
 * @returns {Data}
 */
export function loadData({ vectors: file, queries: queryFile, dim, n, metric }) {
  const clusters = clustersFor(n ?? MADE_UP)
  const vectors = file ? readMatrix(file, dim, n) : clusteredVectors(n ?? MADE_UP, dim, clusters, 1)
  const queries = queryFile
    ? readMatrix(queryFile, dim)
    : clusteredVectors(MADE_UP_QUERIES, dim, clusters, 2)
  if (metric === 'cosine') {
    // The order is the same, and no engine needs to divide by lengths at every comparison.
    scaleToOne(vectors, dim)
    scaleToOne(queries, dim)
  }
  const hash = createHash('sha256').update(`${dim} ${metric} ${vectors.length} `)
  const hex = hash.update(bytesOf(vectors)).update(bytesOf(queries)).digest('hex')
  return { vectors, queries, dimension: dim, metric, hash: hex }
}

/** Writes both into a folder. @param {Data} data @param {string} folder @returns {{ vectors: string, queries: string }} */
export function writeData({ vectors, queries }, folder) {
  const files = { vectors: join(folder, 'vectors.f32'), queries: join(folder, 'queries.f32') }
  writeFileSync(files.vectors, littleEndian(vectors))
  writeFileSync(files.queries, littleEndian(queries))
  return files
}

/** @param {Float32Array | Float64Array} values */
export function bytesOf(values) {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** @param {Float32Array} values */
function littleEndian(values) {
  return endianness() === 'LE' ? bytesOf(values) : Buffer.from(bytesOf(values)).swap32()
}
