/** Word lists of the recogniser. They are short: what a rule can tell is not listed. */

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/))
}

/** Capitalised at the beginning of a sentence, but no names; in lower case. */
export const COMMON = words(`
a an the this that these those my your his her its our their some any each every all both no none one two three
i me you he she it we they us them who whom whose which what when where why how there here
i'm i've i'll i'd it's that's what's he's she's we're they're you're let's don't isn't there's who's where's how's can't
is are was were am be been being do does did have has had can could will would shall should may might must
and or but nor so yet if because although though while since until unless after before as than then when whenever
in on at by for from to of off with without about above across against along among around behind below beneath beside
between beyond during except inside into near onto outside over past through throughout toward under up upon within
not yes yeah yep nope ok okay oh ah hi hello hey dear thanks thank please sorry sure well right great good nice cool
fine maybe perhaps probably actually really just only also even still again ever never always often sometimes usually
today tomorrow yesterday tonight now later soon recently currently finally first second third next last once twice
however therefore moreover meanwhile otherwise instead anyway besides everyone everybody everything someone somebody
something nobody nothing anyone anybody anything others another many much most more less few several other such same
new old big small long short high low early late best better bad worse happy sad
tell ask give take make let get go come see look find know think want need use try call keep put say show read write
send buy bring remember forget remind note book work play eat drink meet visit check open close start stop add set help
human ai user assistant system dad mom mum mother father brother sister son daughter wife husband uncle aunt grandma
grandpa people man woman boy girl friend friends kids children doctor teacher student time day week month year morning
afternoon evening night home house school office city country company team project meeting food music movie weather
breakfast lunch dinner coffee tea water money price train bus car plane flight ticket
according based given despite due instead regarding unlike like depending
`)

/** Capitalised everywhere in English, but no names of something. */
export const NEVER = words(`
i i'm i've i'll i'd ok tv am pm ai ceo cto cfo hr pc id faq diy url api cv phd bc ad btw lol omg imo asap fyi eta
monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays
january february march april may june july august september october november december
english chinese french german spanish italian portuguese russian japanese korean arabic dutch greek swedish norwegian
danish finnish polish turkish hindi latin hebrew thai vietnamese american british european asian african canadian
australian indian mexican brazilian irish scottish swiss austrian mandarin cantonese internet
`)

/** Small words inside a name. */
export const CONNECTORS = words('of the de van von der den da di del la le du bin ibn al')

/** What comes before the name of a person. */
export const TITLES = words(`
mr mrs ms miss dr prof professor sir madam lady lord captain president minister senator king queen prince princess judge
detective officer sergeant colonel general uncle aunt auntie grandma grandpa coach father sister brother
`)

/** What people do: the word before is somebody. */
export const PERSON_VERBS = words(`
said says told tells asked asks lives lived works worked likes liked loves loved hates wants wanted thinks thought knows
wrote writes called calls moved moves met meets married bought buys went goes came comes studies studied teaches taught
plays played speaks spoke joined left plans planned prefers preferred enjoys enjoyed visited visits invited recommended
recommends suggested agreed promised started finished decided booked sent gave
`)

/** What comes before a name when somebody is spoken to. */
export const GREETINGS = words(
  'hi hello hey dear thanks bye goodbye welcome sorry wow congratulations',
)

/** First names that are common, in lower case. */
export const FIRST_NAMES = words(`
james john robert michael william david richard joseph thomas charles daniel matthew anthony mark donald steven paul
andrew joshua kenneth kevin brian george timothy ronald edward jason jeffrey ryan jacob gary nicholas eric jonathan
stephen larry justin scott brandon benjamin samuel gregory frank alexander raymond patrick jack dennis jerry tyler aaron
jose adam nathan henry peter zachary kyle walter ethan jeremy harold carl keith roger noah arthur liam oliver lucas leo
max felix tom tim ben sam dan joe jim bob mike nick alex chris tony luke simon martin hans karl otto stefan klaus
mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley kimberly
emily donna michelle carol amanda melissa deborah stephanie rebecca laura sharon cynthia kathleen amy angela shirley anna
brenda pamela emma nicole helen samantha katherine christine debra rachel carolyn janet maria catherine heather diane
olivia julie joyce victoria ruth lauren kelly christina joan evelyn judith andrea hannah megan cheryl jacqueline martha
sophia alice julia grace amber denise danielle lily ann anne kate jane lucy sophie clara eva nina mia zoe ella chloe
ahmed mohammed ali fatima omar yusuf priya raj amit ravi anita carlos juan luis miguel pedro sofia elena ivan olga
dmitri natasha yuki kenji hiroshi sakura wei ming mei li
`)

/** Countries, states and larger cities in English, in lower case, words joined by a space. */
export const PLACES: ReadonlySet<string> = new Set(
  `china,japan,korea,south korea,north korea,india,thailand,vietnam,indonesia,malaysia,singapore,philippines,pakistan,bangladesh
iran,iraq,israel,turkey,egypt,morocco,nigeria,kenya,ethiopia,south africa,ghana,france,germany,italy,spain,portugal,england
scotland,wales,ireland,britain,united kingdom,uk,netherlands,holland,belgium,switzerland,austria,poland,hungary,greece
sweden,norway,denmark,finland,iceland,russia,ukraine,canada,mexico,brazil,argentina,chile,peru,colombia,cuba,australia
new zealand,united states,america,usa,us,u.s,europe,asia,africa,antarctica,taiwan,hong kong,macau,tibet
california,texas,florida,oregon,washington,ohio,michigan,virginia,georgia,colorado,arizona,nevada,utah,hawaii,alaska,bavaria
london,paris,berlin,munich,hamburg,frankfurt,cologne,vienna,zurich,geneva,rome,milan,venice,florence,naples,madrid,barcelona
lisbon,porto,amsterdam,rotterdam,brussels,copenhagen,stockholm,oslo,helsinki,dublin,edinburgh,glasgow,manchester,liverpool
oxford,cambridge,birmingham,bristol,prague,warsaw,krakow,budapest,athens,istanbul,moscow,kyiv,kiev,cairo,nairobi,lagos
cape town,johannesburg,dubai,mumbai,delhi,new delhi,bangalore,bangkok,hanoi,jakarta,manila,seoul,busan,tokyo,kyoto,osaka
beijing,shanghai,guangzhou,shenzhen,hangzhou,nanjing,chengdu,wuhan,xi'an,suzhou,tianjin,chongqing,taipei,sydney,melbourne
brisbane,perth,auckland,wellington,toronto,vancouver,montreal,ottawa,new york,los angeles,chicago,houston,san francisco
seattle,boston,portland,denver,austin,dallas,miami,atlanta,philadelphia,detroit,las vegas,san diego,phoenix,mexico city
rio de janeiro,sao paulo,são paulo,buenos aires,lima,bogota,santiago,havana`
    .split(/[,\n]/)
    .map(name => name.trim()),
)

/** The last word of a place. */
export const PLACE_ENDINGS = words(`
city county street road avenue lane square river lake mountain mountains mount island islands airport station park beach
bay valley forest bridge coast desert sea ocean peninsula province village town hills
`)

/** The last word of an organisation. */
export const ORGANISATION_ENDINGS = words(`
inc ltd llc corp corporation company co gmbh ag plc group university college institute school academy hospital clinic bank
museum library foundation association committee council ministry department agency union party club orchestra
labs laboratories systems technologies software airlines motors
`)

/** Organisations that are named often, in lower case. */
export const ORGANISATIONS = words(`
google microsoft apple amazon facebook meta netflix tesla ibm intel nvidia oracle samsung sony toyota honda bmw volkswagen
siemens bosch nestle unilever ikea spotify uber airbnb openai anthropic huawei alibaba tencent baidu bytedance xiaomi nasa
unesco nato who eu un fbi cia bbc cnn mit ucla harvard stanford yale
`)

/** Single Chinese surnames that begin a name wherever they stand alone. */
export const SURNAMES: ReadonlySet<string> = new Set(
  '王李张刘陈杨赵吴周徐孙马朱胡林郭梁郑谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆石戴贾韦夏邱侯邹熊孟秦白江阎薛尹段雷龙黎史陶贺顾毛郝龚邵万钱严覃武戚莫孔汤殷罗高梅盛童霍柯翁倪俞聂尤岳施翟柳关单鲍樊兰乔颜骆裴洪庄鲁葛伍申耿卓蒲阮蓝麦甄何方黄金温安常齐纪路管向于时牛季凌舒费辛项祝欧文凤',
)

/** Of these, the ones that are also words of their own, and begin a name only after something that announces one. */
export const UNSURE_SURNAMES: ReadonlySet<string> = new Set(
  '白高金钱向于时路管关单方黄何温安常文武龙马万盛童石田江兰蓝麦牛季许任段严',
)

export const COMPOUND_SURNAMES = words(
  '欧阳 司马 上官 诸葛 司徒 东方 皇甫 尉迟 公孙 慕容 令狐 端木 夏侯 轩辕 宇文 长孙 南宫 独孤 西门 申屠',
)

/** What comes after a Chinese surname or name. */
export const CHINESE_TITLES = words(
  '先生 女士 小姐 太太 老师 教授 医生 大夫 经理 总 总监 主任 院长 校长 局长 部长 市长 省长 县长 队长 班长 书记 律师 博士 师傅 同学 同志 董事长 总经理 阿姨 叔叔 大哥 大姐 哥 姐 导演 教练 护士 警官 会计 工程师 秘书',
)

/** What announces the name of a person. */
export const NAME_CUES = words(
  '叫 名叫 叫做 是 我 姓名 和 与 跟 同 找 给 对 让 请 见 见到 遇到 认识 同事 朋友 同学 老师 老板 邻居 表弟 表哥 表姐 表妹 弟弟 哥哥 姐姐 妹妹 爸爸 妈妈 儿子 女儿 丈夫 妻子 作家 诗人 歌手 演员 导演 医生 教授 经理 作者 客户 室友 学生 总统 主席 今天 昨天 明天 上周 因为 听说 问 告诉 陪 约 喜欢',
)

/** Chinese characters and words that are in no name: grammar, numbers with measures, common verbs. */
export const CHINESE_FUNCTION = words(
  '的 了 在 是 否 由 我 你 他 她 它 们 我们 你们 他们 她们 和 与 跟 或 及 也 都 就 不 没 没有 有 很 太 最 更 还 又 再 才 只 把 被 给 对 向 从 到 去 来 回 上 下 里 中 外 前 后 这 那 哪 谁 什么 怎么 为什么 吗 呢 吧 啊 呀 着 过 会 能 可以 要 想 说 问 讲 看 见 吃 喝 住 住在 走 坐 做 用 让 叫 请 找 买 卖 送 带 等 爱 写 听 学 教 打 开 关 出 进 起 得 地 之 其 而 但 但是 因为 所以 如果 虽然 一 二 三 四 五 六 七 八 九 十 百 千 两 个 位 家 所 间 座 条 本 次 年 月 日 号 点 天 大 小 多 少 好 新 老 几 每 各 某 全 于 以 为 将 并 且 非常 已经 正在 一起 今天 昨天 明天 现在 以前 以后 时候 附近 当地 一家 一个 这个 那个 这家 那家 我的 你的 他的 她的 工作 上班 上学 毕业 出生 认识 喜欢 经过 位于 来自 叫做 先 跑 唱 演 拿 死 活 生 病 哭 笑 比 像 离 往 当 收 付 花 欠 借 还是',
)

/** Ends of Chinese places, as words of their own or at the end of one. */
export const CHINESE_PLACE_ENDINGS = words('省 市 县 区 镇 村 路 街 州 乡 岛')

/** Chinese words with such an end that name no place. */
export const NO_PLACE = words(
  '城市 都市 地区 市区 山区 社区 小区 郊区 城区 景区 风景区 开发区 工业区 校区 灾区 农村 乡村 新村 度假村 马路 公路 道路 铁路 线路 走路 高速路 高速公路 步行街 商业街 大街 逛街 上街 超市 股市 上市 门市 夜市 菜市 家乡 老乡 故乡 城镇 乡镇 本市 全市 全省 本省 外省 省 市 县 区 镇 村 路 街 乡 神州 半岛 群岛 思路 电路 一路 网路 迷路 问路 带路 禁区 误区 时区',
)

/** Ends of Chinese organisations, as words of their own or at the end of one. */
export const CHINESE_ORGANISATION_ENDINGS = words(
  '公司 集团 大学 学院 医院 银行 中学 小学 出版社 研究所 研究院 协会 委员会 法院 博物馆 图书馆 酒店 俱乐部 电视台 基金会 事务所 科技 航空 大使馆 交易所',
)

/** Chinese words before such an end that name nothing. */
export const NO_ORGANISATION = words(
  '大 小 新 老 好 总 分 子 母 外国 国外 国内 重点 著名 附属 私立 公立 公共 当地 附近 这家 那家 一家 上市 外企 科技 保险 贸易 我们 他们 你们 自己 本 该 全国 有限 股份 有限责任 综合 专科 高级 普通 职业 理想 最好 五星级 人民 中心 第一 儿童 市 县 省',
)

/** Characters of foreign names in Chinese. */
export const TRANSLITERATION: ReadonlySet<string> = new Set(
  '阿埃艾爱奥巴贝比彼波伯布查达戴丹德迪蒂杜多厄恩尔法菲费弗福盖戈格哈海汉赫亨霍基加卡凯科克肯库奎拉莱兰朗劳勒雷里利莉林琳卢鲁路伦罗洛马玛迈麦曼梅蒙米莫姆穆纳娜内尼妮诺欧帕佩皮普奇乔切琼让瑞萨塞森莎沙施史斯丝苏索塔泰坦汤特提托瓦威维温沃乌西希夏谢辛雅亚扬耶伊因英尤约泽詹珍芝茨兹佐金安登拜顿罕默涅慕夸',
)

/** Ends that make a word of three characters something else than a name. */
export const NO_GIVEN_NAME: ReadonlySet<string> = new Set(
  '机器性化学家省市县区镇村界员者面生周松薯馆院校店厂队会车路街山河海江湖岛国州语文色年月日天节品物法力度型式部长师带果菜肉酒茶饭油水上下里中人们子头儿量率网站台场园局所室馆城体',
)

/** Chinese provinces, larger cities, countries and some places, by kind. */
export const CHINESE_PLACES: ReadonlySet<string> = words(`
北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海
台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 石家庄 太原 沈阳 大连 长春 哈尔滨 南京 苏州 无锡 常州 南通 徐州 扬州 杭州 宁波 温州 嘉兴 绍兴
金华 合肥 芜湖 福州 厦门 泉州 南昌 九江 济南 青岛 烟台 威海 郑州 洛阳 开封 武汉 宜昌 长沙 株洲 广州 深圳 珠海 佛山 东莞 中山 惠州 汕头
南宁 桂林 海口 三亚 成都 绵阳 贵阳 昆明 大理 丽江 拉萨 西安 咸阳 延安 兰州 敦煌 西宁 银川 乌鲁木齐 呼和浩特 台北 高雄 唐山 保定 秦皇岛
中国 美国 英国 法国 德国 意大利 西班牙 葡萄牙 荷兰 比利时 瑞士 瑞典 挪威 芬兰 丹麦 冰岛 爱尔兰 奥地利 波兰 捷克 匈牙利 希腊 俄罗斯 乌克兰
土耳其 以色列 伊朗 伊拉克 埃及 南非 肯尼亚 尼日利亚 摩洛哥 印度 巴基斯坦 泰国 越南 老挝 柬埔寨 缅甸 马来西亚 新加坡 印度尼西亚 印尼 菲律宾
日本 韩国 朝鲜 蒙古 加拿大 墨西哥 巴西 阿根廷 智利 秘鲁 古巴 澳大利亚 新西兰 欧洲 亚洲 非洲 北美 南美
纽约 洛杉矶 旧金山 华盛顿 芝加哥 波士顿 西雅图 伦敦 巴黎 柏林 慕尼黑 罗马 米兰 威尼斯 马德里 巴塞罗那 阿姆斯特丹 莫斯科 东京 大阪 京都
首尔 曼谷 悉尼 墨尔本 多伦多 温哥华 迪拜 开罗 维也纳 布拉格 日内瓦 苏黎世 雅典 伊斯坦布尔 新德里 孟买 河内
长江 黄河 珠江 西湖 太湖 黄山 泰山 华山 峨眉山 长城 故宫 天安门 外滩 中关村 浦东 陆家嘴 王府井 三峡 九寨沟 张家界 鼓浪屿
`)

/** Chinese names of organisations that are named often. */
export const CHINESE_ORGANISATIONS = words(
  '阿里巴巴 阿里 腾讯 百度 华为 小米 京东 美团 字节跳动 拼多多 网易 新浪 比亚迪 联想 海尔 格力 微软 谷歌 亚马逊 特斯拉 三星 索尼 丰田 本田 大众汽车 英特尔 英伟达 清华 北大 复旦 中科院 联合国',
)
