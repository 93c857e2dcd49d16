// Where things are: the project's root, and the folder in which set-up keeps its stamps, its lock and links to models.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * A path inside `.hippocamp/`, which is made if absent; nothing in it is ever committed.
 * @param {...string} names
 */
export function state(...names) {
  const folder = join(root, '.hippocamp')
  mkdirSync(folder, { recursive: true })
  return join(folder, ...names)
}
