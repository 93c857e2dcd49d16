// `npm run check`: everything that is not a test of behaviour. All checks run, whichever fails; the last line counts them.
import { loaderIsCommitted, platformPackagesAreCommitted } from './check/generated.mjs'
import { packageIsSound } from './check/package.mjs'
import { workflowsAreSound } from './check/workflows.mjs'
import { hostTarget } from './host-target.mjs'
import { capture, tool } from './run.mjs'
import { main, setUp } from './setup.mjs'

/** @type {[string, () => Promise<string | void>][]} */
const CHECKS = [
  ['Rust is formatted', command('cargo', 'fmt', '--all', '--check')],
  [
    'TypeScript is formatted and linted',
    () => capture(tool('@biomejs/biome', 'biome', 'ci', '--error-on-warnings')).then(nothing),
  ],
  [
    'TypeScript has no type errors',
    () => capture(tool('typescript', 'tsc', '--project', '__test__')).then(nothing),
  ],
  // In the profile of the tests, so that SQLite is not compiled again.
  [
    'Rust is linted',
    command(
      'cargo',
      'clippy',
      '--workspace',
      '--all-targets',
      '--profile',
      'checked',
      '--target',
      hostTarget(),
      '--quiet',
      '--',
      '-D',
      'warnings',
    ),
  ],
  [
    'Rust documentation has no broken link',
    () =>
      capture(
        [
          ...'cargo doc --workspace --no-deps --quiet --profile checked --target'.split(' '),
          hostTarget(),
        ],
        {
          env: { ...process.env, RUSTDOCFLAGS: '-D warnings' },
        },
      ).then(nothing),
  ],
  ['the generated loader and types are committed', loaderIsCommitted],
  ['the platform packages are committed', platformPackagesAreCommitted],
  ['the package is sound', packageIsSound],
  ['the workflows are sound', workflowsAreSound],
  [
    'the house rules hold',
    () => capture(tool('ava', 'ava', '__test__/architecture.ts')).then(nothing),
  ],
]

await main(async () => {
  await setUp({ model: 'none' })
  let failed = 0
  for (const [title, check] of CHECKS) {
    try {
      const note = await check()
      console.log(`✔ ${title}${note ? ` (${note})` : ''}`)
    } catch (error) {
      failed++
      console.log(`✘ ${title}\n${/** @type {Error} */ (error).message}`)
    }
  }
  console.log(`\ncheck: ${CHECKS.length - failed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
})

/** @param {...string} args */
function command(...args) {
  return () => capture(args).then(nothing)
}

function nothing() {}
