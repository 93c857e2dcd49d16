// How well the desk works on BANKING77: 10,003 questions of bank customers in 77 intents are known, 3,080 others are asked;
// and on requests of CLINC150 that are about nothing that anybody expects.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCsv } from '../product-kb/csv.mjs'
import { Desk } from './desk.mjs'

/**
 * @param {import('hippocamp').Collection<{ topic: string }>} collection
 * @param {string} data
 */
export async function measure(collection, data) {
  const desk = new Desk(collection)
  await desk.learn(await questionsIn(join(data, 'banking77/train.csv')))
  const { threshold } = await desk.calibrate()

  const test = await questionsIn(join(data, 'banking77/test.csv'))
  const routed = await desk.routeMany(test.map(({ question }) => question))
  const isRight = routed.map(({ topic }, i) => topic === test[i]?.topic)
  const isAnswered = routed.map(({ sureness }) => sureness >= threshold)
  const answered = isAnswered.filter(Boolean).length
  const rightAnswers = isRight.filter((right, i) => right && isAnswered[i]).length

  const clinc = JSON.parse(await readFile(join(data, 'clinc150/data_full.json'), 'utf8'))
  const foreign = await desk.routeMany(clinc.oos_test.map((/** @type {[string]} */ [text]) => text))
  const refused = foreign.filter(({ sureness }) => sureness < threshold).length
  return {
    threshold,
    /** Of all questions, those whose topic was found. */
    accuracy: isRight.filter(Boolean).length / test.length,
    /** Of all questions, those that are answered; of these, those that are answered rightly. */
    answered: answered / test.length,
    precision: rightAnswers / answered,
    /** Of the foreign ones, those that are not answered. */
    refused: refused / foreign.length,
  }
}

/** @param {string} path */
async function questionsIn(path) {
  const { rows } = readCsv(await readFile(path, 'utf8'))
  return rows.map(({ fields }) => ({
    question: /** @type {string} */ (fields.text),
    topic: /** @type {string} */ (fields.category),
  }))
}
