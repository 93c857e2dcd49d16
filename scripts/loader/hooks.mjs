// Module hooks for the TypeScript in __test__/. Types are dropped without being checked; `npm run check` checks them.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { root, state } from '../root.mjs'

const TESTS = pathToFileURL(join(root, '__test__/')).href
const SOURCES = pathToFileURL(join(root, 'src-ts/')).href
const COMPILED = pathToFileURL(join(root, 'dist/')).href

/**
 * A test imports another TypeScript file by the name that it will have as JavaScript. What it imports of src-ts/ is what
 * was compiled from there, the very modules that `hippocamp` consists of.
 * @type {import('node:module').ResolveHook}
 */
export async function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && context.parentURL?.startsWith(TESTS)) {
    const { href } = new URL(specifier, context.parentURL)
    const source = href.replace(/\.js$/, '.ts')
    if (href.startsWith(SOURCES)) return next(href.replace(SOURCES, COMPILED), context)
    if (source !== href && existsSync(new URL(source))) return next(source, context)
  }
  return next(specifier, context)
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.startsWith(TESTS) || !url.endsWith('.ts')) return next(url, context)
  return { format: 'module', source: transpiled(fileURLToPath(url)), shortCircuit: true }
}

// Loading the compiler takes longer than most tests, so that what it made is kept, by content.
/** @param {string} path */
function transpiled(path) {
  const source = readFileSync(path, 'utf8')
  const key = createHash('sha256').update(`${path}\0${source}`).digest('hex').slice(0, 32)
  const kept = state('transpiled', `${key}.js`)
  if (existsSync(kept)) return readFileSync(kept, 'utf8')

  /** @type {import('typescript')} */
  const ts = createRequire(import.meta.url)('typescript')
  const { outputText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      inlineSourceMap: true,
    },
  })
  mkdirSync(state('transpiled'), { recursive: true })
  const part = `${kept}.${process.pid}.part`
  writeFileSync(part, outputText)
  renameSync(part, kept)
  return outputText
}
