/**
 * `pip download` of one wheel.
 *
 * pip is asked and not the index itself, because pip knows the machine's mirrors, proxies and certificates. Only wheels
 * are taken (`--only-binary`): to prepare a source package would run its code. What pip keeps while it works is put
 * below the target folder, so that it goes away with it and its growth can be shown.
 */
import { spawn } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Settings } from './settings.js'
import { SourceFailure } from './source-failure.js'

const LOOK_EVERY = 250
const KEPT_OUTPUT = 4_000

/** A command that is a Python with pip: program and first arguments. */
export type Python = readonly string[]

/**
 * The first command of the settings that has pip.
 *
 * Errors: SourceFailure naming the commands.
 */
export async function findPython(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Python> {
  for (const python of settings.pythons) {
    const { code } = await run(python, ['-m', 'pip', '--version'], { signal })
    if (code === 0) return python
  }
  const tried = settings.pythons.map(python => python.join(' ')).join(', ')
  throw new SourceFailure(`no Python with pip was found (tried ${tried}; PYTHON can name one)`)
}

/**
 * Downloads into an empty folder and returns the wheel's path.
 *
 * Errors: SourceFailure with pip's own last complaint.
 */
export async function pipDownload(
  python: Python,
  requirement: string,
  folder: string,
  signal: AbortSignal | undefined,
  report: (received: number) => void,
): Promise<string> {
  // What `report` throws is the caller's and ends the download.
  const watching = new AbortController()
  const watch = setInterval(async () => {
    const size = await sizeOfAll(folder).catch(() => undefined)
    try {
      if (size !== undefined && !watching.signal.aborted) report(size)
    } catch (error) {
      watching.abort(error)
    }
  }, LOOK_EVERY)
  try {
    const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:']
    args.push('--disable-pip-version-check', '--no-input', '--retries', '2', '--dest', folder)
    const env = { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder }
    const signals = signal === undefined ? [watching.signal] : [watching.signal, signal]
    const { code, errors } = await run(python, [...args, requirement], {
      env,
      cwd: folder,
      signal: AbortSignal.any(signals),
    }).catch(error => {
      watching.signal.throwIfAborted()
      throw error
    })
    if (code !== 0) throw new SourceFailure(`pip download failed: ${lastComplaint(errors, code)}`)
  } finally {
    clearInterval(watch)
  }
  const wheel = (await readdir(folder)).find(name => name.endsWith('.whl'))
  if (wheel === undefined) throw new SourceFailure('pip download left no wheel')
  return join(folder, wheel)
}

interface Outcome {
  /** Undefined when the program could not be started. */
  readonly code: number | undefined
  /** The end of what it wrote to its standard error. */
  readonly errors: string
}

interface RunOptions {
  readonly signal: AbortSignal | undefined
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Python looks for modules where it is started, so it is never started where the caller happens to be. */
function run(python: Python, args: readonly string[], options: RunOptions): Promise<Outcome> {
  const [program = 'python3', ...first] = python
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], {
      cwd: dirname(process.execPath),
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
      windowsHide: true,
    })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      errors = (errors + text).slice(-KEPT_OUTPUT)
    })
    // An aborted child is waited for, because it still writes; one that did not start never closes.
    let aborted: Error | undefined
    child.on('error', error => {
      if (error.name === 'AbortError' && child.pid !== undefined) aborted = error
      else if (error.name === 'AbortError') reject(error)
      else resolve({ code: undefined, errors: error.message })
    })
    child.on('close', code => {
      if (aborted === undefined) resolve({ code: code ?? 1, errors })
      else reject(aborted)
    })
  })
}

function lastComplaint(errors: string, code: number | undefined): string {
  const lines = errors.split(/\r?\n/).filter(line => line.trim() !== '')
  const complaint = lines.findLast(line => line.startsWith('ERROR:')) ?? lines.at(-1)
  return complaint?.replace(/^ERROR:\s*/, '').slice(0, 300) ?? `exit code ${code}`
}

async function sizeOfAll(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(
    names.map(name =>
      stat(join(folder, name)).then(
        found => (found.isFile() ? found.size : 0),
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
