// The peers' npm packages: installed at first use, in a folder of their own, so that nobody who does not compare needs them.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const FOLDER = fileURLToPath(new URL('../.hippocamp/bench-peers', import.meta.url))
// ONNX Runtime's package has all that a CPU needs; without this, it fetches hundreds of megabytes for GPUs.
const ENV = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' }

/**
 * Installs exact versions; one failing leaves the others as they are.
 * @param {Record<string, string>} packages
 * @returns {Promise<void>} rejects with the last lines of what npm said
 */
export async function install(packages) {
  const missing = Object.entries(packages).filter(
    ([name, version]) => installedVersion(name) !== version,
  )
  if (missing.length === 0) return
  mkdirSync(FOLDER, { recursive: true })
  const manifest = join(FOLDER, 'package.json')
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n')
  const wanted = missing.map(([name, version]) => `${name}@${version}`)
  console.error(`installing ${wanted.join(', ')}`)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // Peers of a peer that it only needs for other uses are left out: mem0ai has forty.
  const command = [
    'install',
    '--save-exact',
    '--legacy-peer-deps',
    '--no-audit',
    '--no-fund',
    ...wanted,
  ]
  try {
    const shell = process.platform === 'win32'
    await promisify(execFile)(npm, command, { cwd: FOLDER, env: ENV, maxBuffer: 2 ** 26, shell })
  } catch (error) {
    throw new Error(`npm install failed: ${lastLines(error.stderr || error.message)}`)
  }
}

/** @param {string} name @returns {string | undefined} */
function installedVersion(name) {
  const file = join(FOLDER, 'node_modules', name, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined
}

/** @param {string} text */
export function lastLines(text) {
  return text.trim().split('\n').slice(-3).join(' ').slice(-300)
}
