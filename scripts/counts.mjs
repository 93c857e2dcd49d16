// Reads the result lines of cargo test and ava. Neither has a stable machine-readable form of its own.
import { stripVTControlCharacters } from 'node:util'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * One `test result:` line for every test binary. A run which failed with no failed test (it did not compile, it crashed)
 * counts as one failure.
 * @param {{ status: number, output: string }} run
 * @returns {Counts}
 */
export function cargoCounts({ status, output }) {
  const lines = stripVTControlCharacters(output).matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm,
  )
  const counts = total(
    [...lines].map(([, passed, failed, skipped]) => ({
      passed: +passed,
      failed: +failed,
      skipped: +skipped,
    })),
  )
  return orFailed(status, counts)
}

/**
 * The summary at the end: `3 tests passed`, `1 test skipped`, `1 uncaught exception`, … After a failure it leaves the
 * passed ones out; then their lines are counted.
 * @param {{ status: number, output: string }} run
 * @returns {Counts}
 */
export function avaCounts({ status, output }) {
  const text = stripVTControlCharacters(output)
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const summary = text.matchAll(
    /^ {2}(\d+) (?:tests? (passed|failed|skipped|todo|remained)|(known|uncaught|unhandled|hooks?) )/gm,
  )
  for (const [, count, of, other] of summary) {
    if (of === 'passed') counts.passed = Number(count)
    else if (of === 'skipped' || of === 'todo') counts.skipped += Number(count)
    else if (other !== 'known') counts.failed += Number(count)
  }
  if (counts.failed > 0)
    counts.passed = [...text.matchAll(/^ {2}[✔√] (?!\[expected fail\])/gm)].length
  return orFailed(status, counts)
}

/**
 * @param {Counts[]} all
 * @returns {Counts}
 */
export function total(all) {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const { passed, failed, skipped } of all) {
    sum.passed += passed
    sum.failed += failed
    sum.skipped += skipped
  }
  return sum
}

/**
 * @param {number} status
 * @param {Counts} counts
 */
function orFailed(status, counts) {
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}
