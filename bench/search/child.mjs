// One engine in a process of its own, so that its memory is its own and its end is nobody else's. Started with IPC by
// `process.mjs`; takes one job, sends what it finds as it goes, and leaves counting hits to the parent.

import { readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { FOLDER } from '../packages.mjs'
import { readMatrix, rows } from '../vectors.mjs'
import { SPARE, searchWhileInserting } from './inserting.mjs'
import { measureSettings } from './settings.mjs'

/**
 * @typedef {object} Job
 * @property {string} engine
 * @property {string} [variant]
 * @property {{ vectors: string, queries: string }} files
 * @property {number} dimension
 * @property {'cosine' | 'l2' | 'dot'} metric
 * @property {string} folder an empty one for the engine's files
 * @property {number} k
 * @property {number} deep the other k, of which recall alone is measured
 * @property {number} searches
 * @property {number} rounds
 */

process.once('message', async (/** @type {Job} */ job) => {
  try {
    await measure(job)
  } catch (error) {
    await send({ error: error.message || String(error) })
  }
  // Not `exit`, so that what was sent arrives; an engine with threads of its own may keep the process otherwise.
  process.disconnect()
  setTimeout(() => process.exit(), 1_000).unref()
})

/** Waits until it has left: an engine may keep the event loop to itself, or end the process, right after. */
function send(message) {
  return new Promise((resolve, reject) => {
    process.send(message, failure => (failure ? reject(failure) : resolve()))
  })
}

/** @param {Job} job */
async function measure(job) {
  const { dimension, files } = job
  const vectors = readMatrix(files.vectors, dimension)
  const queries = rows(readMatrix(files.queries, dimension), dimension)
  const count = vectors.length / dimension
  const load = createRequire(join(FOLDER, 'from-here.js'))
  const { openEngine } = await import(`./engines/${job.engine}.mjs`)
  const engine = await openEngine({ ...job, count, spare: SPARE, load })
  try {
    await send({ built: await build(engine, vectors, queries[0], job.k) })
    const asked = engine.query ? queries.map(engine.query) : queries
    for (const setting of await measureSettings(engine, asked, job)) await send({ setting })
    await engine.bytesOnDisk(vectors)
    await send({ stored: { disk: bytesIn(job.folder) / 2 ** 20 } })
    const standard = engine.settings.find(({ name }) => name === engine.standard)
    const searcher = engine.use(standard)
    const inserting = await searchWhileInserting({ ...job, engine, searcher, vectors, asked })
    await send({ inserting: { insertSetting: standard.name, ...inserting } })
  } finally {
    await engine.close?.()
  }
}

/** Stores everything; seconds, and MiB that the process has grown by. */
async function build(engine, vectors, query, k) {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1_000
  await engine.add(vectors)
  const addSeconds = seconds()
  const { search, searchSync } = engine.use(
    engine.settings.find(({ name }) => name === engine.standard),
  )
  const first = engine.query?.(query) ?? query
  await (searchSync ?? search)(first, k)
  const answerSeconds = seconds()
  await engine.index?.()
  await (searchSync ?? search)(first, k)
  const readySeconds = seconds()
  const peak = process.resourceUsage().maxRSS * 1024
  globalThis.gc?.()
  return {
    addSeconds,
    answerSeconds,
    readySeconds,
    rss: (process.memoryUsage.rss() - before) / 2 ** 20,
    peak: Math.max(0, peak - before) / 2 ** 20,
  }
}

/** @param {string} folder */
function bytesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce(
      (sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size,
      0,
    )
}
