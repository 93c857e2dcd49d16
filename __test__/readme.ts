// The documents' programs, run in a project in which the packed package is installed.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { documents, programs, shows } from './support/documents.js'
import { install, type Project } from './support/installed.js'
import { root } from './support/sources.js'

let project: Project

test.before(async () => {
  project = await install()
})
test.after.always(() => project?.remove())

const model = process.env.HIPPOCAMP_MODELS ?? join(root, '.hippocamp/models')
const hasModel = existsSync(join(model, 'all-MiniLM-L6-v2/model.safetensors'))

for (const { place, code, output } of documents().flatMap(programs)) {
  const declare = hasModel || !code.includes('all-MiniLM-L6-v2') ? test : test.skip
  declare(`the program at ${place} runs, and prints what stands below it`, async t => {
    const printed = await project.run(`${place.replace(/\W+/g, '-')}/program.mjs`, code)
    if (output === undefined) t.pass()
    else if (shows(output, printed)) t.pass()
    else t.is(printed.trimEnd(), output.trimEnd())
  })
}

test('the README has a program that runs and shows its output', t => {
  t.true(programs('README.md').some(({ output }) => output !== undefined))
})
