/**
 * How Claude's memory tool shows files and folders.
 */
import { posix } from 'node:path'

/** Characters of a line number. */
const WIDTH = 6
/** Lines before and after a change in its snippet. */
const AROUND = 2
/** Levels of a folder that are shown. */
const LEVELS = 2

export function linesOf(content: string): string[] {
  return content.split('\n')
}

/** Lines with their numbers, from 1; of a range `[first, last]`, in which -1 is the end. */
export function numbered(lines: readonly string[], range?: readonly number[]): string {
  const [first = 1, last = -1] = range ?? []
  const from = Math.max(1, first)
  const shown = lines.slice(from - 1, last === -1 ? undefined : last)
  return shown.map((line, i) => `${String(from + i).padStart(WIDTH)}\t${line}`).join('\n')
}

/** The lines around one that was changed. */
export function snippetAt(lines: readonly string[], line: number): string {
  return numbered(lines, [Math.max(1, line - AROUND), Math.min(lines.length, line + AROUND)])
}

/** What is in a folder, with sizes; a folder's size is that of what is in it. */
export function listing(folder: string, files: readonly (readonly [string, number])[]): string {
  const sizes = new Map<string, number>([[folder, 0]])
  for (const [path, bytes] of files) {
    const parts = path.slice(folder.length + 1).split('/')
    if (parts.some(part => part.startsWith('.') || part === 'node_modules')) continue
    for (let depth = 0; depth <= Math.min(parts.length, LEVELS); depth++) {
      const name =
        posix.join(folder, ...parts.slice(0, depth)) +
        (depth > 0 && depth < parts.length ? '/' : '')
      sizes.set(name, (sizes.get(name) ?? 0) + bytes)
    }
  }
  const entries = [...sizes].sort(([a], [b]) =>
    a === folder ? -1 : b === folder ? 1 : a < b ? -1 : 1,
  )
  return entries.map(([path, bytes]) => `${size(bytes)}\t${path}`).join('\n')
}

/** Bytes as `du -h` says them. */
function size(bytes: number): string {
  const units = ['', 'K', 'M', 'G']
  let [value, unit] = [bytes, 0]
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${unit === 0 ? `${value}B` : `${value.toFixed(1)}${units[unit]}`}`
}
