// How the small examples start: a language, a model, a store in memory, and a line instead of a stack where something fails.
import { parseArgs } from 'node:util'
import { downloadProgress, loadEncoder, open } from 'hippocamp'

/** Which model each language is asked with. */
const MODELS = { en: 'sentence-transformers/all-MiniLM-L6-v2', zh: undefined }

/**
 * Runs an example, by its command line:
 *
 *   --lang en|zh     language of texts and questions (default en)
 *   --model MODEL    a folder with a sentence-transformers model, or an id of a model hub; for zh a multilingual one
 *   --data DIR       evaluation data, to measure how well it works
 * @param {(run: { lang: 'en' | 'zh', store: import('hippocamp').Store, encoder: import('hippocamp').Encoder, data: string | undefined }) => Promise<void>} example
 */
export async function run(example) {
  try {
    const { values } = parseArgs({
      options: { lang: { type: 'string' }, model: { type: 'string' }, data: { type: 'string' } },
    })
    const { lang = 'en', data } = values
    if (lang !== 'en' && lang !== 'zh') throw new Error(`--lang is "${lang}": give en or zh`)
    const model = values.model ?? MODELS[lang]
    if (!model)
      throw new Error(
        '--lang zh needs --model: the folder of a multilingual model such as multilingual-e5-small',
      )
    const encoder = await loadEncoder(model, { onProgress: downloadProgress() })
    const store = await open(':memory:', { encoder })
    try {
      await example({ lang, store, encoder, data })
    } finally {
      await store.close()
    }
  } catch (error) {
    console.error(/** @type {Error} */ (error).message)
    process.exitCode = 1
  }
}

/** @param {number} part */
export function percent(part) {
  return `${(100 * part).toFixed(1)} %`
}
