// `npm run demo -- [arguments]`: the main job, on real input. The arguments are the example's own.
import { run } from './run.mjs'
import { main, setUp } from './setup.mjs'

await main(async () => {
  await setUp({ profile: 'release' })
  await run([process.execPath, 'examples/product-kb/main.mjs', ...process.argv.slice(2)])
})
