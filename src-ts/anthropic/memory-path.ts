/**
 * Paths of Claude's memory: files below /memories.
 */
import { posix } from 'node:path'
import { invalid } from '#core/errors'
import { text } from '#core/options'

export const ROOT = '/memories'

/**
 * A path without detours.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT for one that is not below /memories
 */
export function memoryPath(path: unknown): string {
  const given = text('the path', path)
  const plain = posix.normalize(given).replace(/\/+$/, '')
  if (plain === ROOT || plain.startsWith(`${ROOT}/`)) return plain
  throw invalid(`The path ${given} is not below ${ROOT}: give a path that starts with ${ROOT}/`)
}

/** Whether one path is below another. */
export function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

/** The folders above a path, the nearest first, without the root. */
export function foldersAbove(path: string): string[] {
  const parent = posix.dirname(path)
  return isBelow(parent, ROOT) ? [parent, ...foldersAbove(parent)] : []
}
