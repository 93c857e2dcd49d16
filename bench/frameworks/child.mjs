// One contestant with so many memories, in a process of its own: filled, then asked one question after the other.

import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Cached, CONTESTANTS } from './stores.mjs'

const K = 10
/** Questions whose answers are compared with exact ones. */
const COMPARED = 50
/** At most so long for all searches. */
const SECONDS = 30

process.once(
  'message',
  async ({ name, size, folder, model, texts, questions, vectors, dimension }) => {
    try {
      const all = [...texts, ...questions]
      const values = new Float32Array(readFileSync(vectors).buffer)
      const vectorOf = i => Array.from(values.subarray(i * dimension, (i + 1) * dimension))
      const known = new Map([...all.map((text, i) => [text, vectorOf(i)]), ['', vectorOf(0)]])
      const embeddings = new Cached(known)
      const memories = await CONTESTANTS[name].open(folder, embeddings, model)

      globalThis.gc?.()
      const before = process.memoryUsage()
      const start = performance.now()
      await memories.fill(texts.slice(0, size))
      const filled = performance.now() - start
      await memories.ready?.()
      globalThis.gc?.()
      const after = process.memoryUsage()

      for (const question of questions) {
        await memories.search(question, K) // also encodes it, where it is encoded
        if (performance.now() - start > filled + SECONDS * 500) break
      }
      const loop = monitorEventLoopDelay({ resolution: 1 })
      loop.enable()
      const times = []
      const found = []
      const begun = performance.now()
      for (const question of questions) {
        const asked = performance.now()
        found.push(await memories.search(question, K))
        times.push(performance.now() - asked)
        await new Promise(resolve => setImmediate(resolve))
        if (performance.now() - begun > SECONDS * 1000) break
      }
      loop.disable()
      await memories.close?.()
      process.send({
        filled,
        times,
        loop: loop.max / 1e6,
        heap: after.heapUsed - before.heapUsed,
        rss: after.rss - before.rss,
        recall: recallOf(found.slice(0, COMPARED), texts.slice(0, size), questions, known),
      })
    } catch (error) {
      process.send({ error: error.stack ?? String(error) })
    }
    process.disconnect()
  },
)

/** The share of the nearest by cosine that was found. */
function recallOf(found, texts, questions, known) {
  let hits = 0
  for (const [q, texts_] of found.entries()) {
    const question = known.get(questions[q])
    const scored = texts.map(text => [text, product(question, known.get(text))])
    scored.sort(([, a], [, b]) => b - a)
    const least = scored[K - 1][1] - 1e-6
    hits += texts_.filter(text => product(question, known.get(text)) >= least).length
  }
  return hits / (K * found.length)
}

function product(a, b) {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
