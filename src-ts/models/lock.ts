/**
 * One fetch of a model at a time, over all processes of the machine.
 *
 * The lock only saves work: whoever comes second waits and then finds the files. It is a file that its owner touches
 * every two seconds; it may be taken over when the owner is dead or has been silent for half a minute. A take-over can
 * therefore hit an owner which was merely suspended. Nothing breaks then, because nothing that is done under the lock
 * relies on it: downloads write the same bytes to the same offsets, are verified from disk, and get their final name
 * by rename. (Node has no flock; a lock that is never taken over would survive a crash.)
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const TOUCH_EVERY = 2_000
const SILENT_AFTER = 30_000
const ASK_AGAIN = 100

interface Owner {
  readonly pid: number
  readonly host: string
  readonly nonce: string
}

/** Runs the task while holding the lock file; waits until it is free. */
export async function withLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  task: () => Promise<T>,
): Promise<T> {
  const owner: Owner = { pid: process.pid, host: hostname(), nonce: randomUUID() }
  await mkdir(dirname(path), { recursive: true })
  while (!(await take(path, owner))) {
    await wait(ASK_AGAIN, undefined, signal === undefined ? {} : { signal })
    await removeIfAbandoned(path)
  }
  const touching = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }, TOUCH_EVERY)
  touching.unref()
  try {
    return await task()
  } finally {
    clearInterval(touching)
    if ((await readOwner(path))?.nonce === owner.nonce) await rm(path, { force: true })
  }
}

async function take(path: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: 'wx' })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Windows reports a file that is just being removed as EPERM or EBUSY.
    const isThere =
      code === 'EEXIST' || (process.platform === 'win32' && (code === 'EPERM' || code === 'EBUSY'))
    if (isThere) return false
    throw error
  }
}

async function removeIfAbandoned(path: string): Promise<void> {
  const owner = await readOwner(path)
  const age = await stat(path).then(
    found => Date.now() - found.mtimeMs,
    () => 0,
  )
  const died = owner !== undefined && owner.host === hostname() && !isAlive(owner.pid)
  if (!died && age < SILENT_AFTER) return
  if ((await readOwner(path))?.nonce === owner?.nonce) await rm(path, { force: true })
}

/** Undefined when there is no lock, or when its owner died before it wrote its name. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
