/** Texts that look random and are the same in every run. */

/** Numbers from 0 up to and without 1, by xorshift. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

export function pick<T>(random: () => number, all: readonly T[]): T {
  return all[Math.floor(random() * all.length)] as T
}

/** What texts are made of: words, marks and white space of a kind. */
export const ALPHABETS: Readonly<Record<string, readonly string[]>> = {
  english: ['the', ' ', ' ', ' ', 'memory', 'a', ', ', '. ', '\n', '\n\n', 'hippocampus', '!'],
  chinese: ['记忆', '是', '人类', '。', '，', '！', '海马体', '；', '\n', '\n\n', '”', '“', '？'],
  mixed: ['encode', ' ', '向量', '。', '\n\n', 'Node.js', ' ', '数据库', ', ', '\n', 'é', 'ü'],
  windows: ['line', ' ', '\r\n', '\r\n\r\n', 'word', '\t', '　', '\u00a0', '\ufeff'],
  markdown: [
    '\n# ',
    '\n## ',
    '\n### ',
    'text ',
    '\n\n',
    '```\n\n',
    '- ',
    '\n\n---\n\n',
    '**',
    '\n',
  ],
  dense: ['x', 'y', 'z', 'supercalifragilistic', '=', '0123456789'],
  marks: ['\n', '\n\n', ' ', 'a', '\n\n\n', '  ', '.', '$', '$$', '\\', '(', '[', '*', '|', '^'],
  emoji: ['😀', '👩‍👩‍👧', 'a', ' ', '🀄', '𠮷', '\n', '记', '🇨🇳'],
}

/** A text of so many parts of an alphabet. */
export function randomText(
  random: () => number,
  alphabet: readonly string[],
  parts: number,
): string {
  return Array.from({ length: parts }, () => pick(random, alphabet)).join('')
}
