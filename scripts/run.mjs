// Child processes: run one and show it, or run one and keep what it says. No shell, so that it is the same on Windows.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.mjs'

const COLOURS = { FORCE_COLOR: '1', CARGO_TERM_COLOR: 'always' }

/**
 * Runs a command with its output shown. Rejects if it fails.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function run(command, options = {}) {
  const { status } = await start(command, { ...options, show: true, keep: false })
  if (status !== 0) throw new Failed(command, status)
}

/**
 * Runs a command and resolves to its standard output; its standard error is shown only if it fails.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function capture(command, options = {}) {
  const { status, out, err } = await start(command, { ...options, show: false, keep: true })
  if (status !== 0) throw new Failed(command, status, out + err)
  return out
}

/**
 * Runs a command with its output shown, and resolves to that output and the exit status, whatever it is.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function observe(command, options = {}) {
  const { status, out, err } = await start(command, { ...options, show: true, keep: true })
  return { status, output: out + err }
}

/**
 * The command that starts npm: the one that runs us, where there is one.
 * @param {...string} args
 */
export function npm(...args) {
  const cli = process.env.npm_execpath
  if (cli?.endsWith('npm-cli.js')) return [process.execPath, cli, ...args]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', ...args]
}

/**
 * The command that starts a program of an installed development dependency.
 * @param {string} name the package
 * @param {string} program one of its programs
 * @param {...string} args
 */
export function tool(name, program, ...args) {
  const folder = join(root, 'node_modules', name)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return [process.execPath, join(folder, typeof bin === 'string' ? bin : bin[program]), ...args]
}

/** A command that ended with another status than 0. */
export class Failed extends Error {
  /**
   * @param {string[]} command
   * @param {number} status
   * @param {string} [output]
   */
  constructor(command, status, output = '') {
    const shown = command[0] === process.execPath ? command.slice(1) : command
    super(`${shown.join(' ')} ended with status ${status}${output && `\n${output.trimEnd()}`}`)
    this.name = 'Failed'
    this.status = status
  }
}

/**
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show: boolean, keep: boolean }} options
 * @returns {Promise<{ status: number, out: string, err: string }>}
 */
function start([file, ...args], { cwd = root, env = process.env, show, keep }) {
  return new Promise((resolve, reject) => {
    const output = keep ? 'pipe' : 'inherit'
    /** @type {import('node:child_process').ChildProcess} */
    const child = spawn(file, args, {
      cwd,
      // A pipe hides the terminal from the child.
      env: show && keep && process.stdout.isTTY ? { ...env, ...COLOURS } : env,
      stdio: ['ignore', output, output],
      shell: file.endsWith('.cmd'), // the only way in which Windows starts one
    })
    let out = ''
    let err = ''
    child.stdout?.setEncoding('utf8')
    child.stderr?.setEncoding('utf8')
    child.stdout?.on('data', chunk => {
      out += chunk
      if (show) process.stdout.write(chunk)
    })
    child.stderr?.on('data', chunk => {
      err += chunk
      if (show) process.stderr.write(chunk)
    })
    child.on('error', error =>
      reject(
        /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT' ? missing(file) : error,
      ),
    )
    child.on('close', (status, signal) => {
      if (signal) err += `\nended by ${signal}`
      resolve({ status: status ?? 1, out, err })
    })
  })
}

/** @param {string} file */
function missing(file) {
  const remedy =
    { cargo: 'install Rust (rustup), then try again' }[file] ?? 'install it, then try again'
  return new Error(`${file} was not found: ${remedy}`)
}
