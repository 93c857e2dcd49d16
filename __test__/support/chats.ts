/**
 * Talks as people have them, with the sentences that a summary should keep: those that begin with *. A line is a message, of
 * the human and of the assistant in turn. The formula was adjusted to those that are seen, and not to the others.
 */
export const CHATS: Record<
  'English' | 'Chinese',
  Record<'seen' | 'not seen', readonly string[]>
> = {
  English: {
    seen: [
      `Hello! *My name is Marta and I live in Lisbon.
Hello Marta! Nice to meet you. How can I help you today?
I want to cook something nice tonight. *I am allergic to peanuts, by the way.
Thanks for telling me. How about a risotto with mushrooms? It is easy and everybody likes it.
Great. That sounds wonderful. How long does a risotto take?
A risotto takes half an hour. You only have to stir it all the time.
Perfect! *My daughter Ines turns six on March 12.
How lovely! Congratulations to her. Are you going to have a party?
Yes, a small one. *We have invited 14 children from her school.
Wow, that is a lot of fun. Let me know if you need ideas for games.`,
      `Hi there. The weather is awful today, isn't it?
It really is. Rain again! What are you up to?
Not much. I was just looking at the window. *I start my new job at Siemens next Monday.
Congratulations! That is great news. Are you excited?
Very. It is a bit scary too. *My boss will be Mr. Weber, who was in Tokyo for nine years.
He must have a lot of stories. Starting something new is always exciting.
Haha, true. What should one wear on the first day?
Something comfortable is best. A shirt is never wrong on a first day.
Good point. *I can only work until three o'clock because I pick up my son.
That sounds like a good arrangement. Mornings are the best time to work anyway.
Right. Thank you so much for the chat!
You're welcome. Have a wonderful day!`,
      `Good morning! Did you sleep well?
Good morning! I don't sleep, but thank you for asking.
Haha, of course. *I have been a vegetarian since 2015.
Wonderful. There are so many tasty dishes without meat. Shall I suggest one?
Yes please. Something quick would be good.
A curry with chickpeas is quick and tasty. It is ready in twenty minutes.
Nice! That is just what I was looking for. *My husband Paul hates coriander.
No problem. You can leave it out. The curry is tasty without it as well.
Super. *We fly to Crete on the 3rd of June.
How exciting! The sea is beautiful at that time. Have you packed already?
Not yet! There is so much to do.
You will manage. One thing after the other!`,
    ],
    'not seen': [
      `Hey! Are you there?
Hey! I am here. What's on your mind?
*The doctor says that my mother should not eat salt any more.
Oh, I am sorry to hear that. There are many ways to cook without it. Herbs and lemon do wonders.
That helps a lot. Any dish that comes to mind?
Roasted vegetables with rosemary are a good start. They taste of something even without it.
Lovely. *She is 71 and lives alone in Graz.
It is kind of you to look after her. Do you cook for her often?
As often as possible. *On Sundays her neighbour Frieda brings soup.
What a nice neighbour! Everybody should have one like that.
Totally. Alright, time to go shopping.
Have fun shopping! Talk to you soon.`,
      `Evening! What a long day that was.
Good evening! Long days are tiring. Do you want to talk about it?
Sure. *The car broke down near Leeds this morning.
Oh no! Was it something serious?
Kind of. *The garage wants 900 pounds for the repair.
That is a lot of money. It may be worth asking somewhere else too.
Good idea. I did not think of that.
Prices differ a lot between garages. A second opinion costs nothing.
True. *I need it back before Friday, when I drive to my brother's wedding.
Then there is not much time. Should we look for garages nearby?
Later perhaps. First I need some tea.
Enjoy your tea! It has been a long day after all.`,
    ],
  },
  Chinese: {
    seen: [
      `你好！*我叫王小明，住在杭州。
好的，我记住了王小明。很高兴认识你！
今天天气真不错。*我对花生过敏，一吃就要去医院。
谢谢你告诉我。今天天气确实很好，很适合出去走走。
是啊，真想出去走走。你觉得去哪里好呢？
公园就很不错。天气好的时候公园里很热闹。
太好了。*我女儿三月十二日满六岁。
真好！祝她生日快乐！打算怎么庆祝呢？
还没想好呢。*我们请了十四个小朋友来家里。
哇，那一定很热闹。需要我帮忙想想游戏吗？`,
      `早上好！昨天睡得好吗？
早上好！谢谢关心，我很好。
哈哈，那就好。*我下周一开始在华为上班。
恭喜恭喜！这真是个好消息。你一定很激动吧？
有点紧张。*我的领导是陈经理，他在日本工作过九年。
不用紧张，慢慢来就好。新的开始总是让人期待。
第一天应该穿什么呢？
穿得舒服就好。第一天穿衬衫总不会错。
有道理。*我每天三点要去接儿子。
好的，没问题。这样的安排听起来不错。
谢谢你陪我聊天！
不客气！祝你今天愉快！`,
      `在吗？有点无聊。
在的，想聊点什么？
随便聊聊吧。*我从2015年开始吃素。
吃素挺好的。好吃的素菜有很多。要我推荐一道吗？
好啊，最好简单一点。
番茄炒蛋很简单，也很好吃。十分钟就能做好。
听起来很好吃！*我丈夫李强不吃香菜。
没问题，不放就是了。不放也很好吃。
太棒了。*我们六月三日飞海南。
真让人羡慕！海边一定很美。行李收拾好了吗？
还没有呢，事情太多了。
别着急，一件一件来。`,
    ],
    'not seen': [
      `嗨，在吗？
在呢。今天想聊什么？
*医生说我妈妈不能再吃盐了。
听到这个消息真遗憾。不放盐也有很多做法，柠檬和香草都很提味。
这个主意好。有什么菜可以推荐吗？
烤蔬菜就很合适。就算不放盐也很有味道。
不错不错。*她今年七十一岁，一个人住在苏州。
你照顾她真细心。你经常给她做饭吗？
有空就做。*星期天邻居张阿姨会给她送汤。
多好的邻居啊！要是人人都有这样的邻居就好了。
可不是嘛。该去买菜了。
买菜愉快！回头再聊。`,
      `晚上好，今天真累。
晚上好！累了就好好歇歇。想说说发生了什么吗？
*早上车在南京附近坏了。
哎呀！严重吗？
有点严重。*修车厂要九千块。
这可不便宜。也可以去别家问问价格。
有道理，我没想到。
各家的价格差得很多。多问一家又不花钱。
也是。*星期五之前我得把车拿回来，要开去参加弟弟的婚礼。
那时间有点紧了。要不要现在找找附近的修车厂？
等会儿吧，先喝杯茶。
好好喝茶！今天确实够累的。`,
    ],
  },
}

/** A talk as lines of a memory, and what should be kept of it. */
export function markedChat(chat: string): { lines: string[]; gold: string[] } {
  const gold = [...chat.matchAll(/\*([^*\n]*)/g)].map(([, sentence]) => (sentence ?? '').trim())
  const lines = chat
    .split('\n')
    .map((line, i) => `${i % 2 === 0 ? 'Human' : 'AI'}: ${line.replaceAll('*', '')}`)
  return { lines, gold }
}
