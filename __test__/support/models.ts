/** Where tests find a real model: HIPPOCAMP_MODELS, or where set-up puts it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Encoder, loadEncoder } from 'hippocamp'
import { root } from './sources.js'

/** The folder of a model, by its name without the owner; undefined if it is not on this machine. */
export function modelFolder(name = 'all-MiniLM-L6-v2'): string | undefined {
  const folders = [process.env.HIPPOCAMP_MODELS, join(root, '.hippocamp', 'models')]
  return folders
    .filter(folder => folder !== undefined)
    .map(folder => join(folder, name))
    .find(folder => existsSync(join(folder, 'model.safetensors')))
}

let loading: Promise<Encoder> | undefined

/** A test with all-MiniLM-L6-v2; skipped, with a message, where the model is not there. */
export function testWithModel(
  title: string,
  run: (t: ExecutionContext, encoder: Encoder, folder: string) => Promise<void>,
): void {
  const folder = modelFolder()
  if (!folder) {
    console.log(
      `skipped: "${title}" needs all-MiniLM-L6-v2 in HIPPOCAMP_MODELS or .hippocamp/models`,
    )
    test.skip(title, () => {})
    return
  }
  test(title, async t => {
    loading ??= loadEncoder(folder)
    await run(t, await loading, folder)
  })
}
