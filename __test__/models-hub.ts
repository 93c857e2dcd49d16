// Fetching from a hub: over real HTTP, from a server on this machine that speaks the hub's protocol.
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ErrorCode, HippocampError } from '../src-ts/errors.js'
import { type FetchModelOptions, fetchModelWith } from '../src-ts/models/fetch.js'
import type { ModelProgress } from '../src-ts/models/progress.js'
import { readSettings } from '../src-ts/models/settings.js'
import { COMMIT, FakeHub } from './support/fake-hub.js'
import { gitBlobId, sha256, temporaryFolder, tinyModel, writeFiles } from './support/tiny-model.js'

const ID = 'some-org/tiny-model'
const WEIGHTS = 'model.safetensors'
const model = tinyModel()

/** A hub with the tiny model, and a fetch that knows of nothing else. */
async function setUp(t: ExecutionContext, files = model, env: Record<string, string> = {}) {
  const hub = await FakeHub.start(t, ID, files)
  const cache = await temporaryFolder(t)
  const settings = readSettings(
    { HF_ENDPOINT: hub.address, HF_HUB_ETAG_TIMEOUT: '30', ...env },
    cache,
  )
  const repo = join(cache, 'models--some-org--tiny-model')
  return {
    hub,
    cache,
    repo,
    snapshot: join(repo, 'snapshots', COMMIT),
    fetch: (options?: FetchModelOptions) => fetchModelWith(settings, ID, options),
  }
}

async function refusal(t: ExecutionContext, promise: Promise<string>, code: ErrorCode) {
  const error = await t.throwsAsync<HippocampError>(promise)
  t.is(error.code, code)
  return error.message
}

async function partials(repo: string): Promise<string[]> {
  const names = await readdir(join(repo, 'blobs')).catch(() => [])
  return names.filter(name => name.includes('incomplete'))
}

test('a fetched model lies in the cache as the hub tools would lay it', async t => {
  const { repo, snapshot, fetch } = await setUp(t)
  t.is(await fetch(), snapshot)

  t.is(await readFile(join(repo, 'refs', 'main'), 'utf8'), COMMIT)
  const names = await readdir(join(repo, 'blobs'))
  const small = Object.values(model).filter(content => content.length < 1000)
  const weights = model[WEIGHTS] as Buffer
  t.deepEqual(names.sort(), [...small.map(gitBlobId), sha256(weights)].sort())
  for (const [name, content] of Object.entries(model)) {
    t.deepEqual(await readFile(join(snapshot, name)), content)
    const link = await readlink(join(snapshot, name))
    t.regex(
      link,
      name.includes('/') ? /^\.\.[\\/]\.\.[\\/]\.\.[\\/]blobs/ : /^\.\.[\\/]\.\.[\\/]blobs/,
    )
  }
})

test('what is in the cache is used without a request', async t => {
  const { hub, snapshot, fetch } = await setUp(t)
  await fetch()
  const requests = hub.seen.length
  t.is(await fetch(), snapshot)
  t.is(await fetch({ offline: true }), snapshot)
  t.is(await fetch({ revision: COMMIT }), snapshot)
  t.is(hub.seen.length, requests)
})

test('only what the encoder needs is taken', async t => {
  const others = [
    'README.md',
    '.gitattributes',
    'pytorch_model.bin',
    'tf_model.h5',
    'onnx/model.onnx',
    'openvino/openvino_model.xml',
    'onnx/config.json',
    'model-00001-of-00002.safetensors',
    'model.safetensors.index.json',
  ]
  const taken = {
    ...model,
    'tokenizer_config.json': Buffer.from('{}'),
    'special_tokens_map.json': Buffer.from('{} '),
    'sentence_bert_config.json': Buffer.from('{ }'),
    'config_sentence_transformers.json': Buffer.from(' {}'),
    '2_Dense/config.json': Buffer.from('{}  '),
    '2_Dense/model.safetensors': Buffer.from('dense'),
  }
  const files = { ...taken, ...Object.fromEntries(others.map(name => [name, Buffer.from(name)])) }
  const { snapshot, fetch } = await setUp(t, files)
  await fetch()
  const found = await readdir(snapshot, { recursive: true, withFileTypes: true })
  const names = found
    .filter(entry => !entry.isDirectory())
    .map(entry =>
      join(entry.parentPath, entry.name)
        .slice(snapshot.length + 1)
        .replaceAll('\\', '/'),
    )
  t.deepEqual(names.sort(), Object.keys(taken).sort())
})

test('shards are taken where there is no single file of weights', async t => {
  const { [WEIGHTS]: _, ...rest } = model
  const map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' }
  const files = {
    ...rest,
    'model.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: map })),
    [map.a]: Buffer.from('first'),
    [map.b]: Buffer.from('second'),
  }
  const { snapshot, fetch } = await setUp(t, files)
  await fetch()
  t.is(await readFile(join(snapshot, map.b), 'utf8'), 'second')
})

test('a listing without checksums is completed by asking for each file', async t => {
  const { hub, repo, snapshot, fetch } = await setUp(t)
  hub.behaviour = { namesOnly: true }
  t.is(await fetch(), snapshot)
  t.is(hub.requestsOf(WEIGHTS).filter(({ method }) => method === 'HEAD').length, 2)
  t.true((await readdir(join(repo, 'blobs'))).includes(sha256(model[WEIGHTS] as Buffer)))
})

test('progress reaches the length of every file and never falls', async t => {
  const { fetch } = await setUp(t)
  const last = new Map<string, ModelProgress>()
  await fetch({
    onProgress: progress => {
      t.true(progress.received >= (last.get(progress.file)?.received ?? 0))
      last.set(progress.file, progress)
    },
  })
  for (const [file, { length }] of Object.entries(model)) {
    t.deepEqual(last.get(file), { file, received: length, total: length })
  }
})

test('an error in onProgress is the caller’s own and ends the fetch', async t => {
  const { fetch } = await setUp(t)
  const mine = new Error('mine')
  const onProgress = () => {
    throw mine
  }
  t.is(await t.throwsAsync(fetch({ onProgress })), mine)
})

test('a broken connection is continued from where it broke', async t => {
  const { hub, snapshot, repo, fetch } = await setUp(t)
  hub.behaviour = { cuts: { [WEIGHTS]: [100_000, 50_000] } }
  await fetch()
  t.deepEqual(await readFile(join(snapshot, WEIGHTS)), model[WEIGHTS])
  const stored = hub.requestsOf(WEIGHTS).filter(({ server }) => server === 'storage')
  t.deepEqual(
    stored.map(({ range }) => range),
    [undefined, 'bytes=100000-', 'bytes=150000-'],
  )
  t.deepEqual(await partials(repo), [])
})

test('an aborted fetch rejects with the reason and is continued by the next one', async t => {
  const { hub, snapshot, repo, fetch } = await setUp(t)
  hub.behaviour = { cuts: { [WEIGHTS]: [100_000] } }
  const controller = new AbortController()
  const reason = new Error('enough')
  const onProgress = ({ file, received }: ModelProgress) => {
    if (file === WEIGHTS && received > 0) controller.abort(reason)
  }
  t.is(await t.throwsAsync(fetch({ signal: controller.signal, onProgress })), reason)
  const [partial = ''] = await partials(repo)
  const received = (await stat(join(repo, 'blobs', partial))).size
  t.true(received > 0 && received < 300_000)

  const before = hub.seen.length
  await fetch()
  const [second] = hub.seen.slice(before).filter(({ server }) => server === 'storage')
  t.is(second?.range, `bytes=${received}-`)
  t.deepEqual(await readFile(join(snapshot, WEIGHTS)), model[WEIGHTS])
})

test('a signal that is aborted already asks nobody', async t => {
  const { hub, fetch } = await setUp(t)
  const reason = new Error('never mind')
  t.is(await t.throwsAsync(fetch({ signal: AbortSignal.abort(reason) })), reason)
  t.is(hub.seen.length, 0)
})

test('a server that knows no ranges sends the file again from its beginning', async t => {
  const { hub, snapshot, fetch } = await setUp(t)
  hub.behaviour = { cuts: { [WEIGHTS]: [100_000] }, ignoresRange: true }
  await fetch()
  t.deepEqual(await readFile(join(snapshot, WEIGHTS)), model[WEIGHTS])
})

test('a partial file with a hole is fetched once more, whole', async t => {
  const { hub, repo, snapshot, fetch } = await setUp(t)
  const blob = `${sha256(model[WEIGHTS] as Buffer)}.hippocamp.incomplete`
  await writeFiles(join(repo, 'blobs'), { [blob]: Buffer.alloc(200_000) })
  await fetch()
  t.deepEqual(await readFile(join(snapshot, WEIGHTS)), model[WEIGHTS])
  const stored = hub.requestsOf(WEIGHTS).filter(({ server }) => server === 'storage')
  t.deepEqual(
    stored.map(({ range }) => range),
    ['bytes=200000-', undefined],
  )
})

test('a partial file that is too long is begun again', async t => {
  const { repo, snapshot, fetch } = await setUp(t)
  const blob = `${sha256(model[WEIGHTS] as Buffer)}.hippocamp.incomplete`
  await writeFiles(join(repo, 'blobs'), { [blob]: Buffer.alloc(400_000) })
  await fetch()
  t.deepEqual(await readFile(join(snapshot, WEIGHTS)), model[WEIGHTS])
})

test('what another program is writing is not touched', async t => {
  const { repo, fetch } = await setUp(t)
  const theirs = `${sha256(model[WEIGHTS] as Buffer)}.incomplete`
  await writeFiles(join(repo, 'blobs'), { [theirs]: Buffer.from('theirs') })
  await fetch()
  t.is(await readFile(join(repo, 'blobs', theirs), 'utf8'), 'theirs')
})

test('a large file with the wrong content is refused and not kept', async t => {
  const { hub, repo, fetch } = await setUp(t)
  const lie = tinyModel(2)[WEIGHTS] as Buffer
  hub.behaviour = { lies: { [WEIGHTS]: lie } }
  const message = await refusal(t, fetch(), 'ERR_MODEL_CHECKSUM')
  const expected = sha256(model[WEIGHTS] as Buffer)
  t.true(
    message.startsWith(
      `model.safetensors of "${ID}" has SHA-256 ${sha256(lie)}, expected is ${expected}:`,
    ),
    message,
  )
  t.deepEqual(await partials(repo), [])
  t.false((await readdir(join(repo, 'blobs'))).includes(expected))
  t.deepEqual(await readdir(join(repo, 'refs')).catch(() => []), [])

  hub.behaviour = {}
  t.is(await fetch(), join(repo, 'snapshots', COMMIT))
})

test('a small file with the wrong content is refused as well', async t => {
  const { hub, fetch } = await setUp(t)
  const honest = model['config.json'] as Buffer
  const lie = Buffer.from(honest.toString().replace('bert', 'BERT'))
  hub.behaviour = { lies: { 'config.json': lie } }
  const message = await refusal(t, fetch(), 'ERR_MODEL_CHECKSUM')
  t.true(
    message.startsWith(
      `config.json of "${ID}" has git blob id ${gitBlobId(lie)}, expected is ${gitBlobId(honest)}:`,
    ),
    message,
  )
})

test('more bytes than were announced are refused', async t => {
  const { hub, fetch } = await setUp(t)
  hub.behaviour = { lies: { [WEIGHTS]: Buffer.alloc(300_001) } }
  t.regex(
    await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND'),
    /model\.safetensors: the hub sent more than the 300000 bytes it announced/,
  )
})

test('a server that is busy for a moment is asked again', async t => {
  const { hub, snapshot, fetch } = await setUp(t)
  hub.behaviour = { refusals: { [WEIGHTS]: [503, 429] } }
  t.is(await fetch(), snapshot)
})

test('a server that breaks again and again is given up, and what came is kept', async t => {
  const { hub, repo, fetch } = await setUp(t)
  hub.behaviour = { cuts: { [WEIGHTS]: [1_000, 0, 0, 0, 0, 0, 0] } }
  t.regex(await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND'), /model\.safetensors: /)
  const [partial = ''] = await partials(repo)
  t.is((await stat(join(repo, 'blobs', partial))).size, 1_000)
})

test('a download that stalls is given up', async t => {
  const { hub, fetch } = await setUp(t, model, { HF_HUB_DOWNLOAD_TIMEOUT: '0.1' })
  hub.behaviour = { stalls: { [WEIGHTS]: Array(5).fill(100) } }
  t.regex(await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND'), /sent nothing for 0\.1 s/)
})

test('a hub that does not answer is given up', async t => {
  const { hub, fetch } = await setUp(t, model, { HF_HUB_ETAG_TIMEOUT: '0.2' })
  hub.behaviour = { silent: true }
  t.regex(
    await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND'),
    /- hub 127\.0\.0\.1:\d+: 127\.0\.0\.1:\d+ did not answer within 0\.2 s\n/,
  )
})

test('a hub that is not there is reported as that', async t => {
  const cache = await temporaryFolder(t)
  const name = 'hub.invalid'
  const settings = readSettings({ HF_ENDPOINT: `https://${name}` }, cache)
  const message = await refusal(t, fetchModelWith(settings, ID), 'ERR_MODEL_NOT_FOUND')
  t.regex(
    message,
    /- hub hub\.invalid: (?:cannot reach hub\.invalid \(E\w+\)|hub\.invalid did not answer within 5 s)\n/,
  )
})

test('without a network, each source is named with its reason, and what helps', async t => {
  const { hub, cache, fetch } = await setUp(t)
  const host = new URL(hub.address).host
  t.is(
    await refusal(t, fetch({ offline: true }), 'ERR_MODEL_NOT_FOUND'),
    `no source has the model "${ID}":
  - cache ${cache}: has no revision "main" of it
  - hub ${host}: not asked, because of the option offline
What helps: pass the path of a folder that holds the model; or set HF_HUB_CACHE to a cache of the hub that has it; or pass offline: false.`,
  )
  t.is(hub.seen.length, 0)
})

test('HF_HUB_OFFLINE is honoured, and offline: false overrules it', async t => {
  const { hub, snapshot, fetch } = await setUp(t, model, { HF_HUB_OFFLINE: '1' })
  const message = await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND')
  t.regex(message, /not asked, because of HF_HUB_OFFLINE\nWhat helps: .*unset HF_HUB_OFFLINE/)
  t.is(hub.seen.length, 0)
  t.is(await fetch({ offline: false }), snapshot)
})

const statuses: [number, Record<string, string>, RegExp][] = [
  [404, {}, /it has no model "some-org\/tiny-model" with revision "main" \(404\)/],
  [401, {}, /does not exist or is not public \(401\): set HF_TOKEN if you may read it/],
  [
    403,
    { HF_TOKEN: 'hf_secret' },
    /HF_TOKEN may not read "some-org\/tiny-model", or it does not exist \(403\)/,
  ],
  [500, {}, /it answered with status 500/],
]
for (const [status, env, reason] of statuses) {
  test(`status ${status} is explained`, async t => {
    const { hub, fetch } = await setUp(t, model, env)
    hub.behaviour = { infoStatus: status }
    const message = await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND')
    t.regex(message, reason)
    t.false(message.includes('hf_secret'))
  })
}

test('a model without safetensors is refused, naming what it has', async t => {
  const { [WEIGHTS]: weights = Buffer.of(), ...rest } = model
  const { fetch } = await setUp(t, { ...rest, 'pytorch_model.bin': weights })
  t.regex(
    await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND'),
    /has no model\.safetensors \(it has pytorch_model\.bin\)/,
  )
})

test('a model without a tokenizer.json is refused', async t => {
  const { 'tokenizer.json': _, ...rest } = model
  const { snapshot, fetch } = await setUp(t, rest)
  const message = await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND')
  t.true(message.includes(`${snapshot} lacks tokenizer.json`), message)
})

test('a plain transformer without modules.json is complete once the hub has said so', async t => {
  const plain = Object.fromEntries(
    ['config.json', 'tokenizer.json', WEIGHTS].map(name => [name, model[name] as Buffer]),
  )
  const { hub, repo, snapshot, fetch } = await setUp(t, plain)
  t.is(await fetch(), snapshot)
  t.is((await stat(join(repo, '.no_exist', COMMIT, 'modules.json'))).size, 0)
  const requests = hub.seen.length
  t.is(await fetch(), snapshot)
  t.is(hub.seen.length, requests)
})

test('the token goes to the hub and not to the host that large files come from', async t => {
  const { hub, fetch } = await setUp(t, model, { HF_TOKEN: 'hf_secret' })
  await fetch()
  const sent = (server: string) =>
    new Set(
      hub.seen
        .filter(request => request.server === server)
        .map(({ authorization }) => authorization),
    )
  t.deepEqual(sent('hub'), new Set(['Bearer hf_secret']))
  t.deepEqual(sent('storage'), new Set([undefined]))
})

test('a redirect to something that is not HTTP is not followed', async t => {
  const { hub, fetch } = await setUp(t)
  hub.behaviour = { redirectTo: 'ftp://127.0.0.1/weights' }
  t.regex(
    await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND'),
    /redirects to ftp:\/\/127\.0\.0\.1, which is not encrypted/,
  )
})

test('redirects in a circle end', async t => {
  const { hub, fetch } = await setUp(t)
  hub.behaviour = { redirectTo: `${hub.address}/${ID}/resolve/${COMMIT}/${WEIGHTS}` }
  t.regex(await refusal(t, fetch(), 'ERR_MODEL_NOT_FOUND'), /redirects without end/)
})

test('names in a listing that lead out of the folder are not taken', async t => {
  const evil = {
    '../../evil/config.json': Buffer.from('{}'),
    '1_A/../../config.json': Buffer.from('{}'),
  }
  const { hub, cache, fetch } = await setUp(t, { ...model, ...evil })
  await fetch()
  t.false(hub.seen.some(({ path }) => path.includes('evil') || path.includes('1_A')))
  t.deepEqual((await readdir(cache)).sort(), ['.locks', 'models--some-org--tiny-model'])
})

test('another branch is fetched beside main and recorded under its name', async t => {
  const { repo, snapshot, fetch } = await setUp(t)
  t.is(await fetch({ revision: 'refs/pr/1' }), snapshot)
  t.is(await readFile(join(repo, 'refs', 'refs', 'pr', '1'), 'utf8'), COMMIT)
  const message = await refusal(t, fetch({ revision: 'v9' }), 'ERR_MODEL_NOT_FOUND')
  t.regex(message, /with revision "v9" \(404\)/)
})

test('blobs that are there already are not fetched again', async t => {
  const { hub, repo, snapshot, fetch } = await setUp(t)
  const weights = model[WEIGHTS] as Buffer
  await writeFiles(join(repo, 'blobs'), { [sha256(weights)]: weights })
  t.is(await fetch(), snapshot)
  t.deepEqual(hub.requestsOf(WEIGHTS), [])
})

test('where symbolic links are not wanted the files are there themselves', async t => {
  const { snapshot, fetch } = await setUp(t, model, { HF_HUB_DISABLE_SYMLINKS: '1' })
  t.is(await fetch(), snapshot)
  t.false((await lstat(join(snapshot, WEIGHTS))).isSymbolicLink())
  t.deepEqual(await readFile(join(snapshot, WEIGHTS)), model[WEIGHTS])
})

test('a cache that cannot be written is a reason, not a crash', async t => {
  const { hub, cache } = await setUp(t)
  await writeFiles(cache, { file: Buffer.from('a file where a folder should be') })
  const settings = readSettings({ HF_ENDPOINT: hub.address }, join(cache, 'file'))
  const message = await refusal(t, fetchModelWith(settings, ID), 'ERR_MODEL_NOT_FOUND')
  t.regex(message, /- hub 127\.0\.0\.1:\d+: .*ENOTDIR/)
})
