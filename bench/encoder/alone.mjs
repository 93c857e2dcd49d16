// What an engine costs a program that has no other: from the start of a process to the first vector, its memory, and what
// happens to the event loop while very many documents are encoded. In fresh processes, with nothing else alive.

import { closeAll, openContestant } from './contestants.mjs'
import { throughput } from './rounds.mjs'

/**
 * @param {import('./contestants.mjs').Contestant} contestant
 * @param {Record<string, unknown>} job
 * @param {{ documents: string[], batch?: number, starts: number }} options
 * @returns {Promise<object>} times in milliseconds, memory in MiB; those of the fastest of all starts
 */
export async function measureAlone(contestant, job, { documents, batch, starts }) {
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
        const bulk = await opened.process.ask('throughput', { texts: documents, batch })
        const { peak } = await opened.process.ask('memory')
        best = { ...best, ...throughput(bulk, documents.length, batch), peak }
      }
    } finally {
      await closeAll([opened])
    }
  }
  return best
}
