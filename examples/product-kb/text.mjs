// Repairs the spelling of one field: what an encoder would otherwise read as words, or a filter as another value.
//
// Chinese needs two exceptions. Full-width punctuation is correct there, so only letters, digits and the signs of
// specifications are folded to their plain form. And Chinese has no spaces between words, so a line break or tab
// beside a Chinese character is taken out instead of being turned into a space, as is any space beside its commas.

const INVISIBLE = /[\u00AD\u200B-\u200D\u2060\uFEFF]/g
const FULL_WIDTH = /(?:[０-９Ａ-Ｚａ-ｚ％＋－．／＝＠＃＆＊＿]|(?<=[０-９])，(?=[０-９]{3}))+/g
const INLINE_TAG = /<\/?(?:a|b|em|font|i|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?>/gi
const BLOCK_TAG = /<\/?(?:br|div|h[1-6]|li|ol|p|table|td|th|tr|ul)(?:\s[^<>]*)?\/?>/gi
const ENTITY = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g
const BROKEN_SPACE = /[^\S\n\r\t]*[\t\n\r]\s*/g
const CHINESE_PUNCTUATION = '\\u3001-\\u3011\\uFF01-\\uFF0F\\uFF1A-\\uFF1F'
const AFTER_CHINESE = new RegExp(`[\\p{Script=Han}${CHINESE_PUNCTUATION}]$`, 'u')
const BEFORE_CHINESE = new RegExp(`^[\\p{Script=Han}${CHINESE_PUNCTUATION}]`, 'u')
const SPACES = /[ \u00A0\u3000]+/g
const PADDED_PUNCTUATION = new RegExp(` ?([${CHINESE_PUNCTUATION}]) ?`, 'gu')

/** @type {Record<string, string>} */
const ENTITIES = {
  amp: '&',
  apos: "'",
  deg: '°',
  eacute: 'é',
  gt: '>',
  hellip: '…',
  ldquo: '“',
  lsquo: '‘',
  lt: '<',
  mdash: '—',
  micro: 'µ',
  nbsp: '\u00A0',
  ndash: '–',
  plusmn: '±',
  quot: '"',
  rdquo: '”',
  rsquo: '’',
  times: '×',
}

/**
 * @param {string} raw
 * @param {string} lineBreak what a line break between two words means here: ' ', or '; ' in a list of specifications
 * @param {(what: string) => void} count is told each kind of repair once a field
 */
export function cleanText(raw, lineBreak, count) {
  const steps = /** @type {[string, (text: string) => string][]} */ ([
    ['HTML tags or entities in a field', plainFromHtml],
    ['invisible characters in a field', text => text.replace(INVISIBLE, '')],
    ['full-width letters or digits in a field', narrow],
    ['line breaks or tabs in a field', text => joinLines(text, lineBreak)],
    ['stray spaces in a field', squeezeSpaces],
  ])
  return steps.reduce((text, [what, step]) => {
    const repaired = step(text)
    if (repaired !== text) count(what)
    return repaired
  }, raw)
}

/** Tags go first and entities are read once, so "&lt;b&gt;" stays the text "<b>". */
function plainFromHtml(/** @type {string} */ text) {
  return text
    .replace(BLOCK_TAG, '\n')
    .replace(INLINE_TAG, '')
    .replace(ENTITY, (whole, decimal, hex, name) => {
      if (name) return ENTITIES[name] ?? whole
      const code = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16)
      const character = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
      return character ? String.fromCodePoint(code) : whole
    })
}

function narrow(/** @type {string} */ text) {
  return text.replace(FULL_WIDTH, run => run.normalize('NFKC'))
}

/**
 * @param {string} text
 * @param {string} lineBreak
 */
function joinLines(text, lineBreak) {
  const trimmed = text.replace(/^\s+|\s+$/g, space => (/[\t\n\r]/.test(space) ? '' : space))
  return trimmed.replace(BROKEN_SPACE, (run, at) => {
    const before = trimmed.slice(0, at)
    const after = trimmed.slice(at + run.length)
    const chinese = AFTER_CHINESE.test(before) || BEFORE_CHINESE.test(after)
    const separates = /[\n\r]/.test(run) && lineBreak.trim() !== ''
    const separated = /[,;:.!?，；：。！？]$/.test(before) || /^[,;，；]/.test(after)
    if (separates && !separated) return chinese ? '；' : lineBreak
    return chinese || /^[,;]/.test(after) ? '' : ' '
  })
}

function squeezeSpaces(/** @type {string} */ text) {
  return text.replace(SPACES, ' ').replace(PADDED_PUNCTUATION, '$1').trim()
}
