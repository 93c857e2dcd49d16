// The figures of a search bench as Markdown.

import { failureTable } from '../failures.mjs'
import { machineLine, titled } from '../report-lines.mjs'
import { frontier } from './frontier.mjs'
import { engineTable, equalRecallTable, recordTable } from './tables.mjs'

const DEEP = 100

/** @param {{ machine: any, options: any, titles: Record<string, string>, results: Record<string, any[]> }} content */
export function report({ machine, options, titles, results }) {
  const { records, engines, equalRecall, failures } = results
  const kinds = new Set(records.map(({ engine, variant }) => `${engine} ${variant ?? ''}`))
  const best = [...kinds].flatMap(kind =>
    frontier(records.filter(({ engine, variant }) => `${engine} ${variant ?? ''}` === kind)),
  )
  const packages = [...new Set(engines.map(({ engine, version }) => `${engine} (${version})`))]
  return [
    `${titles.search.split(';')[0]}; ${options.searches} searches a round, ${options.rounds} rounds.`,
    machineLine(machine),
    `${packages.join(', ')}.`,
    ...titled([
      ...(equalRecall ? [equalRecallTable(equalRecall, options.k)] : []),
      engineTable(engines),
      {
        ...recordTable(best, options.k, DEEP),
        title: 'settings that no other of the engine beats',
      },
      ...(failures ? [failureTable(failures)] : []),
    ]),
  ].join('\n\n')
}
