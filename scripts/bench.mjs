// `npm run bench -- encoder|search|filters|retrieval|modes|memory|turns|documents|frameworks|store [--json FILE]`: measurements, always of the release build.
import { run } from './run.mjs'
import { main, setUp } from './setup.mjs'

await main(async () => {
  await setUp({ profile: 'release' })
  await run([process.execPath, 'bench/main.mjs', ...process.argv.slice(2)])
})
