// The questions that the example asks, in the words of a customer rather than of the catalogue, and the products
// that a good shop assistant would put among the first five.

/**
 * @typedef {{ text: string, expected: string[], category?: string, metric?: 'l2' }} Question
 * @type {{ en: Question[], zh: Question[] }}
 */
export const QUESTIONS = {
  en: [
    {
      text: 'I fly long-haul every week: what keeps engine noise and chatter away?',
      expected: ['HP-101'],
    },
    { text: 'a shelter for a winter climb in storm and snow', expected: ['TN-102'] },
    { text: 'typing that does not disturb my colleagues', expected: ['KB-101'] },
    { text: 'my dogs shed hair all over the sofa and the stairs', expected: ['VC-101'] },
    { text: 'cut 4K film while travelling', expected: ['LT-102'], category: 'laptops' },
    {
      text: 'one button and I get coffee with foamed milk',
      expected: ['CF-102'],
      metric: 'l2',
    },
  ],
  zh: [
    { text: '经常坐飞机，想要能隔绝引擎噪音的耳机', expected: ['HP-101'] },
    { text: '冬天登山遇到暴风雪，住什么样的帐篷？', expected: ['TN-102'] },
    { text: '办公室里打字怕吵到别人', expected: ['KB-101'] },
    { text: '狗掉毛，沙发和楼梯上到处都是', expected: ['VC-101'] },
    { text: '出差路上剪4K视频', expected: ['LT-102'], category: '笔记本电脑' },
    { text: '按一个键就能喝到带奶泡的咖啡', expected: ['CF-102'], metric: 'l2' },
  ],
}
