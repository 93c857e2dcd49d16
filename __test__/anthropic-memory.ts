// Claude's memory tool: our handlers by the SDK's own tool, beside its own files on disk.
import { betaMemoryTool, type MemoryToolHandlers } from '@anthropic-ai/sdk/helpers/beta/memory'
import { BetaLocalFilesystemMemoryTool } from '@anthropic-ai/sdk/tools/memory/node'
import test, { type ExecutionContext } from 'ava'
import { HippocampError } from 'hippocamp'
import { memoryToolHandlers } from 'hippocamp/anthropic'
import { testWithModel } from './support/models.js'
import { openStore } from './support/stores.js'
import { temporaryFolder } from './support/tiny-model.js'

type Command = Parameters<ReturnType<typeof betaMemoryTool>['run']>[0]

async function own(t: ExecutionContext) {
  const collection = (await openStore(t)).collection('memory', { vectors: false })
  return { collection, handlers: memoryToolHandlers({ collection }) }
}

/** What the tool answers, or the sentence that it fails with. */
async function answer(handlers: MemoryToolHandlers, command: Command): Promise<unknown> {
  try {
    return await betaMemoryTool(handlers).run(command)
  } catch (error) {
    return `failed: ${(error as Error).message}`
  }
}

const CONTENT = 'one\ntwo\nthree\nfour\nfive\nsix'
const COMMANDS: Command[] = [
  { command: 'create', path: '/memories/notes.txt', file_text: CONTENT },
  { command: 'create', path: '/memories/notes.txt', file_text: 'again' },
  { command: 'view', path: '/memories/notes.txt' },
  { command: 'view', path: '/memories/notes.txt', view_range: [2, 4] },
  { command: 'view', path: '/memories/notes.txt', view_range: [5, -1] },
  { command: 'view', path: '/memories/nothing.txt' },
  { command: 'str_replace', path: '/memories/notes.txt', old_str: 'three', new_str: '3\n三' },
  { command: 'view', path: '/memories/notes.txt' },
  { command: 'str_replace', path: '/memories/notes.txt', old_str: 'o', new_str: '0' },
  { command: 'str_replace', path: '/memories/notes.txt', old_str: 'missing', new_str: '' },
  { command: 'str_replace', path: '/memories/nothing.txt', old_str: 'a', new_str: 'b' },
  { command: 'insert', path: '/memories/notes.txt', insert_line: 0, insert_text: 'first\n' },
  { command: 'insert', path: '/memories/notes.txt', insert_line: 8, insert_text: 'last' },
  { command: 'insert', path: '/memories/notes.txt', insert_line: 99, insert_text: 'x' },
  { command: 'insert', path: '/memories/nothing.txt', insert_line: 0, insert_text: 'x' },
  { command: 'view', path: '/memories/notes.txt' },
  { command: 'create', path: '/memories/people/ann/tea.md', file_text: 'likes tea' },
  { command: 'str_replace', path: '/memories/people', old_str: 'a', new_str: 'b' },
  { command: 'rename', old_path: '/memories/people', new_path: '/memories/friends' },
  { command: 'view', path: '/memories/friends/ann/tea.md' },
  { command: 'view', path: '/memories/people/ann/tea.md' },
  { command: 'rename', old_path: '/memories/notes.txt', new_path: '/memories/friends/ann/tea.md' },
  { command: 'rename', old_path: '/memories/nothing', new_path: '/memories/x' },
  { command: 'rename', old_path: '/memories/notes.txt', new_path: '/memories/old/notes.txt' },
  { command: 'delete', path: '/memories/friends' },
  { command: 'delete', path: '/memories/friends' },
  { command: 'delete', path: '/memories' },
  { command: 'view', path: '/memories/old/notes.txt' },
]

test('it answers as the tool for files on disk does', async t => {
  const { handlers } = await own(t)
  const theirs = await BetaLocalFilesystemMemoryTool.init(await temporaryFolder(t))
  for (const command of COMMANDS)
    t.is(await answer(handlers, command), await answer(theirs, command), JSON.stringify(command))
})

test('a folder shows what is in it, two levels deep, without what is hidden', async t => {
  const { handlers } = await own(t)
  t.is(
    await answer(handlers, { command: 'view', path: '/memories' }),
    "Here're the files and directories up to 2 levels deep in /memories, excluding hidden items and node_modules:\n0B\t/memories",
  )
  const files: [string, string][] = [
    ['/memories/b.txt', 'x'.repeat(2048)],
    ['/memories/a/one.txt', '1'],
    ['/memories/a/deep/two.txt', '22'],
    ['/memories/a/deep/deeper/three.txt', '333'],
    ['/memories/.hidden', 'h'],
    ['/memories/ab/node_modules/x', 'n'],
  ]
  for (const [path, file_text] of files)
    await answer(handlers, { command: 'create', path, file_text })
  const view = async (path: string) =>
    String(await answer(handlers, { command: 'view', path }))
      .split('\n')
      .slice(1)
  t.deepEqual(await view('/memories'), [
    '2.0K\t/memories',
    '6B\t/memories/a/',
    '5B\t/memories/a/deep/',
    '1B\t/memories/a/one.txt',
    '2.0K\t/memories/b.txt',
  ])
  t.deepEqual(await view('/memories/a/'), [
    '6B\t/memories/a',
    '5B\t/memories/a/deep/',
    '3B\t/memories/a/deep/deeper/',
    '2B\t/memories/a/deep/two.txt',
    '1B\t/memories/a/one.txt',
  ])
})

test('no path leads out, and no file is a folder', async t => {
  const { collection, handlers } = await own(t)
  await answer(handlers, { command: 'create', path: '/memories/a', file_text: 'a' })
  const bad: Command[] = [
    '/etc/passwd',
    '/memories/../etc/passwd',
    '/memoriesx/a',
    'memories/a',
    '/memories/a/../../b',
    '',
    '/memories/a/b',
    '/memories',
    '/memories/\0',
    `/memories/${'x'.repeat(600)}`,
  ].map(path => ({ command: 'create', path, file_text: 'x' }))
  bad.push({ command: 'rename', old_path: '/memories/a', new_path: '/memories/a/b' })
  bad.push({ command: 'rename', old_path: '/memories/a', new_path: '/tmp/a' })
  bad.push({ command: 'create', path: '/memories/b', file_text: 7 as never })
  for (const command of bad) {
    const handler = handlers[command.command] as (command: Command) => Promise<string>
    await t.throwsAsync(handler(command), { instanceOf: HippocampError }, JSON.stringify(command))
  }
  t.is(await collection.count(), 1)
  await answer(handlers, { command: 'create', path: '/memories/./x//y.txt', file_text: 'y' })
  t.truthy(await collection.get('/memories/x/y.txt'))
})

test('commands that come at the same time are done one after the other, and keep what else is known of a file', async t => {
  const { collection, handlers } = await own(t)
  const path = '/memories/a.txt'
  await answer(handlers, { command: 'create', path, file_text: 'start' })
  await collection.update([path], { metadata: { by: 'ann' } })
  const added = Array.from({ length: 20 }, (_, i) => `line ${i}`)
  await Promise.all(
    added.map(insert_text =>
      answer(handlers, { command: 'insert', path, insert_line: 1, insert_text }),
    ),
  )
  const record = await collection.get(path)
  t.deepEqual(record?.text?.split('\n'), ['start', ...added.toReversed()])
  t.is(record?.metadata.by, 'ann')
  await answer(handlers, {
    command: 'str_replace',
    path,
    old_str: 'start\nline 19',
    new_str: undefined as never,
  })
  t.is((await collection.get(path))?.text?.split('\n')[0], '')
})

test('handlers that are made anew for each answer wait for each other', async t => {
  const { collection } = await own(t)
  const path = '/memories/a.txt'
  const fresh = () => memoryToolHandlers({ collection })
  await answer(fresh(), { command: 'create', path, file_text: 'one\ntwo' })
  await Promise.all([
    answer(fresh(), { command: 'str_replace', path, old_str: 'one', new_str: 'ONE' }),
    answer(fresh(), { command: 'str_replace', path, old_str: 'two', new_str: 'TWO' }),
  ])
  t.is((await collection.get(path))?.text, 'ONE\nTWO')
})

test('files that a program has put there are seen, and a range must be one', async t => {
  const { collection, handlers } = await own(t)
  await collection.add([{ id: '/memories/own/a.txt', text: 'a' }])
  await answer(handlers, { command: 'create', path: '/memories/own/b.txt', file_text: 'b' })
  const shown = String(await answer(handlers, { command: 'view', path: '/memories/own' }))
  t.deepEqual(shown.split('\n').slice(1), [
    '2B\t/memories/own',
    '1B\t/memories/own/a.txt',
    '1B\t/memories/own/b.txt',
  ])
  for (const view_range of [5, ['x', null], [1]])
    t.regex(
      String(
        await answer(handlers, {
          command: 'view',
          path: '/memories/own/a.txt',
          view_range: view_range as never,
        }),
      ),
      /view_range is/,
    )
  t.is(
    await answer(handlers, { command: 'delete', path: '/memories/own' }),
    'Successfully deleted /memories/own',
  )
  t.is(await collection.count(), 0)
})

testWithModel('what Claude has written down is found by every search', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('memory')
  const handlers = memoryToolHandlers({ collection: collection.namespace(['ann']) })
  await answer(handlers, {
    command: 'create',
    path: '/memories/food.md',
    file_text: 'Ann is allergic to peanuts.',
  })
  await answer(handlers, {
    command: 'create',
    path: '/memories/bus.md',
    file_text: 'The bus leaves at nine.',
  })
  const [best] = await collection.search('What can she not eat?', { recursive: true, k: 1 })
  t.is(best?.id, '/memories/food.md')
})
