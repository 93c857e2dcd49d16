// The OpenAI Agents SDK's own runner with our session, beside its own in memory.
import {
  Agent,
  type AgentInputItem,
  MemorySession,
  type Model,
  type ModelRequest,
  Runner,
  type Session,
  tool,
} from '@openai/agents-core'
import test from 'ava'
import { HippocampSession } from 'hippocamp/openai-agents'
import { testWithModel } from './support/models.js'
import { openStore, refused, storePath } from './support/stores.js'

const ITEMS: AgentInputItem[] = [
  { type: 'message', role: 'user', content: '天气怎么样？' },
  {
    type: 'function_call',
    callId: '1',
    name: 'weather',
    arguments: '{"city":"北京"}',
    status: 'completed',
  },
  {
    type: 'function_call_result',
    callId: '1',
    name: 'weather',
    status: 'completed',
    output: { type: 'text', text: 'sunny' },
  },
  {
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: '今天晴。' }],
  },
  {
    type: 'message',
    role: 'user',
    content: [
      { type: 'input_text', text: 'And in this picture?' },
      { type: 'input_image', image: 'data:image/png;base64,AAAA' },
    ],
  },
  { type: 'message', role: 'system', content: '' },
]

test('items come back as they were, in their order, after a restart', async t => {
  const path = await storePath(t)
  const write = await openStore(t, { path })
  const at = (store: typeof write) =>
    new HippocampSession({
      collection: store.collection('sessions', { vectors: false }),
      sessionId: 'one',
    })
  await at(write).addItems(ITEMS.slice(0, 4))
  await at(write).addItems(ITEMS.slice(4))
  await at(write).addItems([])
  await write.close()
  const session = at(await openStore(t, { path }))
  t.is(await session.getSessionId(), 'one')
  t.deepEqual(await session.getItems(), ITEMS)
  t.deepEqual(await session.getItems(2), ITEMS.slice(-2))
  t.deepEqual(await session.getItems(0), [])
  t.deepEqual(await session.popItem(), ITEMS.at(-1))
  t.deepEqual(await session.getItems(1), ITEMS.slice(-2, -1))
  await session.clearSession()
  t.deepEqual(await session.getItems(), [])
  t.is(await session.popItem(), undefined)
})

test('an item may be as large as a text, and what is no item is refused', async t => {
  const collection = (await openStore(t)).collection('sessions', { vectors: false })
  const session = new HippocampSession({ collection, sessionId: 's' })
  const text = 'x'.repeat(900_000)
  const large: AgentInputItem = {
    type: 'function_call_result',
    callId: '1',
    name: 'fetch',
    status: 'completed',
    output: { type: 'text', text },
  }
  await session.addItems([large])
  t.deepEqual(await session.getItems(), [large])
  const two = {
    ...large,
    output: [
      { type: 'input_text' as const, text },
      { type: 'input_text' as const, text },
    ],
  }
  await refused(t, 'ERR_LIMIT_EXCEEDED', () => session.addItems([two]))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => session.addItems([large, 7 as never]))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => session.addItems('x' as never))
  t.is((await session.getItems()).length, 1)
  await collection.namespace(['foreign']).add([{ text: 'something else' }])
  await refused(t, 'ERR_STORE_INVALID', () =>
    new HippocampSession({ collection, sessionId: 'foreign' }).getItems(),
  )
  await refused(
    t,
    'ERR_INVALID_ARGUMENT',
    () => new HippocampSession({ collection, sessionId: 7 as never }),
  )
  t.not(
    await new HippocampSession({ collection }).getSessionId(),
    await new HippocampSession({ collection }).getSessionId(),
  )
})

test('what is said is the text of a record, and not a picture beside it, unless it must be', async t => {
  const collection = (await openStore(t)).collection('sessions', { vectors: false })
  const session = new HippocampSession({ collection, sessionId: 's' })
  const withPicture = (bytes: number): AgentInputItem => {
    const image = `data:image/png;base64,${'A'.repeat(bytes)}`
    return {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'Look!' },
        { type: 'input_image', image },
      ],
    }
  }
  const reasoning: AgentInputItem = {
    type: 'reasoning',
    content: [{ type: 'input_text', text: 'Hm.' }],
    providerData: { encrypted_content: 'x'.repeat(1000) },
  }
  const items = [withPicture(1000), withPicture(100_000), reasoning]
  await session.addItems(items)
  t.deepEqual(await session.getItems(), items)
  const { records } = await collection.namespace(['s']).list()
  t.deepEqual(
    records.map(({ text }) => text?.slice(0, 5)),
    ['Look!', 'data:', 'Hm.'],
  )
})

/** Says how many items it was given, and first asks for a tool. */
class Counting implements Model {
  readonly seen: AgentInputItem[][] = []
  async getResponse({ input }: ModelRequest) {
    const items = typeof input === 'string' ? [{ role: 'user' as const, content: input }] : input
    this.seen.push(structuredClone(items) as AgentInputItem[])
    const last = items.at(-1)
    const usage = { requests: 1, inputTokens: 1, outputTokens: 1, totalTokens: 2 } as never
    const output =
      last && 'role' in last && last.role === 'user'
        ? [
            {
              type: 'function_call',
              callId: `c${items.length}`,
              name: 'clock',
              arguments: '{}',
              status: 'completed',
            },
          ]
        : [
            {
              type: 'message',
              role: 'assistant',
              status: 'completed',
              content: [{ type: 'output_text', text: `${items.length} items` }],
            },
          ]
    return { usage, output: output as never }
  }
  // biome-ignore lint/correctness/useYield: nothing is streamed here
  async *getStreamedResponse(): AsyncGenerator<never> {
    throw new Error('not streamed')
  }
}

test('a runner goes on where it was, as with a session in memory', async t => {
  const collection = (await openStore(t)).collection('sessions', { vectors: false })
  const clock = tool({
    name: 'clock',
    description: 'the time',
    parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
    execute: async () => 'five',
    strict: true,
  } as never)
  const run = async (session: Session) => {
    const model = new Counting()
    const agent = new Agent({ name: 'a', instructions: 'answer', model, tools: [clock as never] })
    const runner = new Runner({ tracingDisabled: true })
    const first = await runner.run(agent, 'What time is it?', { session })
    const second = await runner.run(agent, 'And now?', { session })
    return {
      outputs: [first.finalOutput, second.finalOutput],
      seen: model.seen,
      items: await session.getItems(),
    }
  }
  const own = await run(new HippocampSession({ collection }))
  t.deepEqual(own, await run(new MemorySession()))
  t.is(own.items.length, 8)
})

testWithModel('what was said is found by every other search', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('sessions')
  const session = new HippocampSession({ collection, sessionId: 'ann' })
  await session.addItems([
    { type: 'message', role: 'user', content: 'I am allergic to peanuts.' },
    { type: 'message', role: 'user', content: 'The bus leaves at nine.' },
  ])
  const [best] = await collection.search('Which food is dangerous?', { k: 1, recursive: true })
  t.is(best?.text, 'I am allergic to peanuts.')
  t.is(best?.metadata.role, 'human')
})
