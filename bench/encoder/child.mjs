// An engine of Node.js in a process of its own, so that its memory, its threads and its event loop are its own. Started by
// `process.mjs`, whose commands it answers one after the other.

import { createInterface } from 'node:readline'
import { timeAction, timeCalls } from '../latency.mjs'

/**
 * @typedef {object} Open
 * @property {string} engine
 * @property {Record<string, any>} settings the variant's
 * @property {string} folder the model's
 * @property {string} laid the model as peers want it, from `peer-model.mjs`
 * @property {'mean' | 'cls'} pooling
 * @property {number} maxTokens
 * @property {string} first the text of the first vector
 *
 * @typedef {object} Engine
 * @property {object} about what is known once it is loaded
 * @property {(texts: string[]) => Promise<Float32Array>} encode from texts to vectors, one after the other, in one call
 * @property {(texts: string[]) => Promise<number[]>} countTokens of each, special tokens included
 * @property {(texts: string[], batch?: number) => Promise<unknown>} prepare what is not timed when many are encoded
 * @property {(work: any) => Promise<number>} run encodes what was prepared; how many tokens that were, padding apart
 */

/** @type {Engine} */
let engine

const commands = {
  /** Moments in milliseconds since 1970: when the package was there, and when the first vector was. @param {Open} job */
  async open({ engine: name, first, ...job }) {
    const { openEngine } = await import(`./engines/${name}.mjs`)
    const imported = now()
    engine = await openEngine(job)
    await engine.encode([first])
    return { imported, ready: now(), ...memory(), ...engine.about }
  },

  async encode({ texts }) {
    return [...(await engine.encode(texts))]
  },

  async countTokens({ texts }) {
    return engine.countTokens(texts)
  },

  /** Many texts: in one call, or in so many calls of this size. */
  async throughput({ texts, batch }) {
    const work = await engine.prepare(texts, batch)
    const before = process.cpuUsage()
    let tokens = 0
    const { seconds, longestDelay } = await timeAction(async () => {
      tokens = await engine.run(work)
    })
    const { user, system } = process.cpuUsage(before)
    return { tokens, seconds, cpuSeconds: (user + system) / 1e6, longestDelay }
  },

  /** One text at a time; milliseconds. */
  async queries({ texts }) {
    const { times } = await timeCalls(texts, 1, text => engine.encode([text]))
    return { times: [...times] }
  },

  async memory() {
    return memory()
  },
}

function now() {
  return performance.timeOrigin + performance.now()
}

/** MiB: now, and at the highest. */
function memory() {
  return {
    rss: process.memoryUsage.rss() / 2 ** 20,
    peak: process.resourceUsage().maxRSS / 2 ** 10,
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...parameters } = JSON.parse(line)
  let answer
  try {
    answer = { answer: await commands[command](parameters) }
  } catch (error) {
    answer = { error: error.message || String(error), code: error.code }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
process.exit()
