// The models that only tests need, where the evaluation data is at hand with the tools that lay them out. Without them the
// tests that need them say that they were skipped.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root, state } from '../root.mjs'
import { capture } from '../run.mjs'

/** What is to be done, or undefined when there is nothing to do or no means. */
export function evaluationModels() {
  const tool = join(resolve(root, process.env.HIPPOCAMP_EVAL_DIR ?? '../shared'), 'tools/models.sh')
  const there = existsSync(state('models', 'multilingual-e5-small', 'model.safetensors'))
  if (there || process.env.HIPPOCAMP_MODELS || !existsSync(tool)) return undefined
  return {
    title: 'laying out the models of the evaluation data',
    run: async () => void (await capture(['bash', tool, state('models')])),
  }
}
