// LoCoMo (Maharana et al. 2024): long talks of two people, and questions about them with the turns that answer.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = 'locomo-dev'
const CATEGORIES = {
  1: 'several turns',
  2: 'time',
  3: 'inference',
  4: 'one turn',
  5: 'misleading',
}
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/**
 * @typedef {object} Conversation
 * @property {string} name
 * @property {{ id: string, session: string, role: string, time: Date, text: string }[]} turns
 * @property {{ text: string, category: string, relevant: Map<string, number> }[]} questions
 */

/** What is missing, if anything. @param {string} data folder of evaluation data */
export function missing(data) {
  const folder = join(data, FOLDER)
  return existsSync(folder)
    ? undefined
    : `there is no ${folder}: give the folder of the evaluation data with --data`
}

/** @param {string} data folder of evaluation data @returns {Conversation[]} */
export function readConversations(data) {
  const lines = name =>
    readFileSync(join(data, FOLDER, name), 'utf8')
      .split('\n')
      .filter(line => line.trim() !== '')
  const relevant = new Map()
  for (const line of lines('qrels.tsv').slice(1)) {
    const [question, turn, grade] = line.trim().split('\t')
    if (Number(grade) <= 0) continue
    if (!relevant.has(question)) relevant.set(question, new Map())
    relevant.get(question).set(turn, Number(grade))
  }
  const conversations = new Map()
  const of = name => {
    if (!conversations.has(name)) conversations.set(name, { name, turns: [], questions: [] })
    return conversations.get(name)
  }
  for (const row of lines('corpus.jsonl').map(line => JSON.parse(line))) {
    of(row.conversation).turns.push({
      id: row._id,
      session: String(row.session),
      role: row.speaker,
      time: timeOf(row.date_time),
      text: row.text.slice(row.speaker.length + ': '.length),
    })
  }
  for (const { _id, conversation, category, text } of lines('queries.jsonl').map(line =>
    JSON.parse(line),
  )) {
    if (!relevant.has(_id)) continue
    of(conversation).questions.push({
      text,
      category: CATEGORIES[category],
      relevant: relevant.get(_id),
    })
  }
  return [...conversations.values()]
}

/** `1:56 pm on 8 May, 2023` @param {string} written */
function timeOf(written) {
  const [, hour, minute, half, day, month, year] =
    /^(\d+):(\d+) (am|pm) on (\d+) (\w+), (\d+)$/.exec(written) ?? []
  const hours = (Number(hour) % 12) + (half === 'pm' ? 12 : 0)
  return new Date(Date.UTC(Number(year), MONTHS.indexOf(month), Number(day), hours, Number(minute)))
}
