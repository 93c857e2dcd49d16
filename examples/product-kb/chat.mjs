// The memory part: a talk is remembered line by line, and what belongs to the next question comes back into the prompt.

import { VectorStoreRetrieverMemory } from 'hippocamp/memory'

const TALK = {
  en: {
    facts: [
      ['I am Mara, and I run a small bakery in Lisbon.', 'Nice to meet you, Mara.'],
      [
        'My daughter Ines is allergic to cats, so we keep none.',
        'Understood: no cats in the house.',
      ],
      ['Please phone me only after three, when the ovens are off.', 'After three, then.'],
      ['Last spring I bought a cargo bike for the deliveries.', 'I hope that it carries well.'],
    ],
    question: 'At what time may we call you about the coffee machine?',
    head: 'You are the assistant of a shop. What the customer said earlier and may matter now:',
    speakers: ['Customer', 'Assistant'],
  },
  zh: {
    facts: [
      ['我叫林岚，在苏州开了一家小面包房。', '林女士您好，很高兴认识您。'],
      ['我女儿对猫毛过敏，所以家里不养猫。', '明白了，家里没有猫。'],
      ['下午三点以后烤箱关了，再给我打电话。', '好的，三点以后联系您。'],
      ['去年春天我买了一辆货运自行车送货。', '希望它好骑又能装。'],
    ],
    question: '关于咖啡机，我们什么时间给您打电话方便？',
    head: '你是一家商店的助手。顾客以前说过、现在可能有用的话：',
    speakers: ['顾客', '助手'],
  },
}

/**
 * @param {import('hippocamp').Store} store
 * @param {'en' | 'zh'} lang
 */
export async function rememberTalk(store, lang) {
  const { facts, question, head, speakers } = TALK[lang]
  const collection = store.collection('talk')
  const memory = new VectorStoreRetrieverMemory({ collection, k: 2, memoryKey: 'history' })
  await memory.clear()
  for (const [input, output] of facts) await memory.saveContext({ input }, { output })

  const { history } = await memory.loadMemoryVariables({ input: question })
  const prompt = `${head}\n\n${history}\n\n${speakers[0]}: ${question}\n${speakers[1]}:`
  console.log(prompt.replace(/^/gm, '  | '))
}
