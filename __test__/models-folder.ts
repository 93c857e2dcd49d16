// From a name to a local folder: what is a folder, what is an id, what is refused.
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { HippocampError } from '../src-ts/errors.js'
import { fetchModel } from '../src-ts/models/fetch.js'
import { temporaryFolder, tinyModel, writeFiles } from './support/tiny-model.js'

async function modelFolder(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t)
  await writeFiles(folder, tinyModel())
  return folder
}

async function refusal(t: ExecutionContext, name: unknown, options = {}): Promise<HippocampError> {
  return t.throwsAsync<HippocampError>(fetchModel(name as string, { offline: true, ...options }))
}

test('a complete folder is used where it is', async t => {
  const folder = await modelFolder(t)
  t.is(await fetchModel(folder), folder)
  t.is(await fetchModel(relative(process.cwd(), folder)), folder)
})

test('a half-written folder is refused with the list of what is missing', async t => {
  const folder = await modelFolder(t)
  await rm(join(folder, 'tokenizer.json'))
  await rm(join(folder, '1_Pooling/config.json'))
  await truncate(join(folder, 'model.safetensors'))
  const { code, message } = await refusal(t, folder)
  t.is(code, 'ERR_MODEL_INVALID')
  t.is(
    message,
    `the model folder ${folder} is incomplete, it lacks tokenizer.json, 1_Pooling/config.json, model.safetensors: copy or fetch the model again`,
  )
})

test('a missing shard is missing', async t => {
  const folder = await modelFolder(t)
  await rm(join(folder, 'model.safetensors'))
  const map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' }
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
  await writeFile(join(folder, 'model-00001-of-00002.safetensors'), 'weights')
  const { code, message } = await refusal(t, folder)
  t.is(code, 'ERR_MODEL_INVALID')
  t.regex(message, /it lacks model-00002-of-00002\.safetensors:/)

  await writeFile(join(folder, 'model-00002-of-00002.safetensors'), 'weights')
  t.is(await fetchModel(folder), folder)
})

test('the files of a transformer and of a dense layer are looked for where modules.json says', async t => {
  const folder = await temporaryFolder(t)
  const modules = [
    { path: '0_Transformer', type: 'sentence_transformers.models.Transformer' },
    { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    { path: '2_Dense', type: 'sentence_transformers.models.Dense' },
  ]
  await writeFile(join(folder, 'modules.json'), JSON.stringify(modules))
  const { message } = await refusal(t, folder)
  t.regex(
    message,
    /it lacks 0_Transformer\/config\.json, 0_Transformer\/tokenizer\.json, 1_Pooling\/config\.json, 2_Dense\/config\.json, 2_Dense\/model\.safetensors, 0_Transformer\/model\.safetensors:/,
  )
})

test('a modules.json that is none is named', async t => {
  const folder = await modelFolder(t)
  await writeFile(join(folder, 'modules.json'), '{"half":')
  const { code, message } = await refusal(t, folder)
  t.is(code, 'ERR_MODEL_INVALID')
  t.regex(message, /modules\.json \(it is there, but not a list of modules\)/)
})

test('a file is not a folder', async t => {
  const folder = await modelFolder(t)
  const { code, message } = await refusal(t, join(folder, 'config.json'))
  t.is(code, 'ERR_MODEL_INVALID')
  t.regex(message, /config\.json is a file: give the folder/)
})

for (const name of ['./not-there', '/not/there', '../not/there', 'C:\\not\\there', '~/not-there']) {
  test(`the path ${name} leads to nothing`, async t => {
    const { code, message } = await refusal(t, name)
    t.is(code, 'ERR_MODEL_NOT_FOUND')
    t.true(message.startsWith(`no model "${name}": there is no folder `), message)
  })
}

test('a single word that is neither a folder nor a short name is not found', async t => {
  const { code, message } = await refusal(t, 'all-MiniLM')
  t.is(code, 'ERR_MODEL_NOT_FOUND')
  t.regex(message, /^no model "all-MiniLM": .* known short names \(all-MiniLM-L6-v2\)/)
})

for (const name of [
  'a/b/c',
  'org/..',
  'org/na..me',
  'org/na--me',
  'org/.hidden',
  'org/name.',
  'org/na me',
  'org/na%2e%2e',
  'org/',
  'org/名前',
  `org/${'x'.repeat(97)}`,
]) {
  test(`"${name.slice(0, 20)}" is no id`, async t => {
    const { code, message } = await refusal(t, name)
    t.is(code, 'ERR_INVALID_ARGUMENT')
    t.regex(message, /is not a model id: an id is org\/name/)
  })
}

test('a URL is no id', async t => {
  const { code, message } = await refusal(t, 'https://huggingface.co/org/name')
  t.is(code, 'ERR_INVALID_ARGUMENT')
  t.regex(message, /is a URL: .* HF_ENDPOINT/)
})

for (const name of ['', 'a\0b', undefined, null, 7, {}]) {
  test(`the value ${JSON.stringify(name)} is no name`, async t => {
    t.is((await refusal(t, name)).code, 'ERR_INVALID_ARGUMENT')
  })
}

for (const revision of ['', '..', 'a/../b', '/main', 'ma in', 'x'.repeat(300), 7]) {
  test(`${JSON.stringify(revision).slice(0, 20)} is no revision`, async t => {
    const { code, message } = await refusal(t, 'org/name', { revision })
    t.is(code, 'ERR_INVALID_ARGUMENT')
    t.regex(message, /^the revision must be a branch, a tag or a commit/)
  })
}

test('options that are misspelt or of the wrong type are refused', async t => {
  const cases: [object, string][] = [
    [{ offlien: true }, 'unknown option "offlien" of fetchModel: did you mean "offline"?'],
    [{ offline: 'yes' }, 'offline is "yes": give true or false'],
    [{ cacheDir: '' }, 'cacheDir is "": give the path of a folder'],
    [{ onProgress: true }, 'onProgress is true: give a function'],
    [{ signal: 1 }, 'signal is 1: give the signal of an AbortController'],
  ]
  for (const [options, message] of cases) {
    await t.throwsAsync(fetchModel('org/name', options), { code: 'ERR_INVALID_ARGUMENT', message })
  }
})
