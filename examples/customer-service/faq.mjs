// The questions and answers of a shop, and what customers ask then. `undefined` stands for questions that it has no answer for.

/** @type {Record<'en' | 'zh', { answers: Record<string, { answer: string, questions: string[] }>, asked: [question: string, topic: string | undefined][], none: string }>} */
export const FAQ = {
  en: {
    none: 'I do not know; a colleague will answer you.',
    answers: {
      delivery: {
        answer:
          'Parcels take two to four working days. The tracking link is in the mail that we send when they leave.',
        questions: [
          'When will my order arrive?',
          'How long does shipping take?',
          'Where is my parcel?',
          'Can I track my package?',
          'My order has not come yet.',
        ],
      },
      returns: {
        answer:
          'You have 30 days. Print the label from your account and drop the parcel at any post office.',
        questions: [
          'How can I send something back?',
          'What is your return policy?',
          'I want to return these shoes.',
          'It does not fit, can I exchange it?',
          'Do you take items back after two weeks?',
        ],
      },
      refund: {
        answer:
          'The money is back on the way you paid within five days after the parcel has reached us.',
        questions: [
          'When do I get my money back?',
          'Has my refund been paid?',
          'How long do refunds take?',
          'I have not received the refund.',
          'Where does the refunded money go?',
        ],
      },
      warranty: {
        answer:
          'Everything has a warranty of two years. Send us a picture of the fault and we repair or replace it.',
        questions: [
          'It broke after three months, what now?',
          'How long is the warranty?',
          'My headphones stopped working.',
          'Do you repair things?',
          'The zip is defective.',
        ],
      },
      payment: {
        answer: 'We take cards, PayPal and bank transfers; invoices for companies.',
        questions: [
          'How can I pay?',
          'Do you accept credit cards?',
          'Can my company pay by invoice?',
          'Is PayPal possible?',
          'My card was declined at checkout.',
        ],
      },
      account: {
        answer:
          'Use “Forgot password” on the login page; the link in the mail is good for an hour.',
        questions: [
          'I forgot my password.',
          'I cannot log in.',
          'How do I change my email address?',
          'My account is locked.',
          'Please delete my account.',
        ],
      },
    },
    asked: [
      ['It has been a week and nothing was delivered', 'delivery'],
      ['the jacket is too small, I would like another size', 'returns'],
      ['you got my parcel but I still wait for the money', 'refund'],
      ['the screen of my watch went black in spring', 'warranty'],
      ['may I use Mastercard', 'payment'],
      ['the site says my login is wrong', 'account'],
      ['What is the capital of Peru?', undefined],
      ['Can you recommend a good restaurant nearby?', undefined],
    ],
  },
  zh: {
    none: '这个问题我答不上来，同事会尽快回复您。',
    answers: {
      delivery: {
        answer: '包裹一般两到四个工作日送达，发货邮件里有物流查询链接。',
        questions: [
          '我的订单什么时候到？',
          '快递要几天？',
          '我的包裹到哪里了？',
          '怎么查物流？',
          '东西还没收到。',
        ],
      },
      returns: {
        answer: '三十天内可以退换。在账户里打印退货单，交给任意邮局即可。',
        questions: [
          '怎么退货？',
          '你们的退货政策是什么？',
          '这双鞋我想退。',
          '尺码不合适可以换吗？',
          '买了两周还能退吗？',
        ],
      },
      refund: {
        answer: '我们收到退货后五天内，款项原路退回。',
        questions: [
          '什么时候退款？',
          '我的退款到账了吗？',
          '退款要多久？',
          '退款还没收到。',
          '钱退到哪里？',
        ],
      },
      warranty: {
        answer: '所有商品保修两年。把故障照片发给我们，我们负责维修或更换。',
        questions: [
          '用了三个月坏了怎么办？',
          '保修期多长？',
          '我的耳机没声音了。',
          '你们修东西吗？',
          '拉链坏了。',
        ],
      },
      payment: {
        answer: '支持银行卡、支付宝、微信和对公转账，可开发票。',
        questions: [
          '怎么付款？',
          '可以刷信用卡吗？',
          '公司付款能开发票吗？',
          '能用支付宝吗？',
          '付款的时候提示卡被拒绝。',
        ],
      },
      account: {
        answer: '在登录页点“忘记密码”，邮件里的链接一小时内有效。',
        questions: [
          '我忘记密码了。',
          '登录不上去。',
          '怎么修改邮箱？',
          '账户被锁定了。',
          '请注销我的账户。',
        ],
      },
    },
    asked: [
      ['都一个星期了，货还没送到', 'delivery'],
      ['外套太小了，想换大一号', 'returns'],
      ['你们收到退货了，可是钱还没退给我', 'refund'],
      ['手表春天的时候黑屏了', 'warranty'],
      ['支持微信支付吗', 'payment'],
      ['网站说我的密码不对', 'account'],
      ['秘鲁的首都是哪里？', undefined],
      ['附近有什么好吃的餐馆？', undefined],
    ],
  },
}
