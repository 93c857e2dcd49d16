// The documents' programs, run in a project in which the packed package is installed.
import test from 'ava'
import { documents, programs, shows } from './support/documents.js'
import { install, type Project } from './support/installed.js'
import { modelFolder } from './support/models.js'
import { read } from './support/sources.js'

/** What the programs import besides. */
const PEERS = [
  '@anthropic-ai/sdk',
  '@langchain/classic',
  '@langchain/core',
  '@langchain/langgraph',
  '@langchain/langgraph-checkpoint',
  '@openai/agents-core',
  'ai',
  'peggy',
  'zod',
]

let project: Project

test.before(async () => {
  project = await install(PEERS)
})
test.after.always(() => project?.remove())

/** The models that a program names; a folder below `path/to/` stands for where the reader keeps it. */
const MODELS = /path\/to\/([\w-]+)|all-MiniLM-L6-v2/g

for (const { place, code, output } of documents().flatMap(programs)) {
  const title = `the program at ${place} runs, and prints what stands below it`
  const models = [...code.matchAll(MODELS)].map(([whole, name = whole]) => name)
  const missing = models.find(name => modelFolder(name) === undefined)
  if (missing) {
    console.log(`skipped: "${title}" needs ${missing} in HIPPOCAMP_MODELS or .hippocamp/models`)
    test.skip(title, () => {})
    continue
  }
  test(title, async t => {
    const program = code.replace(/path\/to\/([\w-]+)/g, (_, name) => modelFolder(name) ?? name)
    const printed = await project.run(`${place.replace(/\W+/g, '-')}/program.mjs`, program)
    if (output === undefined || shows(output, printed)) t.pass()
    else t.is(printed.trimEnd(), output.trimEnd())
  })
}

for (const readme of ['README.md', 'README.zh-CN.md']) {
  test(`${readme} has no JavaScript that is not run, and shows what it prints`, t => {
    const shown = programs(readme)
    t.is(read(readme).match(/^```(js|ts|mjs)\b/gm)?.length, shown.length)
    t.true(shown.every(({ output }) => output !== undefined))
  })
}
