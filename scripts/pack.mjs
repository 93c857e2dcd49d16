// Packs what would be published: the package, and the package of this platform with the addon that is built.
import { copyFileSync, cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.mjs'
import { capture, npm } from './run.mjs'
import { addonFile } from './setup/addon.mjs'

/**
 * @typedef {object} Tarball
 * @property {string} name of the package
 * @property {string} path
 * @property {string[]} files in the package, with forward slashes
 * @property {number} size packed, in bytes
 */

/**
 * @param {string} folder where the tarballs go
 * @returns {Promise<{ main: Tarball, platform: Tarball }>}
 */
export async function pack(folder) {
  const file = addonFile()
  const [, triple] = file.split('.')
  const source = join(folder, triple)
  mkdirSync(source, { recursive: true })
  cpSync(join(root, 'npm', triple), source, { recursive: true })
  copyFileSync(join(root, file), join(source, file))
  return { main: await packOne(root, folder), platform: await packOne(source, folder) }
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
