// The command line of the example.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const USAGE = `node examples/product-kb/main.mjs [options]

  --lang en|zh     the catalogue and the questions: English (default) or Chinese
  --model MODEL    a folder with a sentence-transformers model, or an id of a model hub
                   (default sentence-transformers/all-MiniLM-L6-v2, which reads English only)
  --store FILE     where to keep the store (default .hippocamp/product-kb-<lang>.db)
  --fresh          drop what an earlier run stored, and encode everything again
  --help           show this`

/** In the project's folder, so that the store is in the same place from wherever the example is started. */
export const DEFAULT_FOLDER = fileURLToPath(new URL('../../.hippocamp', import.meta.url))

export class UsageError extends Error {
  name = 'UsageError'
}

/**
 * @param {string[]} argv
 * @returns {{ lang: 'en' | 'zh', model: string, store: string, fresh: boolean, help: boolean }}
 */
export function readArgs(argv) {
  const { values, tokens } = parseArgs({
    args: argv,
    strict: false,
    tokens: true,
    options: {
      lang: { type: 'string' },
      model: { type: 'string' },
      store: { type: 'string' },
      fresh: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  for (const token of tokens) checkToken(token)
  const lang = values.lang ?? 'en'
  if (lang !== 'en' && lang !== 'zh') {
    throw new UsageError(`--lang is "${lang}": give en or zh`)
  }
  return {
    lang,
    model: String(values.model ?? 'sentence-transformers/all-MiniLM-L6-v2'),
    store: String(values.store ?? join(DEFAULT_FOLDER, `product-kb-${lang}.db`)),
    fresh: values.fresh === true,
    help: values.help === true,
  }
}

/** @param {{ kind: string, name?: string, rawName?: string, value?: string | undefined }} token */
function checkToken(token) {
  if (token.kind === 'positional') {
    throw new UsageError(`"${token.value}" is not an option: see --help`)
  }
  if (token.kind !== 'option') return
  const takesValue = ['lang', 'model', 'store'].includes(String(token.name))
  if (!takesValue && token.name !== 'fresh' && token.name !== 'help') {
    throw new UsageError(`${token.rawName} is not an option: see --help`)
  }
  if (takesValue && (!token.value || isSwallowed(token))) {
    throw new UsageError(`${token.rawName} needs a value: see --help`)
  }
  if (!takesValue && token.value !== undefined) {
    throw new UsageError(`${token.rawName} takes no value, but "${token.value}" was given`)
  }
}

/** `--store --fresh` means a forgotten value; who has a file of that name writes `--store=--fresh`. */
function isSwallowed(/** @type {{ value?: string, inlineValue?: boolean }} */ token) {
  return !token.inlineValue && token.value?.startsWith('-') === true
}
