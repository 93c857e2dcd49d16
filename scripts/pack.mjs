// Packs what would be published: the package, and the package of this platform with the addon that is built.
import {
  copyFileSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { root, state } from './root.mjs'
import { capture, npm } from './run.mjs'
import { addonFile } from './setup/addon.mjs'
import { hashOf } from './setup/stamp.mjs'

/**
 * @typedef {object} Tarball
 * @property {string} name of the package
 * @property {string} path
 * @property {string[]} files in the package, with forward slashes
 * @property {number} size packed, in bytes
 */

/**
 * @param {string} folder where the package goes; the platform package may be elsewhere
 * @returns {Promise<{ main: Tarball, platform: Tarball }>}
 */
export async function pack(folder) {
  return { main: await packOne(root, folder), platform: await packPlatform() }
}

// An addon for tests has 50 MB, which npm compresses for ten seconds; so the tarball is kept until the addon changes.
/** @returns {Promise<Tarball>} */
async function packPlatform() {
  const addon = addonFile()
  const source = `npm/${addon.split('.')[1]}`
  const kept = state('packed', hashOf([addon, source]))
  const summary = join(kept, 'tarball.json')
  if (!existsSync(summary)) {
    const part = `${kept}.${process.pid}`
    cpSync(join(root, source), join(part, source), { recursive: true })
    copyFileSync(join(root, addon), join(part, source, addon))
    const tarball = await packOne(join(part, source), part)
    rmSync(join(part, 'npm'), { recursive: true })
    writeFileSync(
      join(part, 'tarball.json'),
      JSON.stringify({ ...tarball, path: tarball.path.replace(part, kept) }),
    )
    if (existsSync(kept)) rmSync(part, { recursive: true })
    else renameSync(part, kept)
  }
  return JSON.parse(readFileSync(summary, 'utf8'))
}

/**
 * @param {string} cwd
 * @param {string} folder
 * @returns {Promise<Tarball>}
 */
async function packOne(cwd, folder) {
  const command = npm('pack', '--json', '--ignore-scripts', '--pack-destination', folder)
  const [{ name, filename, files, size }] = JSON.parse(await capture(command, { cwd }))
  return {
    name,
    path: join(folder, filename),
    files: files.map((/** @type {{ path: string }} */ file) => file.path),
    size,
  }
}
