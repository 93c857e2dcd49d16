// The TypeScript sources, compiled to dist/.
//
// Compiled aside and then exchanged, so that dist/ never holds a file whose source is gone.
//
// Doors, the folders that import libraries of others, are compiled twice, as CommonJS and as ES modules (.mjs). A class that
// extends one of LangChain's must extend that of the user, and LangChain has its classes once for `import` and once for
// `require`. Both share the rest of this package, which they import as `#core/…`.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root, state } from '../root.mjs'
import { run, tool } from '../run.mjs'
import { hashOf, readStamp, writeStamp } from './stamp.mjs'

const SOURCES = ['src-ts', 'tsconfig.json', 'index.d.ts', 'package-lock.json']

/** What is to be done, or undefined when dist/ is up to date. */
export function typescript() {
  const stamp = readStamp('typescript')
  if (stamp.sources === hashOf(SOURCES) && stamp.outputs === hashOf(['dist'])) return undefined
  return { title: 'compiling the TypeScript sources', run: compile }
}

async function compile() {
  const sources = hashOf(SOURCES)
  const fresh = state('dist')
  const old = state('dist.old')
  rmSync(fresh, { recursive: true, force: true })
  rmSync(old, { recursive: true, force: true })
  await run(tool('typescript', 'tsc', '--project', 'tsconfig.json', '--outDir', fresh))
  await modules(fresh)
  const dist = join(root, 'dist')
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(fresh, dist)
  rmSync(old, { recursive: true, force: true })
  writeStamp('typescript', { sources, outputs: hashOf(['dist']) })
}

/** The names of the folders that are doors. */
function doors() {
  const sources = join(root, 'src-ts')
  return readdirSync(sources).filter(name => existsSync(join(sources, name, 'door.ts')))
}

/**
 * Compiles doors as ES modules. What they share is taken from what was compiled before.
 * @param {string} fresh
 */
async function modules(fresh) {
  const esm = state('esm')
  const project = state('tsconfig.doors.json')
  rmSync(esm, { recursive: true, force: true })
  const options = {
    rootDir: join(root, 'src-ts'),
    outDir: esm,
    module: 'esnext',
    moduleResolution: 'bundler',
    paths: { '#core/*': [join(fresh, '*.d.ts')] },
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const sources = doors().map(name => join(root, 'src-ts', name))
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: options,
      include: sources,
      exclude: sources.map(folder => join(folder, 'index.ts')),
    }),
  )
  await run(tool('typescript', 'tsc', '--project', project))
  for (const name of doors()) {
    for (const file of readdirSync(join(esm, name))) {
      const text = readFileSync(join(esm, name, file), 'utf8')
      const renamed = basename(file)
        .replace(/(\.d)?\.ts$/, '$1.mts')
        .replace(/\.js$/, '.mjs')
      writeFileSync(
        join(fresh, name, renamed),
        text.replace(/(['"]\.[^'"]*)\.js(['"])/g, '$1.mjs$2'),
      )
    }
  }
  rmSync(esm, { recursive: true })
}
