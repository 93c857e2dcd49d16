// How fast texts become vectors: many short texts and many documents in one call, and one question at a time.

import { downloadProgress, loadEncoder } from 'hippocamp'
import { timeAction, timeCalls } from './latency.mjs'
import { documents, shortTexts } from './texts.mjs'

export const options = {
  model: {
    type: 'string',
    value: 'MODEL',
    help: 'folder or id',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
  },
  cpu: { type: 'string', value: 'LEVEL', help: 'instruction set: scalar, neon, avx2, avx512' },
  short: { type: 'number', value: 'N', help: 'short texts in one call', default: 512 },
  documents: { type: 'number', value: 'N', help: 'documents in one call', default: 64 },
  queries: { type: 'number', value: 'N', help: 'questions, one at a time', default: 200 },
}

export async function run({ model, cpu, short, documents: long, queries }) {
  const encoder = await loadEncoder(model, { cpu, cache: 0, onProgress: downloadProgress() })
  await encoder.encode(documents(8))
  const batches = [
    await batch(encoder, `${short} short texts`, shortTexts(short)),
    await batch(encoder, `${long} documents`, documents(long)),
  ]
  const { perSecond, p50, p99 } = await timeCalls(shortTexts(queries), 1, text =>
    encoder.encode(text),
  )
  return [
    {
      key: 'batches',
      title: `${encoder.name}: one call of encode()`,
      columns: {
        input: 'input',
        charactersPerText: 'characters/text',
        tokensPerText: { title: 'tokens/text', digits: 1 },
        textsPerSecond: { title: 'texts/s', digits: 1 },
        tokensPerSecond: 'tokens/s',
        longestDelay: { title: 'event loop held, ms', digits: 2 },
      },
      rows: batches,
    },
    {
      key: 'queries',
      title: 'one question at a time',
      columns: {
        queries: 'questions',
        perSecond: { title: 'per second', digits: 1 },
        p50: { title: 'p50 ms', digits: 2 },
        p99: { title: 'p99 ms', digits: 2 },
      },
      rows: [{ queries, perSecond, p50, p99 }],
    },
  ]
}

async function batch(encoder, input, texts) {
  let tokens = 0
  const { seconds, longestDelay } = await timeAction(async () => {
    tokens = (await encoder.encode(texts)).tokens
  })
  return {
    input,
    charactersPerText: texts.join('').length / texts.length,
    tokensPerText: tokens / texts.length,
    textsPerSecond: texts.length / seconds,
    tokensPerSecond: tokens / seconds,
    longestDelay,
  }
}
