/**
 * What has a form of its own: quoted names, handles, dates, numbers with units.
 *
 * Every repetition is bounded or over characters that nothing after it can match, so the time is linear in the text.
 */
import type { Findings } from './entity.js'

const QUOTES: Readonly<Record<string, string>> = {
  '“': '”',
  '「': '」',
  '『': '』',
  '《': '》',
  '〈': '〉',
  '«': '»',
  '"': '"',
}
/** Characters of a quoted name at most, and words. */
const QUOTED = 60
const QUOTED_WORDS = 8

/** Names in quotes. What reads like a sentence was said, and is no name. */
export function findQuoted(findings: Findings): void {
  const { source } = findings
  for (const { index, 0: open } of source.matchAll(/[“「『《〈«"]/g)) {
    const start = index + 1
    const length = source.slice(start, start + QUOTED + 1).indexOf(QUOTES[open] as string)
    if (length <= 0 || !findings.free(index, start)) continue
    const content = source.slice(start, start + length)
    const speech = open !== '《' && /[.!?。！？，,；;…]$|[。！？，；]|^\s|\s$/.test(content)
    const words = content.split(/\s+/).length
    if (
      !speech &&
      words <= QUOTED_WORDS &&
      !content.includes('\n') &&
      /[\p{L}\p{N}]/u.test(content)
    )
      findings.add('quoted', start, start + length)
  }
}

/** Names after an at sign; not the domains of addresses. */
export function findHandles(findings: Findings): void {
  const handle =
    /(?<![\p{Script=Latin}\p{N}._@-])@[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,28}[\p{L}\p{N}_])?/gu
  for (const { index, 0: found } of findings.source.matchAll(handle)) {
    findings.add('handle', index, index + found.length)
  }
}

const MONTH =
  '(?:Jan(?:uary|\\.)?|Feb(?:ruary|\\.)?|Mar(?:ch|\\.)?|Apr(?:il|\\.)?|May|June?|July?|Aug(?:ust|\\.)?|Sept?(?:ember|\\.)?|Oct(?:ober|\\.)?|Nov(?:ember|\\.)?|Dec(?:ember|\\.)?)'
const DAY = '(?:[12]\\d|3[01]|0?[1-9])(?:st|nd|rd|th)?'
const YEAR = '(?:1[5-9]|20)\\d\\d'
const HAN_DIGITS = '[〇零一二三四五六七八九]'
const HAN_NUMBER = '[一二三四五六七八九十廿]{1,3}'

const DATES = [
  // 2024-03-05, 2024/3/5, 5.3.2024, 2024-03-05T12:30Z
  /(?<![\d.-])\d{4}([-/.])\d{1,2}\1\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\d-])/g,
  /(?<![\d.-])\d{1,2}([/.])\d{1,2}\1(?:\d{4}|\d{2})(?![\d])/g,
  new RegExp(`\\b${MONTH} ${DAY}\\b(?:,? ${YEAR}\\b)?`, 'g'),
  new RegExp(`\\b${DAY}(?: of)? ${MONTH}(?![a-z])(?:,? ${YEAR}\\b)?`, 'g'),
  new RegExp(`\\b${MONTH},? ${YEAR}\\b`, 'g'),
  // A month by itself: not the verbs may and march.
  /\b(?:January|February|April|June|July|August|September|October|November|December)\b/g,
  /(?<=\b(?:in|since|until|till|by|last|next|this|early|late) )(?:March|May)\b/g,
  new RegExp(
    `(?<=\\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Bb]y|[Ff]rom|[Bb]efore|[Aa]fter|of) )${YEAR}\\b`,
    'g',
  ),
  // 2024年3月5日, 2024年, 3月5日, 二〇二四年三月五日
  new RegExp(
    `(?<!\\d)(?:(?:\\d{4} ?|${HAN_DIGITS}{4})年(?:底|初)?(?:(?:\\d{1,2}|${HAN_NUMBER})月(?:(?:\\d{1,2}|${HAN_NUMBER})[日号])?)?|(?:\\d{1,2}|${HAN_NUMBER})月(?:(?:\\d{1,2}|${HAN_NUMBER})[日号]))`,
    'g',
  ),
  /(?<!\d)\d{1,2}月(?:初|底)?(?!\d)/g,
]

export function findDates(findings: Findings): void {
  for (const pattern of DATES) {
    for (const { index, 0: found } of findings.source.matchAll(pattern)) {
      findings.add('date', index, index + found.length)
    }
  }
}

const UNIT =
  'kg|km/h|km|mg|g|cm|mm|m|lbs?|oz|mph|mi|miles?|ft|feet|inch(?:es)?|%|percent|°[CF]|℃|[KMGT]B|kWh|kW|mAh|[kMG]?Hz|ms|px|hours?|hrs?|minutes?|mins?|seconds?|days?|weeks?|months?|years?|dollars?|euros?|pounds?|yuan|USD|EUR|GBP|CNY|RMB|kilograms?|kilomet(?:er|re)s?|met(?:er|re)s?|grams?|lit(?:er|re)s?|ml|L|degrees?|calories|kcal'
const CHINESE_UNIT =
  '元|块钱|块|美元|欧元|英镑|日元|人民币|公斤|千克|斤|克|吨|公里|千米|米|厘米|毫米|平方米|平米|亩|毫升|升|度|摄氏度|小时|分钟|岁|％|%|个月|年|天|周|人|万|亿'

const NUMBERS = [
  /[$€£¥￥]\s?\d[\d,]{0,20}(?:\.\d{1,6})?(?:\s?(?:million|billion|thousand|bn|[km])\b)?/gi,
  new RegExp(
    `(?<![\\d.,\\p{L}])\\d[\\d,]{0,20}(?:\\.\\d{1,6})?(?: (?:million|billion|thousand))?[ -]?(?:${UNIT})(?![\\p{L}\\p{N}])`,
    'gu',
  ),
  new RegExp(
    `(?<![\\d.,])\\d[\\d,]{0,20}(?:\\.\\d{1,6})?\\s?[万亿千百]{0,2}多?(?:${CHINESE_UNIT})`,
    'gu',
  ),
  /(?<![一二三四五六七八九十百千万两半几第每])[一二三四五六七八九十百千万两]{1,7}(?:块钱|美元|元|公斤|千克|斤|克|吨|公里|千米|厘米|毫米|平方米|毫升|小时|分钟|岁|亩|个月)/g,
]

export function findNumbers(findings: Findings): void {
  for (const pattern of NUMBERS) {
    for (const { index, 0: found } of findings.source.matchAll(pattern)) {
      findings.add('number', index, index + found.length)
    }
  }
}
