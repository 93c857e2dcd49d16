// What an engine costs a program that has no other: from the start of a process to the first vector, its memory, and what
// happens to the event loop while very many documents are encoded. In fresh processes, with nothing else alive.

import { closeAll, openContestant } from './contestants.mjs'
import { throughput } from './rounds.mjs'

/**
 * @param {import('./contestants.mjs').Contestant} contestant
 * @param {Record<string, unknown>} job
 * @param {{ documents: string[], rate: number, batch?: number, starts: number, seconds: number }} options
 * `rate` is the documents that it encodes in a second; `seconds` bounds a peer's bulk, not ours
 * @returns {Promise<object>} times in milliseconds, memory in MiB; those of the fastest of all starts
 */
export async function measureAlone(contestant, job, { documents, rate, batch, starts, seconds }) {
  let best
  for (let start = 0; start < starts; start++) {
    const opened = await openContestant(contestant, job)
    try {
      const { imported, ready, rss } = opened.about
      const { started } = opened.process
      const figures = {
        importMs: imported - started,
        openMs: ready - imported,
        coldMs: ready - started,
        rss,
      }
      if (!best || figures.coldMs < best.coldMs) best = { ...best, ...figures }
      if (start === starts - 1) {
        const few = contestant.kind === 'peer' ? Math.ceil(rate * seconds) : documents.length
        const texts = documents.slice(0, few)
        const bulk = throughput(
          await opened.process.ask('throughput', { texts, batch }),
          texts.length,
          batch,
        )
        const { peak } = await opened.process.ask('memory')
        best = { ...best, ...bulk, peak }
      }
    } finally {
      await closeAll([opened])
    }
  }
  return best
}
