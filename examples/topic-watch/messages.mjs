// What customers of a shop write, by topic and mood: examples that are labelled, and messages that come.

/** @type {Record<'en' | 'zh', Record<string, { examples: string[], messages: string[] }>>} */
export const MESSAGES = {
  en: {
    'delivery, angry': {
      examples: [
        'My parcel is a week late.',
        'Nothing has arrived and nobody answers.',
        'The courier left it in the rain.',
        'Still waiting, this is ridiculous.',
        'The tracking has not moved for days.',
      ],
      messages: [
        'Where is my order? It should have been here on Monday!',
        'Ten days and no parcel.',
        'The driver never rang the bell.',
        'Your shipping is hopeless.',
        'It was delivered to the wrong house again.',
        'Two weeks of waiting for a lamp!',
      ],
    },
    'delivery, pleased': {
      examples: [
        'It came the next day, wonderful.',
        'Fast delivery, thank you.',
        'The courier was very friendly.',
        'Arrived earlier than promised.',
        'Well packed and on time.',
      ],
      messages: [
        'Wow, ordered yesterday and here today.',
        'Delivery was quick as always.',
        'The parcel arrived in perfect shape.',
        'Great service from the courier.',
        'Sooner than I had hoped!',
      ],
    },
    'quality, angry': {
      examples: [
        'The zip broke on the first day.',
        'It fell apart after a week.',
        'Cheap plastic, not worth the money.',
        'The battery dies after an hour.',
        'The colour washed out at once.',
      ],
      messages: [
        'The handle came off when I lifted it.',
        'Stopped working after two days.',
        'Very poor quality, I am disappointed.',
        'The screen is full of scratches.',
        'It smells of chemicals and leaks.',
        'Seams are open already.',
      ],
    },
    'quality, pleased': {
      examples: [
        'The quality is excellent.',
        'It feels solid and looks beautiful.',
        'Best headphones that I ever had.',
        'Still like new after two years.',
        'Great value for the money.',
      ],
      messages: [
        'I love how well it is made.',
        'The sound is amazing.',
        'Sturdy, light and pretty.',
        'Works perfectly every day.',
        'Better than in the pictures!',
      ],
    },
  },
  zh: {
    'delivery, angry': {
      examples: [
        '包裹晚了一个星期。',
        '东西没到，也没人回复。',
        '快递员把它扔在雨里。',
        '还在等，太离谱了。',
        '物流好几天没动了。',
      ],
      messages: [
        '我的订单在哪里？周一就该到了！',
        '十天了还没收到包裹。',
        '快递员根本没按门铃。',
        '你们发货太慢了。',
        '又送错地址了。',
        '一盏灯等了两个星期！',
      ],
    },
    'delivery, pleased': {
      examples: [
        '第二天就到了，太好了。',
        '发货很快，谢谢。',
        '快递员态度很好。',
        '比承诺的还早到。',
        '包装完好，准时送达。',
      ],
      messages: [
        '昨天下单今天就到了。',
        '送货一如既往地快。',
        '包裹送到时完好无损。',
        '快递服务真棒。',
        '比我想的还快！',
      ],
    },
    'quality, angry': {
      examples: [
        '拉链第一天就坏了。',
        '用了一个星期就散架了。',
        '廉价塑料，不值这个价。',
        '电池一小时就没电。',
        '一洗就褪色。',
      ],
      messages: [
        '一提把手就掉了。',
        '两天就坏了。',
        '质量太差，很失望。',
        '屏幕上全是划痕。',
        '有刺鼻的气味还漏水。',
        '线头都开了。',
      ],
    },
    'quality, pleased': {
      examples: [
        '质量非常好。',
        '手感扎实，外观漂亮。',
        '用过最好的耳机。',
        '用了两年还像新的。',
        '性价比很高。',
      ],
      messages: [
        '做工我很喜欢。',
        '音质太棒了。',
        '结实、轻便又好看。',
        '每天用都没问题。',
        '比图片上还好看！',
      ],
    },
  },
}
