// `npm run bench -- encoder|search|filters|retrieval|modes|store|memory [--json FILE]`: measurements, always of the release build.
import { run } from './run.mjs'
import { main, setUp } from './setup.mjs'

await main(async () => {
  await setUp({ profile: 'release' })
  await run([process.execPath, 'bench/main.mjs', ...process.argv.slice(2)])
})
