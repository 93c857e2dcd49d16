// `npm run bench -- encoder|search|filters|retrieval|modes|memory|turns|documents|frameworks|store [options]`: runs one bench, prints its table and, on demand, writes JSON.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as documents from './documents.mjs'
import * as encoder from './encoder.mjs'
import * as filters from './filters.mjs'
import * as frameworks from './frameworks.mjs'
import { machine } from './machine.mjs'
import * as memory from './memory.mjs'
import * as modes from './modes.mjs'
import * as retrieval from './retrieval.mjs'
import * as search from './search.mjs'
import * as store from './store.mjs'
import { table } from './table.mjs'
import * as turns from './turns.mjs'

const BENCHES = {
  encoder,
  search,
  filters,
  retrieval,
  modes,
  memory,
  turns,
  documents,
  frameworks,
  store,
}
const JSON_OPTION = { json: { type: 'string', value: 'FILE', help: 'also write the results here' } }

class UsageError extends Error {
  /** @param {string} problem */
  constructor(problem) {
    super(`${problem}\n${usage()}`)
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const expected = error instanceof UsageError || 'code' in error
  console.error(expected ? error.message : error.stack)
  process.exitCode = 1
}

/** @param {string[]} argv */
async function main([name, ...rest]) {
  if (name === '--help' || name === '-h') {
    console.log(usage())
    return
  }
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
  if (!bench) throw new UsageError(name ? `"${name}" is not a bench` : 'which bench?')
  const { json, ...options } = readOptions(bench, rest)

  const where = machine()
  console.log(
    `${where.cpu}, ${where.cores} cores, ${where.memory}; Node.js ${where.node}, hippocamp ${where.version}, CPU level ${where.level}`,
  )
  const tables = await bench.run(options)
  for (const { title, columns, rows } of tables) console.log(`\n${title}\n${table(columns, rows)}`)
  if (json) {
    const results = Object.fromEntries(tables.map(({ key, rows }) => [key, rows]))
    const titles = Object.fromEntries(tables.map(({ key, title }) => [key, title]))
    const content = { bench: name, machine: where, options, titles, results }
    writeFileSync(json, `${JSON.stringify(content, null, 2)}\n`)
    console.log(`\nwritten to ${json}`)
  }
}

/** @param {{ options: Record<string, Option> }} bench @param {string[]} args */
function readOptions(bench, args) {
  const known = { ...bench.options, ...JSON_OPTION }
  let values
  try {
    const options = Object.fromEntries(
      Object.entries(known).map(([key, { type }]) => [
        key,
        { type: type === 'flag' ? 'boolean' : 'string' },
      ]),
    )
    const given = withBareValues(args, known)
    values = parseArgs({ args: given, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(error.message.split('. ')[0])
  }
  for (const [key, option] of Object.entries(known)) {
    values[key] ??= option.default
    if (option.type === 'number') values[key] = wholeNumber(key, values[key])
    if (option.choices && !option.choices.includes(values[key])) {
      throw new UsageError(`--${key} is "${values[key]}": give one of ${option.choices.join(', ')}`)
    }
  }
  const wrong = bench.check?.(values)
  if (wrong) throw new UsageError(wrong)
  return values
}

/** Options that may stand without a value are given theirs. @param {string[]} args @param {Record<string, Option>} known */
function withBareValues(args, known) {
  return args.map((arg, at) => {
    const { bare } = known[arg.slice(2)] ?? {}
    const alone = args[at + 1] === undefined || args[at + 1].startsWith('--')
    return arg.startsWith('--') && bare !== undefined && alone ? `${arg}=${bare}` : arg
  })
}

/** @param {string} key @param {string | number | undefined} text */
function wholeNumber(key, text) {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(String(text))) {
    throw new UsageError(`--${key} is "${text}": give a whole number above 0`)
  }
  return Number(text)
}

/**
 * @typedef {{ type: 'string' | 'number' | 'flag', value?: string, bare?: string, help: string, default?: string | number, choices?: string[] }} Option
 * `bare` is its value where it stands without one
 */

function usage() {
  const lines = [
    '',
    'npm run bench -- encoder|search|filters|retrieval|modes|memory|turns|documents|frameworks|store [options]',
  ]
  for (const [name, bench] of Object.entries({
    ...BENCHES,
    'every bench': { options: JSON_OPTION },
  })) {
    lines.push('', name)
    for (const [key, { value = '', help, default: otherwise }] of Object.entries(bench.options)) {
      const given = otherwise === undefined ? '' : ` (default ${otherwise})`
      lines.push(`  ${`--${key} ${value}`.padEnd(20)} ${help}${given}`)
    }
  }
  return lines.join('\n')
}
