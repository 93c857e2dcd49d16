// Questions whose answers are known: texts, questions, and which texts answer which question how well.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCsv } from '../../examples/product-kb/csv.mjs'

/** The folder of each set, in a folder of evaluation data. */
export const SETS = {
  scifact: { folder: 'scifact', read: readBeir },
  'xquad-en': { folder: 'xquad/en', read: readBeir },
  'xquad-zh': { folder: 'xquad/zh', read: readBeir },
  banking77: { folder: 'banking77', read: readIntents },
}

/**
 * @typedef {object} Retrieval
 * @property {{ id: string, text: string }[]} texts
 * @property {{ text: string, relevant: Map<string, number> }[]} questions each with the grades of the texts that answer it
 */

/** @param {keyof typeof SETS} name @param {string} data folder of evaluation data @returns {Retrieval} */
export function readSet(name, data) {
  const { folder, read } = SETS[name]
  return read(join(data, folder))
}

/** What is missing of some sets, if anything. @param {string[]} names @param {string} data @returns {string | undefined} */
export function missing(names, data) {
  const unknown = names.find(name => !Object.hasOwn(SETS, name))
  if (unknown !== undefined)
    return `"${unknown}" is no set: known are ${Object.keys(SETS).join(', ')}`
  const absent = names
    .map(name => join(data, SETS[name].folder))
    .find(folder => !existsSync(folder))
  return absent && `there is no ${absent}: give the folder of the evaluation data with --data`
}

/** corpus.jsonl, queries.jsonl and qrels.tsv, as BEIR lays them out. @param {string} folder @returns {Retrieval} */
function readBeir(folder) {
  const lines = name =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter(line => line.trim() !== '')
  const relevant = new Map()
  for (const line of lines('qrels.tsv').slice(1)) {
    const [question, text, grade] = line.trim().split('\t')
    if (Number(grade) <= 0) continue
    if (!relevant.has(question)) relevant.set(question, new Map())
    relevant.get(question).set(text, Number(grade))
  }
  const texts = lines('corpus.jsonl').map(line => {
    const { _id: id, title, text } = JSON.parse(line)
    return { id, text: title ? `${title} ${text}` : text }
  })
  const questions = lines('queries.jsonl')
    .map(line => JSON.parse(line))
    .filter(({ _id }) => relevant.has(_id))
    .map(({ _id, text }) => ({ text, relevant: relevant.get(_id) }))
  return { texts, questions }
}

/** Questions of customers by their intents: each of train.csv that has the intent of one of test.csv answers it. */
function readIntents(/** @type {string} */ folder) {
  const read = name =>
    readCsv(readFileSync(join(folder, name), 'utf8')).rows.map(({ fields }) => fields)
  const train = read('train.csv').map(({ text, category }, at) => ({
    id: String(at),
    text,
    category,
  }))
  const byIntent = new Map()
  for (const { id, category } of train) {
    if (!byIntent.has(category)) byIntent.set(category, new Map())
    byIntent.get(category).set(id, 1)
  }
  const questions = read('test.csv').map(({ text, category }) => ({
    text,
    relevant: byIntent.get(category),
  }))
  return { texts: train.map(({ id, text }) => ({ id, text })), questions }
}
