// What a user installs works, both ways to import it are one library, and its types are found.
import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { install, type Project } from './support/installed.js'
import { read, root } from './support/sources.js'
import { crates } from './support/workspace.js'

let project: Project

test.before(async () => {
  project = await install()
})
test.after.always(() => project?.remove())

const USE = `
  const store = await open(':memory:')
  const points = store.collection('points', { dimension: 2 })
  await points.add([{ id: 'east', vector: [1, 0] }, { id: 'north', vector: [0, 1] }])
  const [best] = await points.searchByVector([0.1, 1], { k: 1 })
  console.log(best.id)
  await store.close()
`

test('an installed package works by import', async t => {
  t.is(await project.run('use.mjs', `import { open } from 'hippocamp'\n${USE}`), 'north\n')
})

test('an installed package works by require', async t => {
  const code = `const { open } = require('hippocamp')\n;(async () => {${USE}})()`
  t.is(await project.run('use.cjs', code), 'north\n')
})

test('import and require give one library, with the same names', async t => {
  const code = `
    import { createRequire } from 'node:module'
    import * as imported from 'hippocamp'
    import * as importedMemory from 'hippocamp/memory'
    import * as importedDocuments from 'hippocamp/documents'
    const require = createRequire(import.meta.url)
    const compare = (a, b) => ({
      names: Object.keys(b).filter(name => !(name in a)).concat(Object.keys(a).filter(name => !(name in b))),
      differing: Object.keys(b).filter(name => a[name] !== b[name]),
      count: Object.keys(b).length > 0,
    })
    const own = ({ default: _, 'module.exports': __, __esModule, ...names }) => names
    console.log(JSON.stringify([
      compare(own(imported), own(require('hippocamp'))),
      compare(own(importedMemory), own(require('hippocamp/memory'))),
      compare(own(importedDocuments), own(require('hippocamp/documents'))),
    ]))
  `
  const same = { names: [], differing: [], count: true }
  t.deepEqual(JSON.parse(await project.run('same.mjs', code)), [same, same, same])
})

test('an error thrown by one is an instance of the class of the other', async t => {
  const code = `
    import { createRequire } from 'node:module'
    import { open } from 'hippocamp'
    const { HippocampError } = createRequire(import.meta.url)('hippocamp')
    const store = await open(':memory:')
    await store.close()
    const error = await store.collections().catch(error => error)
    console.log(error instanceof HippocampError, error.code)
  `
  t.is(await project.run('error.mjs', code), 'true ERR_CLOSED\n')
})

const TYPED = `
  async function main(): Promise<void> {
    const store = await open(':memory:')
    const hits = await store.collection('points', { dimension: 2 }).searchByVector(new Float32Array(2), { k: 1 })
    const ids: string[] = hits.map(hit => hit.id)
    const memory: typeof VectorStoreRetrieverMemory = VectorStoreRetrieverMemory
    // @ts-expect-error the types know the options' names
    await open(':memory:', { durabilty: 'relaxed' })
    const chunks = await new MarkdownTextSplitter({ chunkSize: 300 }).split('text')
    const ends: number[] = chunks.map(chunk => chunk.end)
    console.log(ids, ends, memory, HippocampError)
  }
  void main()
`

test('types are found and hold, by import and by require', async t => {
  const names = `{ HippocampError, open } from 'hippocamp'\nimport { VectorStoreRetrieverMemory } from 'hippocamp/memory'\nimport { MarkdownTextSplitter } from 'hippocamp/documents'`
  t.is(
    await project.typeErrors({
      'typed.mts': `import ${names}\n${TYPED}`,
      'typed.cts': `import ${names}\n${TYPED}`,
    }),
    '',
  )
})

test('without the package of its platform, the error says which one is missing', async t => {
  const alone = await install()
  try {
    renameSync(alone.platformPackage, `${alone.platformPackage}-moved`)
    const code = `
      const { open } = require('hippocamp')
      open(':memory:').catch(error => console.log(error.code, error.message))
    `
    const printed = await alone.run('missing.cjs', code)
    t.regex(printed, /^ERR_NATIVE_LOAD /)
    t.regex(printed, /hippocamp-\w+-\w+/)
  } finally {
    alone.remove()
  }
})

test('formats that need a package say which one, and the others need none', async t => {
  const code = `
    import { load } from 'hippocamp/documents'
    const names = ['a.txt', 'a.md', 'a.json', 'a.jsonl', 'a.html', 'a.csv', 'a.pdf']
    for (const name of names) {
      const found = await load({ name, content: '["hello"]' }).catch(error => error)
      console.log(name, ...(found.code ? [found.code, found.message] : [found[0].text]))
    }
  `
  t.is(
    await project.run('peers.mjs', code),
    `a.txt ["hello"]
a.md ["hello"]
a.json hello
a.jsonl hello
a.html ERR_PEER_MISSING HTML files need the package "parse5", which is not installed: npm install parse5
a.csv ERR_PEER_MISSING CSV files need the package "csv-parse", which is not installed: npm install csv-parse
a.pdf ERR_PEER_MISSING PDF files need the package "pdfjs-dist", which is not installed: npm install pdfjs-dist
`,
  )
})

/** Each door, and the library that it needs when it is imported. */
const DOORS: Record<string, string> = {
  ai: 'ai',
  langchain: '@langchain/core',
  langgraph: '@langchain/langgraph-checkpoint',
}
/** Doors that know their libraries by types only. */
const OPEN_DOORS = ['anthropic', 'openai-agents']

test('a door whose library is not installed says which one, by import and by require', async t => {
  for (const [door, name] of Object.entries(DOORS)) {
    const said = new RegExp(
      `^ERR_PEER_MISSING the .* adapters need the package "${name}", which is not installed: npm install ${name}\n$`,
    )
    const say = 'error => console.log(error.code, error.message)'
    const byImport = `await import('hippocamp/${door}').catch(${say})`
    t.regex(await project.run(`${door}.mjs`, byImport), said)
    const byRequire = `try { require('hippocamp/${door}') } catch (error) { (${say})(error) }`
    t.regex(await project.run(`${door}.cjs`, byRequire), said)
  }
})

test('a door that knows its library by types only needs none', async t => {
  for (const door of OPEN_DOORS) {
    const count = `import * as door from 'hippocamp/${door}'\nconsole.log(Object.keys(door).length > 0)`
    t.is(await project.run(`${door}.mjs`, count), 'true\n')
  }
})

test('doors have the same names by import and by require, extend the classes of their user, and share all else', async t => {
  const furnished = await install(Object.values(DOORS))
  t.teardown(() => furnished.remove())
  for (const door of [...Object.keys(DOORS), ...OPEN_DOORS]) {
    const names = `
      import { createRequire } from 'node:module'
      import * as imported from 'hippocamp/${door}'
      const required = createRequire(import.meta.url)('hippocamp/${door}')
      console.log(JSON.stringify([Object.keys(imported).sort(), Object.keys(required).sort()]))
    `
    const [imported, required] = JSON.parse(await furnished.run(`${door}-names.mjs`, names))
    t.true(imported.length > 0)
    t.deepEqual(imported, required)
  }
  const use = (load: string) => `
    ${load}
    const errors = []
    try { new HippocampVectorStore(undefined) } catch (error) { errors.push(error) }
    const embeddings = { embedQuery: async () => [1, 0], embedDocuments: async texts => texts.map(() => [1, 0]) }
    const store = new HippocampVectorStore(embeddings)
    store.addDocuments([new Document({ pageContent: 'tea' })])
      .then(() => store.similaritySearch('tea'))
      .then(([found]) => console.log(found instanceof Document, store instanceof VectorStore, errors[0] instanceof HippocampError))
      .finally(() => store.close())
  `
  const names = [
    ['{ Document }', '@langchain/core/documents'],
    ['{ VectorStore }', '@langchain/core/vectorstores'],
    ['{ HippocampError }', 'hippocamp'],
    ['{ HippocampVectorStore }', 'hippocamp/langchain'],
  ]
  const byImport = names.map(([what, from]) => `import ${what} from '${from}'`).join('\n')
  const byRequire = names.map(([what, from]) => `const ${what} = require('${from}')`).join('\n')
  t.is(await furnished.run('use-door.mjs', use(byImport)), 'true true true\n')
  t.is(await furnished.run('use-door.cjs', use(byRequire)), 'true true true\n')
})

test('crates, package and platform packages have one version', t => {
  const { version } = JSON.parse(read('package.json'))
  t.deepEqual([...new Set(crates().map(crate => crate.version))], [version])
  for (const folder of readdirSync(join(root, 'npm'))) {
    t.is(JSON.parse(read(`npm/${folder}/package.json`)).version, version, folder)
  }
})
