// The worker threads of the process.
import test from 'ava'
import { runProgram } from './support/programs.js'
import { storePath } from './support/stores.js'

const COUNT = `
  import { readdirSync, readFileSync } from 'node:fs'
  // By their names: a thread that a worker has just started has the worker's name for a moment.
  const workers = () =>
    new Set(
      readdirSync('/proc/self/task')
        .map(task => {
          try {
            return readFileSync('/proc/self/task/' + task + '/comm', 'utf8')
          } catch {
            return '' // it has ended meanwhile
          }
        })
        .filter(name => /^hippocamp-\\d/.test(name)),
    ).size
  const use = async () => (await (await open(':memory:')).collection('c').count())
  const refusal = call => { try { call(); return 'none' } catch (error) { return error.code + ': ' + error.message } }
`
const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('the number of workers is what was configured, whatever the environment says', async t => {
  const { out, err } = await runProgram(
    await storePath(t),
    `${COUNT}
    configure({})
    configure({ threads: 3 })
    await use()
    configure({ threads: 3 })
    console.log(workers())
    console.log(refusal(() => configure({ threads: 2 })))`,
    { HIPPOCAMP_THREADS: '1' },
  )
  t.is(err, '')
  const [workers, refusal] = out.split('\n')
  t.is(workers, '3')
  t.regex(
    refusal ?? '',
    /^ERR_INVALID_ARGUMENT: threads is 2, .* has 3 worker threads already: .*HIPPOCAMP_THREADS/,
  )
})

onLinux('without that it is what the environment says', async t => {
  const { out } = await runProgram(
    await storePath(t),
    `${COUNT}
    await use()
    console.log(workers())
    console.log(refusal(() => configure({ threads: 1 })).split(':')[0])`,
    { HIPPOCAMP_THREADS: '5' },
  )
  t.is(out, '5\nERR_INVALID_ARGUMENT\n')
})

onLinux('and otherwise no more than there are processors', async t => {
  const { out } = await runProgram(
    await storePath(t),
    `${COUNT}
    import { availableParallelism } from 'node:os'
    await use()
    console.log(workers() >= 1 && workers() <= availableParallelism())`,
    { HIPPOCAMP_THREADS: undefined },
  )
  t.is(out, 'true\n')
})

test('what the environment says must be a number, unless a program says it', async t => {
  const { out } = await runProgram(
    await storePath(t),
    `await open(':memory:').catch(error => console.log(error.code, error.message))`,
    { HIPPOCAMP_THREADS: 'many' },
  )
  t.regex(out, /^ERR_INVALID_ARGUMENT HIPPOCAMP_THREADS is "many": set it to a number from 1 to/)
  const configured = await runProgram(
    await storePath(t),
    `configure({ threads: 2 })
    await open(':memory:')`,
    { HIPPOCAMP_THREADS: 'many' },
  )
  t.deepEqual([configured.status, configured.err], [0, ''])
})

test('a number of workers that cannot be is refused', async t => {
  const { out } = await runProgram(
    await storePath(t),
    `for (const options of [{ threads: 0 }, { threads: 1025 }, { threads: 1e300 }, { threads: '2' }, { thread: 2 }]) {
      try { configure(options) } catch (error) { console.log(error.code, error.message) }
    }
    configure({ threads: 1024 })`,
  )
  const refusals = out.trim().split('\n')
  t.is(refusals.length, 5)
  t.true(refusals.every(refusal => refusal.startsWith('ERR_INVALID_ARGUMENT ')))
  t.regex(refusals[1] ?? '', /threads is 1025: give a number from 1 to 1024/)
})
