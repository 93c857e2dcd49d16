// The project's hand-written sources, and what the TypeScript ones import.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const FOLDERS = ['crates', 'src-ts', 'scripts', '__test__', 'examples', 'bench']
const SOURCE = /\.(rs|ts|mts|mjs)$/

export interface Source {
  /** Relative to the root, with forward slashes. */
  path: string
  text: string
}

/** Every source file below one of the project's folders. */
export function sources(folders = FOLDERS): Source[] {
  return folders.flatMap(folder => walk(folder)).map(path => ({ path, text: read(path) }))
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n')
}

export interface Import {
  /** As it is written. */
  specifier: string
  /** For a relative one: the source it stands for, without extension, relative to the root. */
  target: string | undefined
  /** Only types are imported: nothing is left of it at run time. */
  typeOnly: boolean
  /** It is loaded when a call asks for it, not with the source. */
  dynamic: boolean
}

/** What a TypeScript or JavaScript source imports, re-exports or requires. */
export function imports({ path, text }: Source): Import[] {
  const found: Import[] = []
  const statements = /^(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm
  const calls = /\b(import|require)\(\s*'([^']+)'/g
  for (const [, type, specifier = ''] of text.matchAll(statements)) {
    const typeOnly = type !== undefined
    found.push({ specifier, target: resolve(path, specifier), typeOnly, dynamic: false })
  }
  for (const [, call, specifier = ''] of text.matchAll(calls)) {
    const dynamic = call === 'import'
    found.push({ specifier, target: resolve(path, specifier), typeOnly: false, dynamic })
  }
  return found
}

/** The sources that are loaded when this one is: itself and whatever it reaches by imports of more than types. */
export function loadedWith(path: string, all: Source[]): Set<string> {
  const loaded = new Set<string>()
  const visit = (name: string) => {
    if (loaded.has(name)) return
    loaded.add(name)
    for (const source of all.filter(source => stem(source.path) === name)) {
      for (const { target, typeOnly } of imports(source)) if (target && !typeOnly) visit(target)
    }
  }
  visit(stem(path))
  return loaded
}

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && SOURCE.test(entry.name))
    .map(entry =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .split(sep)
        .join('/'),
    )
    .filter(path => !path.includes('/target/') && !path.includes('/node_modules/'))
}

function resolve(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? stem(posix.join(posix.dirname(path), specifier)) : undefined
}

function stem(path: string): string {
  return path.replace(/\.[cm]?[jt]s$/, '')
}
