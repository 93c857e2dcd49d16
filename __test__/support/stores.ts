/** Stores for tests, closed and removed when the test ends. */
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type ErrorCode, HippocampError, type OpenOptions, open, type Store } from 'hippocamp'
import { root } from './sources.js'
import { temporaryFolder } from './tiny-model.js'

/** A path in a folder of its own. */
export async function storePath(t: ExecutionContext, name = 'memory.db'): Promise<string> {
  return join(await temporaryFolder(t), name)
}

/** A store of its own, in a file unless told otherwise. Syncing the disk is not what most tests are about. */
export async function openStore(
  t: ExecutionContext,
  options: OpenOptions & { path?: string } = {},
): Promise<Store> {
  const { path = await storePath(t), ...rest } = options
  const store = await open(path, { durability: 'relaxed', ...rest })
  t.teardown(() => store.close())
  return store
}

/** An index that usearch has saved; the README beside it says what is in it. */
export function usearchFile(name: string): string {
  return join(root, 'crates', 'index', 'tests', 'data', 'usearch', `${name}.usearch`)
}

/** The error that a call ends with, which must be one of ours, with this code. */
export async function refused(
  t: ExecutionContext,
  code: ErrorCode,
  call: () => unknown,
): Promise<HippocampError> {
  try {
    await call()
  } catch (error) {
    if (!(error instanceof HippocampError)) throw error
    t.is(error.code, code, error.message)
    return error
  }
  throw new Error(`nothing was refused, ${code} was expected`)
}

/** Directions in the plane, by their angle in degrees. */
export function direction(degrees: number): number[] {
  return [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
}

/** Vectors that look random and are the same in every run, one after the other. */
export function randomVectors(count: number, dimension: number, seed = 1): Float32Array {
  let state = seed >>> 0 || 1
  return Float32Array.from({ length: count * dimension }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 31 - 1
  })
}
