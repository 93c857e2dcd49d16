// What a tool generated must be committed as the tool generates it now.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, state } from '../root.mjs'
import { capture, tool } from '../run.mjs'

/** The addon's loader and types. Set-up has just written them, if the crates or the files themselves had changed. */
export async function loaderIsCommitted() {
  await capture(['git', 'ls-files', '--error-unmatch', 'index.js', 'index.d.ts'])
  await capture(['git', 'diff', '--exit-code', 'HEAD', '--', 'index.js', 'index.d.ts'])
}

/** The platform packages, which repeat the version and the description of package.json. */
export async function platformPackagesAreCommitted() {
  // Inside the project: the CLI writes nowhere else.
  const folder = mkdtempSync(state('npm-'))
  try {
    await capture(tool('@napi-rs/cli', 'napi', 'create-npm-dirs', '--npm-dir', folder))
    await capture(['git', 'diff', '--no-index', '--exit-code', join(root, 'npm'), folder])
  } finally {
    rmSync(folder, { recursive: true })
  }
}
