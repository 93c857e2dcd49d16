// The engines of one run, each alive in its process from the first round to the last.

import { OURS } from './engines.mjs'
import { EngineProcess } from './process.mjs'

/** What is refused with one of these is not there: an instruction set that this CPU lacks, or a precision. */
const ABSENT = ['ERR_UNSUPPORTED_CPU', 'ERR_INVALID_ARGUMENT']

/**
 * @typedef {import('./engines.mjs').Variant & { process: EngineProcess, about: any }} Contestant
 * @typedef {{ engine: string, variant: string, error: string }} Failure
 * @typedef {{ python: string, folder: string, first: string } & Record<string, unknown>} Job
 */

/**
 * Starts an engine's process and lets it make its first vector.
 * @param {import('./engines.mjs').Variant} variant
 * @param {Job} job
 * @returns {Promise<Contestant>}
 */
export async function openContestant(variant, { python, ...job }) {
  const { engine, settings } = variant
  const process = new EngineProcess(engine, python)
  try {
    return { ...variant, process, about: await process.ask('open', { engine, settings, ...job }) }
  } catch (error) {
    await process.close()
    throw error
  }
}

/**
 * All that can be opened. What this CPU does not have is no failure of ours.
 * @param {import('./engines.mjs').Variant[]} variants
 * @param {Job} job
 * @returns {Promise<{ opened: Contestant[], failures: Failure[] }>}
 */
export async function openAll(variants, job) {
  const opened = []
  const failures = []
  for (const variant of variants) {
    try {
      opened.push(await openContestant(variant, job))
    } catch (error) {
      const absent = variant.engine === OURS && ABSENT.includes(error.code)
      if (!absent) failures.push({ ...named(variant), error: error.message })
    }
  }
  return { opened, failures }
}

/** @param {Contestant[]} contestants */
export async function closeAll(contestants) {
  await Promise.all(contestants.map(({ process }) => process.close()))
}

/** @param {{ engine: string, variant: string }} variant */
export function named({ engine, variant }) {
  return { engine, variant }
}
