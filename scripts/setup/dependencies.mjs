// npm dependencies as the lock file has them.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.mjs'
import { npm, run } from '../run.mjs'

/** What is to be done, or undefined when the lock file's packages are installed. */
export function dependencies() {
  if (areInstalled() && existsSync(self())) return undefined
  return { title: 'installing the npm dependencies', run: install }
}

async function install() {
  if (!areInstalled())
    await run(npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'))
  linkSelf()
}

// npm writes what it has installed beside it, in the lock file's own format. Packages of other platforms are absent there.
function areInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
    const present = JSON.parse(
      readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'),
    ).packages
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || (present[path] ? present[path].version === version : optional),
    )
  } catch {
    return false
  }
}

// Tests and examples import `hippocamp` as a user does. Node lets a package import itself by name, but not from a folder
// with a package.json of its own, as __test__/ is; this link serves there.
function linkSelf() {
  if (!existsSync(self())) symlinkSync(root, self(), 'junction')
}

function self() {
  return join(root, 'node_modules/hippocamp')
}
