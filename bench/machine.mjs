// On what a bench ran: figures mean nothing without it.

import { createRequire } from 'node:module'
import { availableParallelism, cpus, totalmem } from 'node:os'

/** @returns {{ cpu: string, cores: number, memory: string, level: string, node: string, version: string, date: string }} */
export function machine() {
  const { version } = createRequire(import.meta.url)('../package.json')
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    cores: availableParallelism(),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    level: process.env.HIPPOCAMP_CPU || 'auto',
    node: process.versions.node,
    version,
    date: new Date().toISOString(),
  }
}
