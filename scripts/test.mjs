// `npm test`: every test, Rust's and JavaScript's, and one total over both as the last line.
//
//   npm test -- [--rust | --js] [arguments for cargo test or ava, if one of them was chosen]
import { avaCounts, cargoCounts, total } from './counts.mjs'
import { hostTarget } from './host-target.mjs'
import { observe, tool } from './run.mjs'
import { main, setUp } from './setup.mjs'

await main(async () => {
  const [first, ...rest] = process.argv.slice(2)
  const only = ['--rust', '--js'].find(name => name === first)
  if (first !== undefined && !only)
    throw new Error(`"${first}" is unknown: --rust or --js comes first`)
  await setUp({ model: process.env.CI ? 'required' : 'wanted', evaluation: true })

  const counts = []
  if (only !== '--js') {
    counts.push(
      cargoCounts(
        await observe([
          'cargo',
          'test',
          '--workspace',
          '--profile',
          'checked',
          '--target',
          hostTarget(),
          '--no-fail-fast',
          ...rest,
        ]),
      ),
    )
  }
  if (only !== '--rust') counts.push(avaCounts(await observe(tool('ava', 'ava', ...rest))))

  const { passed, failed, skipped } = total(counts)
  console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)
  if (failed > 0 || passed === 0) process.exitCode = 1
})
