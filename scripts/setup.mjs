// Makes the project ready to run, and does only what is missing: npm dependencies, native addon, dist/, model.
// `npm run demo`, `npm test` and the others call it, so that a fresh clone needs no other command.
//
//   node scripts/setup.mjs [--release] [--no-model] [--prebuilt]
import { pathToFileURL } from 'node:url'
import { addon, adopt } from './setup/addon.mjs'
import { dependencies } from './setup/dependencies.mjs'
import { evaluationModels } from './setup/evaluation.mjs'
import { alone } from './setup/lock.mjs'
import { model } from './setup/model.mjs'
import { typescript } from './setup/typescript.mjs'

/**
 * @param {object} options
 * @param {string} [options.profile] the cargo profile which the addon must have been built with; any, if absent
 * @param {'required' | 'wanted' | 'none'} [options.model] whether a model that cannot be fetched ends the set-up
 * @param {boolean} [options.evaluation] whether the models that only tests need are laid out, where that is possible
 * @default model 'required'
 */
export async function setUp({ profile, model: need = 'required', evaluation = false } = {}) {
  const steps = [dependencies, () => addon(profile), typescript]
  if (need !== 'none') steps.push(model)
  if (evaluation) steps.push(evaluationModels)
  if (steps.every(step => step() === undefined)) return
  await alone(async () => {
    for (const step of steps) {
      const todo = step() // looked at again: another process may have done it while we waited for the lock
      if (!todo) continue
      console.log(`setup: ${todo.title}`)
      const start = Date.now()
      try {
        await todo.run()
      } catch (error) {
        const dispensable = step === evaluationModels || (step === model && need === 'wanted')
        if (!dispensable) throw error
        console.error(`setup: ${/** @type {Error} */ (error).message}`)
        console.error('setup: going on without it; tests that need it will be skipped')
        continue
      }
      console.log(`setup: done in ${((Date.now() - start) / 1000).toFixed(1)} s`)
    }
  })
}

/**
 * Runs a command of ours, after a set-up; a failure becomes one line and the exit status.
 * @param {() => Promise<void>} command
 */
export async function main(command) {
  try {
    await command()
  } catch (error) {
    console.error(`\n${/** @type {Error} */ (error).message}`)
    process.exitCode = 1
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const has = (/** @type {string} */ flag) => process.argv.includes(flag)
  await main(async () => {
    if (has('--prebuilt')) adopt()
    await setUp({
      profile: has('--release') ? 'release' : undefined,
      model: has('--no-model') ? 'none' : 'required',
    })
  })
}
