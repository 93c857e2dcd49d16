// Times asynchronous calls: how many a second, how long one takes, and whether the event loop was held up meanwhile.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

const RESOLUTION = 1

/**
 * @typedef {{ times: Float64Array, seconds: number, perSecond: number, p50: number, p99: number }} Times sorted, in
 * milliseconds, as are p50 and p99; with a
 * `loopDelay`, that of the event loop, its 99th percentile in milliseconds
 */

/**
 * Calls once for each input, with so many calls under way at any time.
 * @template T
 * @param {readonly T[]} inputs
 * @param {number} callers
 * @param {(input: T, at: number) => Promise<unknown>} call
 * @returns {Promise<Times & { loopDelay: number }>}
 */
export async function timeCalls(inputs, callers, call) {
  const times = new Float64Array(inputs.length)
  let next = 0
  const caller = async () => {
    while (next < inputs.length) {
      const at = next++
      const start = performance.now()
      await call(inputs[at], at)
      times[at] = performance.now() - start
    }
  }
  const { seconds, delay } = await watched(() =>
    Promise.all(Array.from({ length: callers }, caller)),
  )
  const loopDelay = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION)
  return { ...summary(times, seconds), loopDelay }
}

/**
 * Calls once for each input, one after the other.
 * @template T
 * @param {readonly T[]} inputs
 * @param {(input: T, at: number) => unknown} call
 * @returns {Times}
 */
export function timeSyncCalls(inputs, call) {
  const times = new Float64Array(inputs.length)
  const start = performance.now()
  for (let at = 0; at < inputs.length; at++) {
    const called = performance.now()
    call(inputs[at], at)
    times[at] = performance.now() - called
  }
  return summary(times, (performance.now() - start) / 1000)
}

/**
 * @param {() => Promise<unknown>} action
 * @returns {Promise<{ seconds: number, longestDelay: number }>} the longest delay of the event loop in milliseconds
 */
export async function timeAction(action) {
  const { seconds, delay } = await watched(action)
  return { seconds, longestDelay: Math.max(0, delay.max / 1e6 - RESOLUTION) }
}

/**
 * The histogram counts from one turn of the event loop to the next. So the loop turns before and after: an action that
 * holds it from its first moment to its last is noticed as well.
 * @param {() => Promise<unknown>} action
 */
async function watched(action) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  await setTimeout(3 * RESOLUTION)
  const start = performance.now()
  await action()
  const seconds = (performance.now() - start) / 1000
  await setTimeout(3 * RESOLUTION)
  delay.disable()
  return { seconds, delay }
}

/** @param {Float64Array} times @param {number} seconds @returns {Times} */
function summary(times, seconds) {
  times.sort()
  return {
    times,
    seconds,
    perSecond: times.length / seconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  }
}

/** The smallest value that at least this share of all values does not exceed. */
export function percentile(/** @type {Float64Array} */ sorted, /** @type {number} */ share) {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
