// The figures of an encoder bench as Markdown.

import { failureTable } from '../failures.mjs'
import { machineLine, titled } from '../report-lines.mjs'
import * as tables from './tables.mjs'

/** In the order of the report. */
const TABLES = {
  ratios: tables.ratioTable,
  throughput: tables.throughputTable,
  queries: tables.queryTable,
  alone: tables.aloneTable,
  levels: tables.levelTable,
  agreement: tables.agreementTable,
  failures: failureTable,
}

/** @param {{ machine: any, options: any, results: Record<string, any[]> }} content */
export function report({ machine, options, results }) {
  const versions = results.versions.map(({ engine, version }) => `${engine} (${version})`)
  return [
    options.quick
      ? 'A first look, with `--quick`.'
      : `${options.rounds} rounds, at most about ${options.seconds} s for each engine and workload.`,
    machineLine(machine),
    `${versions.join(', ')}.`,
    ...titled(
      Object.entries(TABLES)
        .filter(([key]) => results[key])
        .map(([key, table]) => table(results[key])),
    ),
  ].join('\n\n')
}
