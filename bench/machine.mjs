// On what a bench ran: figures mean nothing without it.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, totalmem } from 'node:os'

/** Instruction sets on which the speed of vector arithmetic depends, as Linux names them. */
const FLAGS = /^(avx2|fma|f16c|avx512\w+|avx_vnni|amx_\w+|asimd|asimddp|asimdhp|i8mm|sve2?)$/

/** @returns {{ cpu: string, flags: string[], cores: number, memory: string, level: string, node: string, version: string, date: string }} */
export function machine() {
  const { version } = createRequire(import.meta.url)('../package.json')
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    flags: flags(),
    cores: availableParallelism(),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    level: process.env.HIPPOCAMP_CPU || 'auto',
    node: process.versions.node,
    version,
    date: new Date().toISOString(),
  }
}

/** Empty where the system does not tell. */
function flags() {
  if (process.platform !== 'linux') return []
  const [, listed = ''] =
    /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? []
  return listed.split(' ').filter(flag => FLAGS.test(flag))
}
