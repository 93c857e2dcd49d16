// The native addon, built from the crates as they are now.
//
// It is built aside and then moved to the root, so that a process which loads the addon meanwhile never sees half a file.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { root, state } from '../root.mjs'
import { run, tool } from '../run.mjs'
import { hashOf, readStamp, writeStamp } from './stamp.mjs'

const SOURCES = ['crates', 'Cargo.toml', 'Cargo.lock', 'package.json']
const GENERATED = ['index.js', 'index.d.ts']

/**
 * What is to be done, or undefined when the addon is up to date.
 * @param {string | undefined} profile the cargo profile which it must have been built with; any, if undefined
 */
export function addon(profile) {
  const stamp = readStamp('addon')
  const current =
    stamp.sources === hashOf(SOURCES) &&
    stamp.outputs === outputs() &&
    (profile === undefined || stamp.profile === profile)
  if (current) return undefined
  const chosen = profile ?? 'checked'
  return { title: `building the native addon (profile ${chosen})`, run: () => build(chosen) }
}

/** Takes the one addon at the root as built from the sources that are here, as when it was built on another machine. */
export function adopt() {
  const files = readdirSync(root).filter(name => name.endsWith('.node'))
  const [file] = files
  if (!file || files.length > 1)
    throw new Error(`there must be one prebuilt addon in ${root}; there are ${files.length}`)
  writeStamp('addon', {
    sources: hashOf(SOURCES),
    profile: 'release',
    file,
    outputs: outputs(file),
  })
}

/** The name of the built addon's file, which tells its platform: `hippocamp.linux-x64-gnu.node`. */
export function addonFile() {
  const { file } = readStamp('addon')
  if (!file || !existsSync(join(root, file)))
    throw new Error('no native addon is built: npm run build')
  return file
}

/** @param {string} profile */
async function build(profile) {
  const sources = hashOf(SOURCES) // before the build: a change during it makes the addon stale
  const folder = state('addon')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  await run(
    tool(
      '@napi-rs/cli',
      'napi',
      'build',
      '--platform',
      '--package',
      'hippocamp-node',
      '--profile',
      profile,
    ).concat('--output-dir', folder, '--js', 'index.js', '--dts', 'index.d.ts'),
  )
  const file = readdirSync(folder).find(name => name.endsWith('.node'))
  if (!file) throw new Error(`the build left no addon in ${folder}`)
  rmSync(join(root, file), { force: true })
  renameSync(join(folder, file), join(root, file))
  for (const name of GENERATED) {
    if (!isSame(join(folder, name), join(root, name))) {
      copyFileSync(join(folder, name), join(root, name))
      console.log(`setup: ${name} has changed: commit it`)
    }
  }
  rmSync(folder, { recursive: true })
  writeStamp('addon', { sources, profile, file, outputs: outputs(file) })
}

// Of the addon and what was generated with it, so that a file that was changed or removed by hand is made again.
function outputs(file = readStamp('addon').file) {
  return file && existsSync(join(root, file)) ? hashOf([...GENERATED, file]) : ''
}

/**
 * @param {string} a
 * @param {string} b
 */
function isSame(a, b) {
  return existsSync(b) && readFileSync(a).equals(readFileSync(b))
}
