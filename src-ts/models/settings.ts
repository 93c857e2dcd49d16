/**
 * Where models are kept and where they come from, as the environment says.
 *
 * The variables are those of the hub's own tools, with the same meaning, so that one machine has one configuration and
 * one copy of each model; `HIPPOCAMP_CACHE` alone is ours. It is read at each call: a program may set it after import.
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { HippocampError } from '../errors.js'

export interface Settings {
  /** Cache in the hub's layout, shared with Python. */
  readonly hubCache: string
  /** Our own cache: models unpacked from wheels, and notes of what was verified. */
  readonly ownCache: string
  /** Base address of the hub, without a slash at its end. */
  readonly endpoint: string
  /** Sent to the endpoint's own origin and to nobody else. */
  readonly token: string | undefined
  /** No network at all. */
  readonly offline: boolean
  /** False where symbolic links are not wanted in the cache. */
  readonly symlinks: boolean
  /** Milliseconds that the hub may take to begin its answer. */
  readonly answerTimeout: number
  /** Milliseconds without a byte after which a download is taken for broken. */
  readonly stallTimeout: number
  /** Commands that may be a Python with pip: program and first arguments. */
  readonly pythons: readonly (readonly string[])[]
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the environment. A `cacheDir` takes the place of both caches. */
export function readSettings(
  env: Environment = process.env,
  cacheDir?: string,
  platform: NodeJS.Platform = process.platform,
): Settings {
  return {
    hubCache: cacheDir === undefined ? hubCache(env) : resolve(cacheDir),
    ownCache: cacheDir === undefined ? ownCache(env, platform) : resolve(cacheDir, 'hippocamp'),
    endpoint: endpoint(env),
    token: token(env),
    offline: isTrue(env.HF_HUB_OFFLINE),
    symlinks: !isTrue(env.HF_HUB_DISABLE_SYMLINKS),
    answerTimeout: seconds(env, 'HF_HUB_ETAG_TIMEOUT', 5),
    stallTimeout: seconds(env, 'HF_HUB_DOWNLOAD_TIMEOUT', 30),
    pythons: pythons(env, platform),
  }
}

function hubCache(env: Environment): string {
  const direct = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE
  if (direct) return expand(direct, env)
  const home = env.HF_HOME ? expand(env.HF_HOME, env) : join(genericCache(env), 'huggingface')
  return join(home, 'hub')
}

function ownCache(env: Environment, platform: NodeJS.Platform): string {
  if (env.HIPPOCAMP_CACHE) return expand(env.HIPPOCAMP_CACHE, env)
  if (platform === 'win32') {
    return join(env.LOCALAPPDATA || join(home(env), 'AppData', 'Local'), 'hippocamp')
  }
  if (platform === 'darwin') return join(home(env), 'Library', 'Caches', 'hippocamp')
  return join(genericCache(env), 'hippocamp')
}

/** `~/.cache` on every platform: so do the hub's tools. */
function genericCache(env: Environment): string {
  return env.XDG_CACHE_HOME ? expand(env.XDG_CACHE_HOME, env) : join(home(env), '.cache')
}

function home(env: Environment): string {
  return env.HOME || env.USERPROFILE || homedir()
}

function expand(path: string, env: Environment): string {
  return resolve(/^~(?=$|[/\\])/.test(path) ? home(env) + path.slice(1) : path)
}

function endpoint(env: Environment): string {
  const address = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '')
  if (!/^https?:\/\/[^/]/i.test(address) || !URL.canParse(address)) {
    throw new HippocampError(
      'ERR_INVALID_ARGUMENT',
      `HF_ENDPOINT is "${address}", which is not an http(s) address such as https://huggingface.co`,
    )
  }
  return address
}

function token(env: Environment): string | undefined {
  const value = env.HF_TOKEN?.trim()
  if (!value) return undefined
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new HippocampError(
      'ERR_INVALID_ARGUMENT',
      'HF_TOKEN contains characters that no token has, such as a space or a line break: set it again or unset it',
    )
  }
  return value
}

function isTrue(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/i.test(value ?? '')
}

/** Milliseconds from a variable in seconds. */
function seconds(env: Environment, name: string, otherwise: number): number {
  const text = env[name]?.trim()
  if (!text) return otherwise * 1000
  const value = Number(text)
  if (!(value > 0 && value <= 86_400)) {
    throw new HippocampError(
      'ERR_INVALID_ARGUMENT',
      `${name} is "${text}": it must be a number of seconds above 0 and at most 86400`,
    )
  }
  return Math.ceil(value * 1000)
}

function pythons(env: Environment, platform: NodeJS.Platform): string[][] {
  const commands = [['python3'], ['python']]
  if (env.PYTHON) commands.unshift([isBareName(env.PYTHON) ? env.PYTHON : expand(env.PYTHON, env)])
  if (platform === 'win32') commands.push(['py', '-3'])
  return commands
}

/** A name that is looked up on the PATH. */
function isBareName(command: string): boolean {
  return !/[/\\]/.test(command)
}
