// A stamp remembers from which inputs an output was made, by content: times differ between clones, contents do not.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { root, state } from '../root.mjs'

/**
 * The hash of files and folders, given relative to the root. An absent one counts as absent, not as an error;
 * what builds leave inside folders does not count.
 * @param {string[]} paths
 */
export function hashOf(paths) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap(path => filesIn(join(root, path))).sort()) {
    const name = relative(root, file).split(sep).join('/')
    hash.update(`${name}\0${createHash('sha256').update(readFileSync(file)).digest('hex')}\n`)
  }
  return hash.digest('hex')
}

/**
 * What a stamp says, or an empty object if there is none.
 * @param {string} name
 * @returns {Record<string, string>}
 */
export function readStamp(name) {
  try {
    return JSON.parse(readFileSync(state(`${name}.json`), 'utf8'))
  } catch {
    return {}
  }
}

/**
 * @param {string} name
 * @param {Record<string, string>} content
 */
export function writeStamp(name, content) {
  const part = state(`${name}.${process.pid}.part`)
  writeFileSync(part, JSON.stringify(content, null, 2))
  renameSync(part, state(`${name}.json`))
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesIn(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return []
  if (stat.isFile()) return [path]
  return readdirSync(path)
    .filter(name => name !== 'target' && !name.endsWith('.node'))
    .flatMap(name => filesIn(join(path, name)))
}
