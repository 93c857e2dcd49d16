// `node bench/report.mjs JSON [FILE]`: the figures of a search bench or an encoder bench as Markdown, printed or put into a
// document between their two marks, so that nobody types a number.

import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { report as encoder } from './encoder/report.mjs'
import { report as search } from './search/report.mjs'

const REPORTS = {
  search: { report: search, begin: '<!-- figures -->', end: '<!-- end of figures -->' },
  encoder: {
    report: encoder,
    begin: '<!-- encoder figures -->',
    end: '<!-- end of encoder figures -->',
  },
}

const [json, document] = argv.slice(2)
if (!json) {
  console.error(
    'node bench/report.mjs JSON [FILE]: JSON from `npm run bench -- search|encoder --json JSON`',
  )
  process.exit(1)
}
const content = JSON.parse(readFileSync(json, 'utf8'))
const { report, begin, end } = REPORTS[content.bench]
const figures = report(content)
if (document) writeFileSync(document, between(readFileSync(document, 'utf8'), figures))
else console.log(figures)

/** @param {string} text @param {string} content */
function between(text, content) {
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`the document has no ${begin} and ${end}`)
  return `${before}${begin}\n\n${content}\n\n${end}${after}`
}
