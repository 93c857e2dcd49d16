// Asks the catalogue questions and shows the five nearest products.

import { columns, lineWidth, shorten } from './columns.mjs'

/**
 * @param {import('./questions.mjs').Question[]} questions
 * @param {{ collection: import('hippocamp').Collection, l2: import('hippocamp').Collection }} collections
 */
export async function askAll(questions, { collection, l2 }) {
  for (const [at, question] of questions.entries()) {
    const asked = question.metric === 'l2' ? l2 : collection
    const hits = await asked.search(question.text, {
      k: 5,
      ...(question.category && { where: { category: question.category } }),
    })
    console.log(`\n${at + 1}. ${question.text}${condition(question)}`)
    console.log(hitTable(hits))
  }
}

/** @param {import('./questions.mjs').Question} question */
function condition({ category, metric }) {
  if (category) return `  [only category = ${category}]`
  if (metric) return `  [by Euclidean distance; score = 1 / (1 + distance)]`
  return ''
}

/** @param {import('hippocamp').Hit[]} hits */
function hitTable(hits) {
  const rows = hits.map(({ id, metadata, score }) => [
    score.toFixed(3),
    id,
    shorten(String(metadata?.name), 34),
    String(metadata?.specs),
  ])
  return columns(rows)
    .split('\n')
    .map(line => shorten(line, lineWidth()))
    .join('\n')
}
