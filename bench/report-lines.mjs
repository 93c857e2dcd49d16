// What the reports of all benches say alike.

import { markdownTable } from './table.mjs'

/** @param {ReturnType<typeof import('./machine.mjs').machine>} machine */
export function machineLine({ cpu, cores, memory, flags, node, date }) {
  return `${cpu}, ${cores} cores, ${memory}, ${flags.join(' ')}; Node.js ${node}; ${date.slice(0, 10)}.`
}

/** Each table under its title. @param {{ title: string, columns: any, rows: any[] }[]} tables */
export function titled(tables) {
  return tables.flatMap(({ title, columns, rows }) => [
    `**${title[0].toUpperCase()}${title.slice(1)}**`,
    markdownTable(columns, rows),
  ])
}
