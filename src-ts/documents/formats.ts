/**
 * Formats by the ends of files' names.
 */
import type { DocumentFormat } from './document.js'

export const FORMATS = ['text', 'markdown', 'html', 'csv', 'json', 'jsonl', 'pdf', 'docx'] as const

const BY_ENDING: Readonly<Record<string, DocumentFormat>> = {
  txt: 'text',
  text: 'text',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  pdf: 'pdf',
  docx: 'docx',
}

/** The format of a file by its name; undefined if the ending is not known. */
export function formatByName(name: string): DocumentFormat | undefined {
  const ending = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined
}
