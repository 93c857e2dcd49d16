// Customer service: questions find their answers, and those without an answer find a colleague.
//
//   node examples/customer-service/main.mjs [--lang en|zh] [--model MODEL] [--data DIR]
import { percent, run } from '../shared/run.mjs'
import { Desk } from './desk.mjs'
import { FAQ } from './faq.mjs'
import { measure } from './measure.mjs'

await run(async ({ lang, store, data }) => {
  const { answers, asked, none } = FAQ[lang]
  const desk = new Desk(store.collection('faq'))
  const known = Object.entries(answers).flatMap(([topic, { questions }]) =>
    questions.map(question => ({ question, topic })),
  )
  await desk.learn(known)
  const { threshold } = await desk.calibrate({ precision: 0.8 })
  console.log(
    `${known.length} questions known; answers from a sureness of ${threshold.toFixed(2)} on\n`,
  )
  for (const [question] of asked) {
    const { topic, sureness } = await desk.route(question)
    const answer = topic && sureness >= threshold ? answers[topic]?.answer : none
    console.log(`${question}\n  ${sureness.toFixed(2)} ${topic}: ${answer}`)
  }
  if (!data) return
  const found = await measure(store.collection('banking'), data)
  console.log(
    `\nBANKING77: the topic is right for ${percent(found.accuracy)} of 3,080 questions; ` +
      `${percent(found.answered)} are answered, ${percent(found.precision)} of these rightly; ` +
      `of 1,000 foreign requests ${percent(found.refused)} are refused`,
  )
})
