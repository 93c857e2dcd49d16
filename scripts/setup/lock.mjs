// One set-up at a time: two commands started together (`npm test` and `npm run demo`) must not build the same thing twice.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { state } from '../root.mjs'

/**
 * Runs `work` while no other process of this project is in its own.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(work) {
  const path = state('setup.lock')
  await take(path)
  const release = () => rmSync(path, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    release()
    process.off('exit', release)
  }
}

/** @param {string} path */
async function take(path) {
  for (let waited = 0; ; waited++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
    }
    const owner = ownerOf(path)
    if (owner !== undefined && !isAlive(owner)) breakLock(path, owner)
    else {
      if (waited === 5) console.log(`setup: waiting for the set-up of process ${owner}`)
      await sleep(200)
    }
  }
}

/** @param {string} path */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

/**
 * Moves a dead process's lock away. Only one of several waiters can move it; whoever moved a living one by
 * accident, because another was faster, puts it back.
 * @param {string} path
 * @param {number} owner
 */
function breakLock(path, owner) {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (ownerOf(aside) === owner) rmSync(aside)
    else renameSync(aside, path)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error
  }
}
