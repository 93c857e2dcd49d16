/**
 * How much a sentence says that may matter later, as far as its form shows it:
 *
 *     substance = 0.4 × names, numbers and dates (2 at most) + 0.7 if it speaks of "I" or "my"
 *               - (1 - words / 8)  (8 at most) - 0.6 if it is a question
 *
 * Greetings and acknowledgements at its beginning ("Great, I will remember that") do not count. A central sentence has 0.5 more
 * than one that is not (see extractive-summary.ts), so what is said here counts for more than how central it is. It knows
 * English and Chinese; of other languages it counts names, numbers and words.
 */
import { recognizeEntities } from './entities/recognize.js'
import type { Sentence } from './sentences.js'

const NAMED = 0.4
const NAMES = 2
const FIRST_PERSON = 0.7
const EMPTY = 1
const WORDS = 8
const QUESTION = 0.6

/** What says that somebody is there, has heard, or is pleased. */
const OPENING =
  /^(?:(?:hi|hello|hey|good (?:morning|evening|night)|goodbye|bye|thanks?(?: you| a lot| so much)?|ok(?:ay)?|sure|great|nice|cool|wow|well|yes|no|got it|noted|of course|you(?:'|’)re welcome|sounds (?:good|great|wonderful)|i(?:(?:'|’)ll| will) (?:remember|note|keep)(?: (?:that|this|it))?(?: in mind)?|i (?:see|understand|hope|can)|that(?:'|’)?s?(?: is| sounds) (?:good|great|nice|wonderful)|let me)(?![\p{L}\p{N}])|(?:你好|您好|早上好|晚上好|晚安|再见|谢谢你?|多谢|好的|好吧|好|嗯+|哦|是的|没问题|不客气|太好了|真好|真棒|当然|明白了?|知道了|收到|我?(?:会|已经)?记(?:住|下)(?:了|来)?|我(?:明白|知道|希望|可以)了?))[\s,，.。!！~～、]*/iu
/** In Chinese where a clause begins: 告诉我 says nothing of me, 我很好 little. */
const I_OR_MY =
  /(?<![\p{L}\p{N}])(?:I|my|we|our|mine)(?![\p{L}\p{N}])|(?<!\p{Script=Han})[我咱](?!很好)/u
const AT_START = /^(?:My|We|Our|Mine)(?![\p{L}\p{N}])/u

/** See above. Who is "I" is known in a talk alone: in other texts the first person says nothing. */
export function substanceOf({ speaker, text }: Sentence): number {
  let said = text
  for (let rest = said.replace(OPENING, ''); rest !== said; rest = said.replace(OPENING, ''))
    said = rest
  const first = speaker !== undefined && (I_OR_MY.test(said) || AT_START.test(said))
  const words = wordsIn(said)
  const named = Math.max(recognizeEntities(said).length, /\d/.test(said) ? 1 : 0)
  const question = /[?？]["'”’」』)）\s]*$/u.test(said)
  return (
    NAMED * (words < 2 ? 0 : Math.min(NAMES, named)) +
    (first ? FIRST_PERSON : 0) -
    EMPTY * (1 - Math.min(words, WORDS) / WORDS) -
    (question ? QUESTION : 0)
  )
}

/** Words, three Chinese characters for two, up to as many as count. */
function wordsIn(text: string): number {
  let words = 0
  for (const [word] of text.matchAll(/\p{Script=Han}|[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)) {
    words += /\p{Script=Han}/u.test(word) ? 2 / 3 : 1
    if (words >= WORDS) break
  }
  return words
}
