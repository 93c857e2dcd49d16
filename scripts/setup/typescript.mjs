// The TypeScript sources, compiled to dist/.
//
// Compiled aside and then exchanged, so that dist/ never holds a file whose source is gone.
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, state } from '../root.mjs'
import { run, tool } from '../run.mjs'
import { hashOf, readStamp, writeStamp } from './stamp.mjs'

const SOURCES = ['src-ts', 'tsconfig.json', 'index.d.ts', 'package-lock.json']

/** What is to be done, or undefined when dist/ is up to date. */
export function typescript() {
  const stamp = readStamp('typescript')
  if (stamp.sources === hashOf(SOURCES) && stamp.outputs === hashOf(['dist'])) return undefined
  return { title: 'compiling the TypeScript sources', run: compile }
}

async function compile() {
  const sources = hashOf(SOURCES)
  const fresh = state('dist')
  const old = state('dist.old')
  rmSync(fresh, { recursive: true, force: true })
  rmSync(old, { recursive: true, force: true })
  await run(tool('typescript', 'tsc', '--project', 'tsconfig.json', '--outDir', fresh))
  const dist = join(root, 'dist')
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(fresh, dist)
  rmSync(old, { recursive: true, force: true })
  writeStamp('typescript', { sources, outputs: hashOf(['dist']) })
}
