// The house rules. Each test's title is an architecture invariant, word for word as ARCHITECTURE.md states it.
import { basename } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { imports, loadedWith, read, type Source, sources } from './support/sources.js'
import { crates, linkedCrates } from './support/workspace.js'

const invariants: string[] = []

/** A rule of which `faults` are the breaches: one line each, empty when it holds. */
function invariant(sentence: string, faults: () => string[]): void {
  invariants.push(sentence)
  test(sentence, (t: ExecutionContext) => t.deepEqual(faults(), []))
}

const BELOW: Record<string, string[]> = {
  node: ['engine'],
  engine: ['store', 'index', 'encoder', 'tune', 'simd'],
  tune: ['encoder', 'simd'],
  store: ['simd'],
  index: ['simd'],
  encoder: ['simd'],
  simd: [],
}

invariant(
  'Dependencies point down only: node → engine → {store, index, encoder, tune} → simd; among the middle ones only tune knows another, encoder.',
  () => {
    const names = crates().map(({ name }) => name)
    return crates().flatMap(({ name, dependencies }) =>
      dependencies
        .filter(dependency => names.includes(dependency) && !BELOW[name]?.includes(dependency))
        .map(dependency => `${name} depends on ${dependency}`),
    )
  },
)

const HOMES: [RegExp, string[]][] = [
  [/^napi/, ['node']],
  [/^(rusqlite|libsqlite3-sys)$/, ['store']],
  [/^(tokenizers|candle)/, ['encoder', 'tune']],
  [/^usearch$/, ['index']],
]

invariant(
  'Node-API is known in node alone, SQLite in store alone, tokenizers and candle in encoder and tune alone, usearch in index alone.',
  () =>
    crates().flatMap(({ name, dependencies }) =>
      dependencies
        .filter(dependency =>
          HOMES.some(([foreign, homes]) => foreign.test(dependency) && !homes.includes(name)),
        )
        .map(dependency => `${name} depends on ${dependency}`),
    ),
)

invariant('No async runtime is linked into the addon.', () =>
  [...linkedCrates()].filter(name =>
    /^(tokio|async-std|smol|async-executor|glommio|monoio)$/.test(name),
  ),
)

const UNSAFE_HOMES = ['simd', 'node']

invariant('Unsafe code lives in simd and node alone: every other crate forbids it.', () =>
  crates()
    .filter(({ name }) => !UNSAFE_HOMES.includes(name))
    .flatMap(({ roots }) => roots)
    .filter(path => !/^#!\[forbid\(unsafe_code\)\]$/m.test(read(path))),
)

invariant('Every unsafe block says why it is sound, in a SAFETY comment.', () =>
  rust().flatMap(({ path, text }) => {
    const lines = text.split('\n')
    return lines.flatMap((line, at) => {
      const code = line.replace(/\/\/.*/, '')
      if (!/\bunsafe\s*(\{|impl\b)/.test(code)) return []
      // A statement that spans lines has its comment above its first one.
      const before = lines.slice(Math.max(0, at - 8), at + 1).join('\n')
      return before.includes('SAFETY:') ? [] : [`${path}:${at + 1}`]
    })
  }),
)

invariant('CPU intrinsics and assembly live in simd alone.', () =>
  rust()
    .filter(({ path }) => !path.startsWith('crates/simd/'))
    .filter(({ text }) => /\b(core|std)::arch::|\b(asm|global_asm)!/.test(text))
    .map(({ path }) => path),
)

const NO_PANIC = ['unwrap_used', 'expect_used', 'indexing_slicing', 'panic']

invariant(
  'What a user or a disk hands in never panics: store, index, encoder, engine and node are linted against unwrap, expect, panic and unchecked indexing.',
  () =>
    ['store', 'index', 'encoder', 'engine', 'node'].flatMap(name => {
      const text = read(`crates/${name}/src/lib.rs`)
      const on = [...text.matchAll(/\b(?:warn|deny|forbid)\(([^()]*)\)/g)].map(([, list]) => list)
      return NO_PANIC.filter(lint => !on.some(list => list?.includes(`clippy::${lint}`))).map(
        lint => `${name} does not turn on clippy::${lint}`,
      )
    }),
)

invariant('The generated loader is imported by src-ts/native.ts alone.', () =>
  typescript()
    .filter(({ path }) => path !== 'src-ts/native.ts')
    .filter(source => imports(source).some(({ target }) => target === 'index'))
    .map(({ path }) => path),
)

invariant(
  'Memory components, documents and model search never load the addon: they reach the native layer by types only.',
  () =>
    typescript()
      .filter(({ path }) => /^src-ts\/(memory|documents|models)\//.test(path))
      .filter(({ path }) => loadedWith(path, typescript()).has('src-ts/native'))
      .map(({ path }) => path),
)

/** What the doors import besides their own files. */
const DOORS: Record<string, string[]> = {
  ai: ['#core', 'ai'],
  anthropic: ['#core', '@anthropic-ai/sdk'],
  langchain: ['#core', '@langchain/core'],
  langgraph: ['#core', '@langchain/core', '@langchain/langgraph-checkpoint'],
  'openai-agents': ['#core', '@openai/agents-core'],
}

invariant(
  'The package needs nothing but Node.js: no runtime dependency and no install script; libraries of others are optional peers, which src-ts/documents imports when a file needs them, and otherwise their own door alone.',
  () => {
    const manifest = JSON.parse(read('package.json'))
    const {
      dependencies = {},
      peerDependencies = {},
      optionalDependencies = {},
      scripts,
    } = manifest as Record<string, Record<string, string>>
    const isOptional = (name: string) => manifest.peerDependenciesMeta?.[name]?.optional === true
    const isPeer = (specifier: string) =>
      Object.keys(peerDependencies).some(
        name => specifier === name || specifier.startsWith(`${name}/`),
      )
    const foreign = typescript().flatMap(source =>
      imports(source)
        .filter(({ specifier }) => !/^(node:|\.\.?\/)/.test(specifier))
        .filter(({ specifier, dynamic }) => {
          const folder = source.path.split('/')[1] as string
          if (folder === 'documents') return !(dynamic && isPeer(specifier))
          const known = DOORS[folder]?.some(
            name => specifier === name || specifier.startsWith(`${name}/`),
          )
          return !(known && (specifier.startsWith('#core/') || isPeer(specifier)))
        })
        .map(({ specifier }) => `${source.path} imports ${specifier}`),
    )
    return [
      ...Object.keys(dependencies),
      ...Object.keys(peerDependencies).filter(name => !isOptional(name)),
      ...Object.keys(optionalDependencies).filter(name => !name.startsWith('hippocamp-')),
      ...Object.keys(scripts ?? {}).filter(name => /^(pre|post)?(install|prepare)$/.test(name)),
      ...foreign,
    ]
  },
)

invariant('No source file has more than 800 lines.', () =>
  sources()
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > 800)
    .map(({ path, lines }) => `${path} has ${lines}`),
)

invariant('Nothing is left open: no source has a placeholder or a note of work to be done.', () =>
  sources().flatMap(({ path, text }) =>
    [...text.matchAll(/\b(TO[D]O|FIX[M]E|XX[X]|tod[o]!|unimplemente[d]!)/g)].map(
      ([word]) => `${path} has ${word}`,
    ),
  ),
)

invariant(
  'A file is named after its one idea: none is called utils, helpers, manager, misc or common.',
  () =>
    sources()
      .map(({ path }) => path)
      .filter(path =>
        [basename(path), ...path.split('/').slice(0, -1)].some(name =>
          /^(utils?|helpers?|managers?|misc|common)(\.|$)/.test(name),
        ),
      ),
)

test('ARCHITECTURE.md states every invariant, word for word, and no other', t => {
  const stated = [...read('ARCHITECTURE.md').matchAll(/^> \*\*Architecture invariant:\*\* (.+)$/gm)]
  t.deepEqual(stated.map(([, sentence]) => sentence).sort(), [...invariants].sort())
})

function rust(): Source[] {
  return sources(['crates'])
}

function typescript(): Source[] {
  return sources(['src-ts'])
}
