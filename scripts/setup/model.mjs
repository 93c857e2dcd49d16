// The model which demo, tests and benchmarks use, found or fetched by the library's own code.
//
// It stays where fetchModel keeps models; .hippocamp/models/ links to it, which is where Rust tests look.
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { root, state } from '../root.mjs'

export const MODEL = 'sentence-transformers/all-MiniLM-L6-v2'

/** What is to be done, or undefined when the model is there. */
export function model() {
  const link = state('models', basename(MODEL))
  if (existsSync(join(link, 'model.safetensors'))) return undefined
  return { title: `fetching the model ${MODEL}`, run: () => fetch(link) }
}

/** @param {string} link */
async function fetch(link) {
  const { fetchModel } = createRequire(import.meta.url)(join(root, 'dist/index.js'))
  const folder = await fetchModel(MODEL)
  mkdirSync(state('models'), { recursive: true })
  rmSync(link, { recursive: true, force: true })
  symlinkSync(folder, link, 'junction')
}
