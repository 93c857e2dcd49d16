// Runs an engine's process and makes records of what it sends; a process that fails leaves the records it had sent.

import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines } from '../packages.mjs'
import { recall } from './truth.mjs'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))

/**
 * @param {Omit<import('./child.mjs').Job, 'folder'>} job
 * @param {import('./data.mjs').Data} data
 * @param {Float64Array} truth
 * @returns {Promise<{ built?: object, records: object[], error?: string }>}
 */
export async function runEngine(job, data, truth) {
  const folder = mkdtempSync(join(tmpdir(), 'hippocamp-bench-'))
  try {
    const { messages, error } = await converse({ ...job, folder })
    const records = messages
      .filter(({ setting }) => setting)
      .map(({ setting: { answers, deepAnswers, ...figures } }) => ({
        recall: recall(data, truth, job.k, answers),
        recallDeep: recall(data, truth, job.deep, deepAnswers),
        ...figures,
      }))
    const facts = messages.map(({ built, stored, inserting }) => built ?? stored ?? inserting)
    const built = facts.some(Boolean) ? Object.assign({}, ...facts) : undefined
    return { built, records, error }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {import('./child.mjs').Job} job @returns {Promise<{ messages: any[], error?: string }>} */
function converse(job) {
  return new Promise(resolve => {
    const child = fork(CHILD, {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const messages = []
    let error
    let said = ''
    child.stderr.on('data', text => {
      said = (said + text).slice(-2_000)
    })
    child.on('message', message => {
      if (message.error) error = message.error
      else messages.push(message)
    })
    child.on('error', failure => {
      error ??= failure.message
    })
    child.on('close', (code, signal) => {
      // What goes wrong at the very end, when all is measured, does not spoil the figures.
      const complete = messages.some(({ inserting }) => inserting)
      if (!complete)
        error ??= `ended too early, with ${signal ?? `code ${code}`}: ${lastLines(said)}`
      resolve({ messages, error })
    })
    child.send(job)
  })
}
