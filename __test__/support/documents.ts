// Programs in the documents that say of themselves that they run, and what they say they print.
//
//   ```js run            the language, then `run`
//   ```text output       directly after it, if the document shows what it prints; `…` stands for anything in a line
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { read, root } from './sources.js'

export interface Program {
  /** `README.md:12` */
  place: string
  code: string
  /** What the document shows as its output, if it does. */
  output: string | undefined
}

/** Every markdown file at the root and in docs/. */
export function documents(): string[] {
  return ['.', 'docs']
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder => readdirSync(join(root, folder)).map(name => join(folder, name)))
    .filter(path => path.endsWith('.md'))
}

export function programs(path: string): Program[] {
  const text = read(path)
  const block = /^```js run\n([\s\S]*?)^```$(?:\n+```text output\n([\s\S]*?)^```$)?/gm
  return [...text.matchAll(block)].map(({ index, 1: code = '', 2: output }) => ({
    place: `${path}:${text.slice(0, index).split('\n').length}`,
    code,
    output,
  }))
}

/** Whether what was printed is what the document shows. */
export function shows(output: string, printed: string): boolean {
  const pattern = output.trimEnd().split('…').map(literally).join('.*')
  return new RegExp(`^${pattern}$`).test(printed.trimEnd())
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
