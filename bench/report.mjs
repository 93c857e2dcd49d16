// `node bench/report.mjs JSON [FILE]`: the figures of a search bench as Markdown, printed or put into a document between its
// two marks, so that nobody types a number.

import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { frontier } from './search/frontier.mjs'
import { engineTable, equalRecallTable, failureTable, recordTable } from './search/tables.mjs'
import { markdownTable } from './table.mjs'

const BEGIN = '<!-- figures -->'
const END = '<!-- end of figures -->'
const DEEP = 100

const [json, document] = argv.slice(2)
if (!json) {
  console.error(
    'node bench/report.mjs JSON [FILE]: JSON from `npm run bench -- search --json JSON`',
  )
  process.exit(1)
}
const figures = report(JSON.parse(readFileSync(json, 'utf8')))
if (document) writeFileSync(document, between(readFileSync(document, 'utf8'), figures))
else console.log(figures)

/** @param {{ machine: any, options: any, titles: Record<string, string>, results: Record<string, any[]> }} content */
function report({ machine, options, titles, results }) {
  const { records, engines, equalRecall, failures } = results
  const kinds = new Set(records.map(({ engine, variant }) => `${engine} ${variant ?? ''}`))
  const best = [...kinds].flatMap(kind =>
    frontier(records.filter(({ engine, variant }) => `${engine} ${variant ?? ''}` === kind)),
  )
  const packages = [...new Set(engines.map(({ engine, version }) => `${engine} (${version})`))]
  const tables = [
    ...(equalRecall ? [equalRecallTable(equalRecall, options.k)] : []),
    engineTable(engines),
    { ...recordTable(best, options.k, DEEP), title: 'settings that no other of the engine beats' },
    ...(failures ? [failureTable(failures)] : []),
  ]
  return [
    `${titles.search.split(';')[0]}; ${options.searches} searches a round, ${options.rounds} rounds.`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.flags.join(' ')}; Node.js ${machine.node}; ${machine.date.slice(0, 10)}.`,
    `${packages.join(', ')}.`,
    ...tables.flatMap(({ title, columns, rows }) => [
      `**${title[0].toUpperCase()}${title.slice(1)}**`,
      markdownTable(columns, rows),
    ]),
  ].join('\n\n')
}

/** @param {string} text @param {string} content */
function between(text, content) {
  const [before, rest] = text.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`the document has no ${BEGIN} and ${END}`)
  return `${before}${BEGIN}\n\n${content}\n\n${END}${after}`
}
