/** Texts as sentences, in any language: `Intl.Segmenter` knows where they end, and so does a line break. */
import { nextTurn } from '../slices.js'

/** A sentence, and who said it. */
export interface Sentence {
  readonly speaker: string | undefined
  readonly text: string
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'sentence' })

/** After these a full stop does not end a sentence; nor does it after a single capital letter. */
const ABBREVIATION =
  /(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|Fig|e\.g|i\.e|approx|\p{Lu})\.\s*$/u
/** No abbreviation is longer. */
const TAIL = 12
/** Characters that are segmented at once: each step takes time in proportion to the whole string. A longer sentence is cut. */
const WINDOW = 2048
/** Milliseconds after which others get their turn. */
const SLICE = 3

/**
 * The sentences of a text, in their order. Nothing else happens for some milliseconds at most.
 * @param speakers names which, at the start of a line and before a colon, say who speaks from there on
 */
export async function sentencesOf(
  text: string,
  speakers: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Sentence[]> {
  const sentences: Sentence[] = []
  let speaker: string | undefined
  let started = performance.now()
  for (const line of text.split(/\r\n|[\n\r\u0085\u2028\u2029]/)) {
    const name = speakers.find(name => line.startsWith(`${name}:`))
    if (name !== undefined) speaker = name
    let rest = ''
    for (const segment of segmentsOf(name ? line.slice(name.length + 1) : line)) {
      rest += segment
      if (!ABBREVIATION.test(rest.slice(-TAIL))) {
        if (rest.trim() !== '') sentences.push({ speaker, text: rest.trim() })
        rest = ''
      }
      if (performance.now() - started > SLICE) {
        await nextTurn()
        signal?.throwIfAborted()
        started = performance.now()
      }
    }
    if (rest.trim() !== '') sentences.push({ speaker, text: rest.trim() })
  }
  return sentences
}

function* segmentsOf(line: string): Generator<string> {
  let from = 0
  while (from < line.length) {
    const piece = line.slice(from, from + WINDOW)
    const segments = Array.from(SEGMENTER.segment(piece), ({ segment }) => segment)
    // The last one may go on in the next piece.
    if (from + WINDOW < line.length && segments.length > 1) segments.pop()
    for (const segment of segments) {
      yield segment
      from += segment.length
    }
  }
}

/** A sentence as a line of a talk. */
export function formatSentence({ speaker, text }: Sentence): string {
  return speaker === undefined ? text : `${speaker}: ${text}`
}
