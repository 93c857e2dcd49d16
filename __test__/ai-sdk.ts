// The AI SDK's own functions with our models and tools, in the two major versions that Node.js 20 takes.
import { embed, embedMany, generateText, rerank, stepCountIs } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import { embed as embed5 } from 'ai-5'
import test from 'ava'
import { embeddingModel, memoryTools, rerankingModel } from 'hippocamp/ai'
import { LongTermMemory } from 'hippocamp/memory'
import { testWithModel } from './support/models.js'
import { openStore, refused } from './support/stores.js'

testWithModel('texts are embedded as the encoder encodes them', async (t, encoder) => {
  const model = embeddingModel(encoder)
  t.is(model.specificationVersion, 'v3')
  const values = Array.from({ length: 40 }, (_, i) => `text number ${i}`)
  const { embeddings, usage } = await embedMany({ model, values })
  const { data, tokens } = await encoder.encode(values)
  t.deepEqual(embeddings.flat(), [...data])
  t.is(usage.tokens, tokens)
  const { embedding } = await embed({ model, value: 'text number 7' })
  t.deepEqual(embedding, embeddings[7])
})

testWithModel('the version before takes the specification before', async (t, encoder) => {
  const model = embeddingModel(encoder, { specificationVersion: 'v2' })
  const { embedding } = await embed5({ model: model as never, value: 'a text' })
  t.deepEqual(embedding, [...(await encoder.encode('a text')).data])
})

testWithModel(
  'the specification after knows how many dimensions are asked for',
  async (t, encoder) => {
    const model = embeddingModel(encoder, { specificationVersion: 'v4' }) as unknown as {
      specificationVersion: string
      doEmbed(call: { values: string[]; dimensions?: number }): Promise<{ embeddings: number[][] }>
    }
    t.is(model.specificationVersion, 'v4')
    const { embeddings } = await model.doEmbed({
      values: ['a text'],
      dimensions: encoder.dimension,
    })
    t.is(embeddings[0]?.length, encoder.dimension)
    const other = () => model.doEmbed({ values: ['a text'], dimensions: 7 })
    t.regex((await refused(t, 'ERR_INVALID_ARGUMENT', other)).message, /dimensions is 7.*have 384/)
  },
)

testWithModel(
  'an abort ends a call, and a prompt that the model lacks is refused',
  async (t, encoder) => {
    const model = embeddingModel(encoder)
    const aborted = AbortSignal.abort(new Error('enough'))
    await t.throwsAsync(embed({ model, value: 'x', abortSignal: aborted, maxRetries: 0 }), {
      message: /enough|abort/i,
    })
    const options = { hippocamp: { prompt: 'nothing' } }
    await t.throwsAsync(embed({ model, value: 'x', providerOptions: options, maxRetries: 0 }), {
      message: /prompt is "nothing"/,
    })
    await refused(t, 'ERR_INVALID_ARGUMENT', () => embeddingModel(encoder, { prompt: 'nothing' }))
    await refused(t, 'ERR_INVALID_ARGUMENT', () => embeddingModel({} as never))
    await refused(t, 'ERR_INVALID_ARGUMENT', () =>
      embeddingModel(encoder, { specificationVersion: 'v1' as never }),
    )
  },
)

test('documents are reranked, texts and objects', async t => {
  const asked: unknown[] = []
  const reranker = {
    name: 'longest first',
    async rank(question: string, texts: readonly string[], options: { topK?: number }) {
      asked.push([question, texts, options.topK])
      const all = texts.map((text, index) => ({ text, index, score: text.length }))
      return all.sort((a, b) => b.score - a.score).slice(0, options.topK)
    },
  }
  const model = rerankingModel(reranker as never)
  const { ranking } = await rerank({ model, query: 'q', documents: ['a', 'ccc', 'bb'], topN: 2 })
  t.deepEqual(ranking, [
    { originalIndex: 1, score: 3, document: 'ccc' },
    { originalIndex: 2, score: 2, document: 'bb' },
  ])
  const documents = [{ title: 'x', parts: ['y', null] }, { title: 'long title' }]
  const { rerankedDocuments } = await rerank({ model, query: 'q', documents: documents as never[] })
  t.deepEqual(rerankedDocuments, [documents[1], documents[0]] as never[])
  t.deepEqual(asked[1], ['q', ['x\ny', 'long title'], undefined])
  await refused(t, 'ERR_INVALID_ARGUMENT', () => rerankingModel(undefined as never))
})

interface Found {
  id: string
  text: string
  time: string
}

/** A model that calls tools, one after the other, and then says what it was answered. */
function scripted(calls: { toolName: string; input: (answers: unknown[]) => unknown }[]) {
  const left = [...calls]
  const answers: unknown[] = []
  return new MockLanguageModelV3({
    doGenerate: async ({ prompt }) => {
      for (const { role, content } of prompt.slice(-1))
        if (role === 'tool')
          for (const part of content)
            if (part.type === 'tool-result' && 'value' in part.output)
              answers.push(part.output.value)
      const next = left.shift()
      const usage = {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      }
      const done = { usage, warnings: [] }
      if (!next)
        return {
          ...done,
          content: [{ type: 'text', text: JSON.stringify(answers) }],
          finishReason: { unified: 'stop', raw: 'stop' },
        }
      const { toolName, input } = next
      const call = {
        type: 'tool-call' as const,
        toolCallId: `${left.length}`,
        toolName,
        input: JSON.stringify(input(answers)),
      }
      return {
        ...done,
        content: [call],
        finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
      }
    },
  })
}

testWithModel('a model remembers, recalls and forgets by its tools', async (t, encoder) => {
  const collection = (await openStore(t, { encoder })).collection('memory', { turns: true })
  const memory = new LongTermMemory({ collection })
  const tools = memoryTools(memory, { session: 'one', k: 1 })
  const run = async (calls: Parameters<typeof scripted>[0]) => {
    const { text } = await generateText({
      model: scripted(calls),
      tools,
      prompt: 'go',
      stopWhen: stepCountIs(10),
    })
    return JSON.parse(text) as Record<string, unknown>[]
  }
  const fact = 'The user is allergic to peanuts.'
  const [first, again] = await run([
    { toolName: 'rememberFact', input: () => ({ text: fact, importance: 0.9 }) },
    { toolName: 'rememberFact', input: () => ({ text: fact }) },
    { toolName: 'rememberFact', input: () => ({ text: 'The user lives in Berlin.' }) },
  ])
  t.is(first?.status, 'stored')
  t.deepEqual([again?.status, again?.id], ['merged', first?.id])
  const answers = await run([
    { toolName: 'recallMemories', input: () => ({ question: 'Which food is dangerous?' }) },
    { toolName: 'forgetMemories', input: ([found]) => ({ ids: [(found as Found[])[0]?.id] }) },
    { toolName: 'recallMemories', input: () => ({ question: 'Which food is dangerous?' }) },
  ])
  const [[recalled], forgotten, [other, ...nothing]] = answers as unknown as [
    Found[],
    unknown,
    Found[],
  ]
  t.deepEqual([recalled?.id, recalled?.text], [first?.id, fact])
  t.false(Number.isNaN(Date.parse(recalled?.time ?? '')))
  t.deepEqual(forgotten, { forgotten: 1 })
  t.deepEqual([other?.text, nothing], ['The user lives in Berlin.', []])
  const everything = { ids: { where: { kind: 'fact' } } }
  await run([{ toolName: 'forgetMemories', input: () => everything }])
  t.is(await collection.count(), 1)
  const [kept] = await memory.get([other?.id ?? ''])
  t.like(kept, { kind: 'fact', session: 'one', source: 'assistant' })
  await refused(t, 'ERR_INVALID_ARGUMENT', () => memoryTools({} as never))
  await refused(t, 'ERR_INVALID_ARGUMENT', () => memoryTools(memory, { sesion: 'x' } as never))
})
