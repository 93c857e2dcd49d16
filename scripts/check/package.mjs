// The packed package: that it holds what it should and no more, and that every way to import it finds code and types.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '../pack.mjs'
import { capture, tool } from '../run.mjs'

const EXPECTED = [
  /^package\.json$/,
  /^README(\.[\w-]+)?\.md$/,
  /^LICENSE$/,
  /^index\.(js|d\.ts)$/,
  /^dist\/([\w-]+\/)*[\w-]+\.(js|mjs|d\.ts|d\.mts)$/,
]
const REQUIRED = [
  'LICENSE',
  'README.md',
  'index.js',
  'dist/index.js',
  'dist/index.mjs',
  'dist/memory/index.js',
  'dist/documents/index.js',
]
const MAX_MAIN = 400_000 // bytes, packed: JavaScript and types with their documentation, those of adapters twice
const MAX_PLATFORM = 20_000_000 // bytes, packed: one addon, which embeds SQLite and the tokenizers

export async function packageIsSound() {
  const folder = mkdtempSync(join(tmpdir(), 'hippocamp-pack-'))
  try {
    const { main, platform } = await pack(folder)
    const faults = [
      ...main.files
        .filter(file => !EXPECTED.some(name => name.test(file)))
        .map(file => `${file} is no part of it`),
      ...REQUIRED.filter(file => !main.files.includes(file)).map(file => `${file} is missing`),
      ...tooLarge('the package', main.size, MAX_MAIN),
      ...tooLarge('the platform package', platform.size, MAX_PLATFORM),
    ]
    if (faults.length > 0) throw new Error(`npm pack: ${faults.join('; ')}`)
    await capture(tool('publint', 'publint', 'run', main.path, '--strict'))
    await capture(tool('publint', 'publint', 'run', platform.path, '--strict'))
    // node16: every resolver that a supported Node.js or a current bundler uses; sub-paths don't exist for older ones.
    await capture(
      tool('@arethetypeswrong/cli', 'attw', main.path, '--profile', 'node16', '--no-color'),
    )
    return `${main.files.length} files, ${kilobytes(main.size)} packed; platform package ${kilobytes(platform.size)}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * @param {string} what
 * @param {number} size
 * @param {number} limit
 */
function tooLarge(what, size, limit) {
  return size > limit ? [`${what} has ${kilobytes(size)}, more than ${kilobytes(limit)}`] : []
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${Math.round(bytes / 1000).toLocaleString('en')} kB`
}
