// What a person says, what an assistant answers, and which of it must be remembered when a question comes.

/**
 * @typedef {{ says: string, answer: string, needs?: string }} Turn `needs`: what has to be in the memory for the answer
 * @type {Record<'en' | 'zh', Turn[]>}
 */
export const SCRIPT = {
  en: [
    {
      says: 'Hi, I am Mara and I run a small bakery in Lisbon.',
      answer: 'Nice to meet you, Mara.',
    },
    { says: 'My daughter Ines is allergic to cats, so we have none.', answer: 'No cats, then.' },
    { says: 'In the mornings I bake, so call me after three.', answer: 'After three it is.' },
    { says: 'What is a good flour for brioche?', answer: 'A strong one, with much protein.' },
    { says: 'And how long should the dough rest?', answer: 'Overnight, in the fridge.' },
    { says: 'Last spring I bought a cargo bike for deliveries.', answer: 'A bakery on wheels!' },
    { says: 'How much butter goes in?', answer: 'Half the weight of the flour.' },
    {
      says: 'When can the coffee machine people reach me?',
      answer: 'After three.',
      needs: 'call me after three',
    },
    {
      says: 'Ines wants a pet. Which one could we take?',
      answer: 'A dog or a bird: no cat.',
      needs: 'allergic to cats',
    },
    {
      says: 'How could I bring bread to the market?',
      answer: 'On the cargo bike.',
      needs: 'cargo bike',
    },
    { says: 'In which city is my shop again?', answer: 'In Lisbon.', needs: 'bakery in Lisbon' },
  ],
  zh: [
    { says: '你好，我叫林岚，在苏州开了一家小面包房。', answer: '林女士您好。' },
    { says: '我女儿小禾对猫毛过敏，所以家里不养猫。', answer: '明白，不养猫。' },
    { says: '我上午要烤面包，三点以后再给我打电话。', answer: '好的，三点以后。' },
    { says: '做布里欧修用什么面粉好？', answer: '高筋面粉，蛋白质含量高的。' },
    { says: '面团要醒多久？', answer: '放冰箱冷藏一晚。' },
    { says: '去年春天我买了一辆货运自行车送货。', answer: '会走的面包房！' },
    { says: '黄油放多少？', answer: '面粉重量的一半。' },
    { says: '咖啡机公司什么时间能联系到我？', answer: '三点以后。', needs: '三点以后再给我打电话' },
    { says: '小禾想养宠物，我们能养什么？', answer: '狗或者鸟，不能养猫。', needs: '猫毛过敏' },
    { says: '我怎么把面包运到集市上？', answer: '用货运自行车。', needs: '货运自行车' },
    { says: '我的店在哪个城市来着？', answer: '在苏州。', needs: '在苏州开了一家小面包房' },
  ],
}
