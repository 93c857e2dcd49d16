// Where models are looked for, as the environment says.
import { join, resolve } from 'node:path'
import test from 'ava'
import { readSettings } from '../src-ts/models/settings.js'

const HOME = resolve('/home/ann')
const at = (...parts: string[]) => join(HOME, ...parts)

test('the caches are where the hub tools and the platform have theirs', t => {
  const read = (env: Record<string, string>, platform: NodeJS.Platform = 'linux') => {
    const { hubCache, ownCache } = readSettings({ HOME, ...env }, undefined, platform)
    return [hubCache, ownCache]
  }
  const hub = at('.cache', 'huggingface', 'hub')
  t.deepEqual(read({}), [hub, at('.cache', 'hippocamp')])
  t.deepEqual(read({}, 'darwin'), [hub, at('Library', 'Caches', 'hippocamp')])
  t.deepEqual(read({}, 'win32'), [hub, at('AppData', 'Local', 'hippocamp')])
  t.deepEqual(read({ LOCALAPPDATA: resolve('/l') }, 'win32'), [hub, resolve('/l/hippocamp')])
  t.deepEqual(read({ XDG_CACHE_HOME: resolve('/x') }), [
    resolve('/x/huggingface/hub'),
    resolve('/x/hippocamp'),
  ])
  t.deepEqual(read({ HF_HOME: '~/hf', XDG_CACHE_HOME: resolve('/x') }), [
    at('hf', 'hub'),
    resolve('/x/hippocamp'),
  ])
  t.deepEqual(read({ HF_HUB_CACHE: resolve('/c'), HF_HOME: resolve('/h') })[0], resolve('/c'))
  t.deepEqual(read({ HIPPOCAMP_CACHE: resolve('/own') })[1], resolve('/own'))
})

test('cacheDir takes the place of both caches', t => {
  const { hubCache, ownCache } = readSettings({ HF_HUB_CACHE: '/c', HIPPOCAMP_CACHE: '/o' }, '/d')
  t.deepEqual([hubCache, ownCache], [resolve('/d'), resolve('/d/hippocamp')])
})

test('the hub is the public one, without a token, unless the environment says otherwise', t => {
  const plain = readSettings({ HOME })
  t.is(plain.endpoint, 'https://huggingface.co')
  t.is(plain.token, undefined)
  t.false(plain.offline)
  t.true(plain.symlinks)
  t.deepEqual([plain.answerTimeout, plain.stallTimeout], [5_000, 30_000])

  const set = readSettings({
    HOME,
    HF_ENDPOINT: 'https://mirror.example/hub/',
    HF_TOKEN: ' hf_abc\n',
    HF_HUB_OFFLINE: 'True',
    HF_HUB_DISABLE_SYMLINKS: '1',
    HF_HUB_ETAG_TIMEOUT: '2.5',
    HF_HUB_DOWNLOAD_TIMEOUT: '60',
  })
  t.is(set.endpoint, 'https://mirror.example/hub')
  t.is(set.token, 'hf_abc')
  t.true(set.offline)
  t.false(set.symlinks)
  t.deepEqual([set.answerTimeout, set.stallTimeout], [2_500, 60_000])
  t.false(readSettings({ HOME, HF_HUB_OFFLINE: '0' }).offline)
})

test('PYTHON comes first among the commands that may have pip', t => {
  t.deepEqual(readSettings({ HOME, PYTHON: 'python3.12' }).pythons[0], ['python3.12'])
  t.deepEqual(readSettings({ HOME, PYTHON: 'venv/bin/python' }).pythons[0], [
    resolve('venv/bin/python'),
  ])
  t.deepEqual(
    readSettings({ HOME, PYTHON: resolve('/opt/my python') }, undefined, 'linux').pythons,
    [[resolve('/opt/my python')], ['python3'], ['python']],
  )
  t.deepEqual(readSettings({ HOME }, undefined, 'win32').pythons.at(-1), ['py', '-3'])
})

test('variables that cannot be right are refused by name', t => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ HF_ENDPOINT: 'huggingface.co' }, /^HF_ENDPOINT is "huggingface\.co"/],
    [{ HF_ENDPOINT: 'file:///etc' }, /^HF_ENDPOINT is "file:\/\/\/etc"/],
    [{ HF_HUB_ETAG_TIMEOUT: 'soon' }, /^HF_HUB_ETAG_TIMEOUT is "soon"/],
    [{ HF_HUB_DOWNLOAD_TIMEOUT: '0' }, /^HF_HUB_DOWNLOAD_TIMEOUT is "0"/],
    [{ HF_TOKEN: 'a\nb' }, /^HF_TOKEN contains characters that no token has/],
  ]
  for (const [env, message] of cases) {
    t.throws(() => readSettings({ HOME, ...env }), { code: 'ERR_INVALID_ARGUMENT', message })
  }
})
