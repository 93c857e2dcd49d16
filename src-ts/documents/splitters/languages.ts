/**
 * Separators by language. Each list is that of LangChain.js's splitter, word for word and in its order; `zh` is ours.
 */
import { oneOf } from '../../options.js'
import type { Separator } from './pieces.js'
import { CHINESE_SEPARATORS } from './separators.js'

/** The languages that `fromLanguage` knows. */
export const SupportedTextSplitterLanguages = [
  'cpp',
  'go',
  'java',
  'js',
  'php',
  'proto',
  'python',
  'rst',
  'ruby',
  'rust',
  'scala',
  'swift',
  'markdown',
  'latex',
  'html',
  'sol',
  'zh',
] as const

export type SplitterLanguage = (typeof SupportedTextSplitterLanguages)[number]

/** The separators of a language, the best places to cut first. */
export function separatorsForLanguage(language: SplitterLanguage): readonly Separator[] {
  return SEPARATORS[oneOf('language', language, SupportedTextSplitterLanguages)]
}

/** Blank lines, lines, words, characters: where to cut when a language offers nothing better. */
const REST = ['\n\n', '\n', ' ', '']

const SEPARATORS: Readonly<Record<SplitterLanguage, readonly Separator[]>> = {
  cpp: statements('class void int float double if for while switch case'),
  go: statements('func var const type if for switch case'),
  java: statements('class public protected private static if for while switch case'),
  js: statements('function const let var class if for while switch case default'),
  php: statements('function class if foreach while do switch case'),
  proto: statements('message service enum option import syntax'),
  python: ['\nclass ', '\ndef ', '\n\tdef ', ...REST],
  rst: ['\n===\n', '\n---\n', '\n***\n', '\n.. ', ...REST],
  ruby: statements('def class if unless while for do begin rescue'),
  rust: statements('fn const let if while for loop match const'),
  scala: statements('class object def val var if for while match case'),
  swift: statements('func class struct enum if for while do switch case'),
  markdown: [
    ...[2, 3, 4, 5, 6].map(level => `\n${'#'.repeat(level)} `),
    '```\n\n',
    ...['***', '---', '___'].map(rule => `\n\n${rule}\n\n`),
    ...REST,
  ],
  latex: [
    ...['chapter', 'section', 'subsection', 'subsubsection'].map(name => `\n\\${name}{`),
    ...words('enumerate itemize description list quote quotation verse verbatim align').map(
      name => `\n\\begin{${name}}`,
    ),
    '$$',
    '$',
    ...REST,
  ],
  html: [
    ...words(
      'body div p br li h1 h2 h3 h4 h5 h6 span table tr td th ul ol header footer nav head style script meta title',
    ).map(name => `<${name}>`),
    ' ',
    '',
  ],
  sol: [
    ...words(
      'pragma using contract interface library constructor type function event modifier error struct enum if for while',
    ).map(name => `\n${name} `),
    '\ndo while ',
    '\nassembly ',
    ...REST,
  ],
  zh: CHINESE_SEPARATORS,
}

/** Separators before lines that begin with one of these words. */
function statements(keywords: string): readonly Separator[] {
  return [...words(keywords).map(word => `\n${word} `), ...REST]
}

function words(list: string): string[] {
  return list.split(' ')
}
