// The hub's cache as other programs leave it, and the pins of known models.
import { mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import test from 'ava'
import type { HippocampError } from '../src-ts/errors.js'
import { fetchModelWith } from '../src-ts/models/fetch.js'
import { HubCache, type LinkKind } from '../src-ts/models/hub-cache.js'
import { KNOWN_MODELS } from '../src-ts/models/known.js'
import { discardCorruptBlob, discardFolder, verifyPins } from '../src-ts/models/pins.js'
import { readSettings } from '../src-ts/models/settings.js'
import { COMMIT, FakeHub } from './support/fake-hub.js'
import { modelFolder } from './support/models.js'
import {
  type Files,
  gitBlobId,
  sha256,
  temporaryFolder,
  tinyModel,
  writeFiles,
} from './support/tiny-model.js'

const ID = 'some-org/tiny-model'
const WEIGHTS = 'model.safetensors'
const model = tinyModel()

/** Lays files out as Python's hub library does: blobs, relative links, the branch. */
async function layOut(cache: string, id: string, files: Files): Promise<string> {
  const repo = join(cache, `models--${id.replace('/', '--')}`)
  for (const [name, content] of Object.entries(files)) {
    const etag = content.length < 1000 ? gitBlobId(content) : sha256(content)
    await writeFiles(join(repo, 'blobs'), { [etag]: content })
    const target = join(repo, 'snapshots', COMMIT, name)
    await mkdir(dirname(target), { recursive: true })
    await symlink(relative(dirname(target), join(repo, 'blobs', etag)), target)
  }
  await writeFiles(join(repo, 'refs'), { main: Buffer.from(COMMIT) })
  return repo
}

function offline(cache: string) {
  return readSettings({ HF_HUB_OFFLINE: '1' }, cache)
}

test('a model that Python fetched is used as it is', async t => {
  const cache = await temporaryFolder(t)
  const repo = await layOut(cache, ID, model)
  t.is(await fetchModelWith(offline(cache), ID), join(repo, 'snapshots', COMMIT))
})

test('a bare transformer is not taken for a sentence encoder unless the hub has no modules.json', async t => {
  const cache = await temporaryFolder(t)
  const { 'modules.json': _, ...bare } = model
  const repo = await layOut(cache, ID, bare)
  const snapshot = join(repo, 'snapshots', COMMIT)
  const { message } = await t.throwsAsync<HippocampError>(fetchModelWith(offline(cache), ID), {
    code: 'ERR_MODEL_NOT_FOUND',
  })
  t.true(message.includes(`- cache ${cache}: ${snapshot} lacks modules.json\n`), message)

  await writeFiles(join(repo, '.no_exist', COMMIT), { 'modules.json': Buffer.of() })
  t.is(await fetchModelWith(offline(cache), ID), snapshot)
})

test('a snapshot that was broken off is completed with what it lacks', async t => {
  const cache = await temporaryFolder(t)
  const repo = await layOut(cache, ID, model)
  await rm(join(repo, 'blobs', sha256(model[WEIGHTS] as Buffer)))
  await rm(join(repo, 'snapshots', COMMIT, 'tokenizer.json'))
  const hub = await FakeHub.start(t, ID, model)
  const settings = readSettings({ HF_ENDPOINT: hub.address }, cache)
  const folder = await fetchModelWith(settings, ID)
  t.deepEqual(await readFile(join(folder, WEIGHTS)), model[WEIGHTS])
  t.deepEqual(await readFile(join(folder, 'tokenizer.json')), model['tokenizer.json'])
  const files = hub.seen.filter(
    ({ server, path }) => server === 'storage' || path.includes('/resolve/'),
  )
  t.true(files.every(({ path }) => path.endsWith(`/${WEIGHTS}`)))
})

const kinds: LinkKind[] = ['symlink', 'hardlink', 'copy']
for (const kind of kinds) {
  test(`a snapshot can refer to its blobs by ${kind}`, async t => {
    const root = await temporaryFolder(t)
    const cache = new HubCache(root, ID)
    await writeFiles(dirname(cache.blob('etag')), { etag: Buffer.from('content') })
    await cache.place(COMMIT, '1_Pooling/config.json', 'etag', [kind])
    await cache.place(COMMIT, '1_Pooling/config.json', 'etag', [kind])
    const target = join(cache.snapshot(COMMIT), '1_Pooling', 'config.json')
    t.is(await readFile(target, 'utf8'), 'content')
    const { ino } = await stat(cache.blob('etag'))
    t.is((await stat(target)).ino === ino, kind !== 'copy')
  })
}

test('a pinned file is checked at each use and read again only when it has changed', async t => {
  const folder = await temporaryFolder(t)
  const own = await temporaryFolder(t)
  await writeFiles(folder, model)
  const path = join(folder, WEIGHTS)
  const pins = { [WEIGHTS]: sha256(model[WEIGHTS] as Buffer) }
  const verify = () => verifyPins(folder, pins, own, async () => 'look at it')
  await verify()
  await verify()

  const { atime, mtime } = await stat(path)
  const changed = Buffer.from(model[WEIGHTS] as Buffer)
  changed[1000] = (changed[1000] ?? 0) ^ 1
  await writeFile(path, changed)
  await utimes(path, atime, mtime)
  const error = await t.throwsAsync<HippocampError>(verify())
  t.is(error.code, 'ERR_MODEL_CHECKSUM')
  t.is(
    error.message,
    `${path} has SHA-256 ${sha256(changed)}, expected is ${pins[WEIGHTS]}: look at it`,
  )
})

test('a note of a verification does not hold for another pin', async t => {
  const folder = await temporaryFolder(t)
  const own = await temporaryFolder(t)
  await writeFiles(folder, model)
  const verify = (hex: string) => verifyPins(folder, { [WEIGHTS]: hex }, own, async () => '')
  await verify(sha256(model[WEIGHTS] as Buffer))
  await t.throwsAsync(verify('0'.repeat(64)), { code: 'ERR_MODEL_CHECKSUM' })
})

test('where notes cannot be kept the file is still checked', async t => {
  const folder = await temporaryFolder(t)
  await writeFiles(folder, model)
  const noFolder = join(folder, 'config.json')
  const verify = (hex: string) => verifyPins(folder, { [WEIGHTS]: hex }, noFolder, async () => '')
  await t.notThrowsAsync(verify(sha256(model[WEIGHTS] as Buffer)))
  await t.throwsAsync(verify('0'.repeat(64)), { code: 'ERR_MODEL_CHECKSUM' })
})

test('a corrupt blob is removed, and another edition is kept', async t => {
  const cache = await temporaryFolder(t)
  const repo = await layOut(cache, ID, model)
  const path = join(repo, 'snapshots', COMMIT, WEIGHTS)
  t.is(
    await discardCorruptBlob(path),
    'it is another edition than the one known here; pass a revision, such as "main", to take it all the same',
  )
  t.deepEqual(await readFile(path), model[WEIGHTS])

  const blob = join(repo, 'blobs', sha256(model[WEIGHTS] as Buffer))
  await writeFile(blob, 'rotten')
  t.is(await discardCorruptBlob(path), 'it was corrupt and was removed; fetch again')
  await t.throwsAsync(stat(blob), { code: 'ENOENT' })
})

test('a file that is no link stays where it is', async t => {
  const folder = await temporaryFolder(t)
  await writeFiles(folder, model)
  const path = join(folder, WEIGHTS)
  t.regex(await discardCorruptBlob(path), /^delete it and fetch again/)
  t.deepEqual(await readFile(path), model[WEIGHTS])
})

test('a folder of our own goes whole', async t => {
  const folder = join(await temporaryFolder(t), 'model')
  await writeFiles(folder, model)
  t.is(await discardFolder(folder)(''), 'the folder was removed; fetch again')
  await t.throwsAsync(stat(folder), { code: 'ENOENT' })
})

for (const known of KNOWN_MODELS) {
  test(`another edition of ${known.shortName} is refused before it is fetched, and taken by revision`, async t => {
    const hub = await FakeHub.start(t, known.id, model)
    const cache = await temporaryFolder(t)
    const settings = readSettings({ HF_ENDPOINT: hub.address }, cache)
    const error = await t.throwsAsync<HippocampError>(fetchModelWith(settings, known.shortName))
    t.is(error.code, 'ERR_MODEL_CHECKSUM')
    t.is(
      error.message,
      `model.safetensors of "${known.id}" on the hub has SHA-256 ${sha256(model[WEIGHTS] as Buffer)}, ` +
        `expected is ${known.pins[WEIGHTS]}: it is another edition than the one known here; ` +
        'pass a revision, such as "main", to take it all the same',
    )
    t.deepEqual(hub.requestsOf(WEIGHTS), [])

    const folder = await fetchModelWith(settings, known.shortName, { revision: 'main' })
    t.deepEqual(await readFile(join(folder, WEIGHTS)), model[WEIGHTS])
    // Without a revision the pins hold, in the cache as well.
    await t.throwsAsync(fetchModelWith(offline(cache), known.id), { code: 'ERR_MODEL_CHECKSUM' })
  })
}

const real = modelFolder('all-MiniLM-L6-v2')
const testReal = real === undefined ? test.skip : test
if (real === undefined) {
  console.log(
    'skipped: the pins of all-MiniLM-L6-v2 need it in HIPPOCAMP_MODELS or .hippocamp/models',
  )
}
testReal('the pins are those of the real all-MiniLM-L6-v2', async t => {
  const cache = await temporaryFolder(t)
  const [known] = KNOWN_MODELS
  const names = ['config.json', 'tokenizer.json', 'modules.json', '1_Pooling/config.json', WEIGHTS]
  const files: Record<string, Buffer> = {}
  for (const name of names) files[name] = await readFile(join(real ?? '', name))
  const repo = await layOut(cache, known?.id ?? '', files)
  t.is(await fetchModelWith(offline(cache), 'all-MiniLM-L6-v2'), join(repo, 'snapshots', COMMIT))
})
