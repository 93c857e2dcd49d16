/**
 * Sentences in which the named things are marked: `{kind text}`. Written for this purpose, before the rules were adjusted;
 * rules may be adjusted to sentences at odd places only, so that those at even places say what to expect.
 */
export const ENGLISH = `
{person Anna} moved to {place Berlin} in {date May 2019}.
My brother {person Tom} works at {organisation Siemens} and earns {number $5,000} a month.
Please remind me to call {person Dr. Smith} on {date March 5}.
I grew up in {place Portland}, {place Oregon}, near the {place Columbia River}.
We watched "{quoted The Godfather}" with {person Maria} last night.
The weather is lovely today and I want to go for a walk.
{person Sarah Connor} lives at 12 {place Baker Street} in {place London}.
Could you send the report to {handle @mike_j} before {date 2024-03-15}?
{organisation Google} was founded in {date 1998} by {person Larry Page} and {person Sergey Brin}.
My favourite sport is soccer and my favourite food is pizza.
{person John}'s dog weighs {number 30 kg} and is called {name Rex}.
She studied at the {organisation University of Oxford} for {number three years}.
On Monday {person Priya} flew from {place Delhi} to {place New York}.
What time does the meeting start tomorrow?
The {name Eiffel Tower} is {number 330 metres} tall.
I bought an {name iPhone 15} for {number 999 euros} at {organisation Best Buy}.
{person Mr. Tanaka} recommended the restaurant {quoted "Sakura"} in {place Kyoto}.
Thanks, that was really helpful!
{person Emily} and {person Jack} got married on {date June 12, 2021}.
Our train leaves {place Paris} at nine and reaches {place Lyon} two hours later.
Work has been stressful since {person Karen} left the company.
I am allergic to peanuts, and my doctor is {person Professor Miller}.
{person Elena} plays the violin in the {organisation Boston Symphony Orchestra}.
The flight to {place San Francisco} takes {number 11 hours}.
In {date 2020} {organisation Acme Corp} opened an office in {place Singapore}.
He said that {person van Gogh} painted it in {place Arles}.
Everyone at {organisation Northwind Traders} knows {person Lucy}.
The marathon is {number 42 km} long and starts at {name Brandenburg Gate}.
Does {person Ahmed} speak French or only Arabic?
{person Liam O'Brien} wrote "{quoted Silent Harbor}" while he lived in {place Ireland}.
I need to renew my passport before the trip to {place Japan}.
We named the project {name Bluebird} and its manager is {person Olga Petrova}.
Soccer practice is on Tuesday at the school.
{person Grandma Ruth} baked {number 2 kg} of cookies for Christmas.
My flight number is 4471 and the gate is still unknown.
{person Carlos} joined {organisation Microsoft} on {date 3 January 2022}.
The cat sleeps on the sofa all day.
{person Hannah} climbed {place Mount Fuji} with her sister {person Mia}.
Follow {handle @nasa} and {handle @esa} for pictures of {name Mars}.
I paid {number 20%} less than {person Ben} for the same ticket.
{person J. K. Rowling} was born in {place Yate}, {place England}.
The {organisation Red Cross} helped after the flood in {place Bangladesh}.
Reading before bed helps me sleep.
{person Uncle Bob} drives a {name Tesla Model 3} to {place Munich} every week.
My password hint is the street where I lived as a child.
{person Noah} was born on {date 14 February 1990} in {place Cape Town}.
`
  .trim()
  .split('\n')

export const CHINESE = `
我叫{person 王小明}，在{place 北京}工作。
{person 张伟}昨天和{person 李娜}一起去了{place 上海}。
我最喜欢的运动是足球。
{person 王经理}说下周去{place 深圳}出差。
我的老师是{person 陈建国}，他住在{place 南京市}{place 鼓楼区}。
她毕业于{organisation 清华大学}，现在在{organisation 腾讯}上班。
请在{date 2024年3月5日}之前给{person 刘女士}打电话。
这条裤子花了{number 35元}，那件衣服花了{number 三百元}。
{person 诸葛亮}出生在{place 山东}。
今天天气很好，我想出去走走。
{person 欧阳娜}喜欢看《{quoted 红楼梦}》。
我在{place 杭州市}{place 西湖区}租了一套{number 80平方米}的房子。
{person 赵敏}的生日是{date 5月20日}。
妈妈做的饭很好吃。
{person 周杰}是我的大学同学，他来自{place 四川省}。
我们公司在{place 长安街}旁边。
{person 阿尔伯特·爱因斯坦}是物理学家。
{person 小王}每天跑{number 五公里}。
马上就要放假了，大家都很高兴。
我把钱转给了{person 孙丽}，一共{number 2000块}。
{person 林芳}在{organisation 中国人民银行}当会计。
{date 2023年}我搬到了{place 成都}。
他们一家去{place 黄山}旅游了三天。
{person 何先生}预订了{place 巴黎}的酒店。
这本书叫《{quoted 活着}》，作者是{person 余华}。
{person 吴志强}和{person 郑爽}在{organisation 华为}工作。
请关注{handle @xiaoming_wang}，谢谢。
我对花生过敏，不能吃海鲜。
{person 老李}的儿子在{place 美国}读书。
{organisation 北京大学}离{place 中关村}不远。
{person 徐静}养了一只猫，叫“{quoted 豆豆}”。
周末我想在家休息。
{person 黄教授}下个月去{place 日本}{place 东京}开会。
他的体重是{number 70公斤}，身高{number 180厘米}。
{person 马云}创办了{organisation 阿里巴巴集团}。
火车从{place 广州}开往{place 武汉}。
我昨天在图书馆看到了{person 许文}。
这家餐厅的菜有点贵。
{person 高圆}是我们班的班长，她住在{place 江苏省}{place 苏州市}。
我爸爸是{organisation 协和医院}的医生。
方便的话，请安全到家后告诉我。
{person 胡老师}教我们数学，{person 唐老师}教英语。
{person 郭敬}写的小说《{quoted 小时代}》很有名。
我妹妹{person 陆瑶}在{place 加拿大}{place 温哥华}生活。
白色的杯子和黄色的盘子都卖完了。
{person 司马光}小时候砸缸的故事很有名。
`
  .trim()
  .split('\n')

export interface Marked {
  readonly text: string
  readonly entities: readonly { readonly text: string; readonly kind: string }[]
}

/** A sentence without its marks, and what they say. */
export function unmark(sentence: string): Marked {
  const entities: { text: string; kind: string }[] = []
  const text = sentence.replace(/\{(\w+) ([^}]*)\}/g, (_, kind: string, text: string) => {
    entities.push({ kind, text: text.replaceAll('"', '') })
    return text
  })
  return { text, entities }
}
