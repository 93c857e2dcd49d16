// An engine's process, Node.js or Python: a command goes in as a line of JSON, and its answer comes out as one. Whatever else
// a library prints is passed over. Between two commands it idles, so many can be alive and take turns.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { lastLines } from '../packages.mjs'
import { PEERS } from './engines.mjs'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))
/** V8 collects a heap that has been quiet for eight seconds: the texts themselves, for 15 ms, whatever an engine does. */
const NODE = [process.execPath, '--no-memory-reducer', CHILD]
const SESSIONS = fileURLToPath(new URL('sessions.py', import.meta.url))

export class EngineProcess {
  #child
  /** Milliseconds since 1970, as the answers' moments are. */
  started = performance.timeOrigin + performance.now()
  #waiting = []
  #said = ''
  #ended

  /** @param {string} engine @param {string} python the command of the Python interpreter */
  constructor(engine, python) {
    const command = PEERS[engine]?.runtime === 'python' ? [python, SESSIONS] : NODE
    this.#child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr.on('data', text => {
      this.#said = (this.#said + text).slice(-2_000)
    })
    this.#child.stdin.on('error', () => {}) // What ended is told by `close`.
    createInterface({ input: this.#child.stdout }).on('line', line => this.#answer(line))
    this.#child.on('error', error => this.#end(error))
    this.#child.on('close', (code, signal) =>
      this.#end(new Error(`ended with ${signal ?? `code ${code}`}: ${lastLines(this.#said)}`)),
    )
  }

  /**
   * @param {string} command
   * @param {object} [parameters]
   * @returns {Promise<any>} rejects with what went wrong in the process, or with why it ended
   */
  ask(command, parameters) {
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.stdin.write(`${JSON.stringify({ command, ...parameters })}\n`)
    })
  }

  /** Ends it, whatever it is doing. */
  async close() {
    if (this.#ended) return
    const closed = new Promise(resolve => this.#child.once('close', resolve))
    this.#child.kill('SIGKILL')
    await closed
  }

  /** @param {string} line */
  #answer(line) {
    if (!line.startsWith('{"answer":') && !line.startsWith('{"error":')) return
    const { answer, error, code } = JSON.parse(line)
    const asked = this.#waiting.shift()
    if (error === undefined) asked?.resolve(answer)
    else asked?.reject(Object.assign(new Error(error), { code }))
  }

  /** @param {Error} error */
  #end(error) {
    this.#ended ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
