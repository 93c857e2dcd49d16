// A talk whose memory is shown at each turn: what a language model would be given beside the question.
//
//   node examples/talk/main.mjs [--lang en|zh] [--model MODEL]
import { run } from '../shared/run.mjs'
import { talkMemory } from './memory.mjs'
import { SCRIPT } from './script.mjs'
import { talk } from './talk.mjs'

await run(async ({ lang, store, encoder }) => {
  const memory = talkMemory(store.collection('talk'), encoder)
  let [asked, remembered] = [0, 0]
  for await (const { turn, tokens, shown, isRemembered } of talk(memory, SCRIPT[lang])) {
    console.log(`> ${turn.says}`)
    for (const { name, text } of shown)
      if (text) console.log(`  ${name}:\n${text.replace(/^/gm, '    | ')}`)
    const verdict =
      isRemembered === undefined
        ? ''
        : isRemembered
          ? ', what is needed is there'
          : ', what is needed is missing'
    console.log(`  ${tokens} tokens${verdict}\n< ${turn.answer}\n`)
    if (isRemembered !== undefined)
      [asked, remembered] = [asked + 1, remembered + Number(isRemembered)]
  }
  console.log(`${remembered} of ${asked} questions find what they need in the memory`)
})
