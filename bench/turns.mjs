// What a turn of a talk costs in each memory: saved and loaded one after the other, and many saved at once, in a file.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadEncoder, open } from 'hippocamp'
import {
  ConversationBufferMemory,
  ConversationEntityMemory,
  ConversationSummaryBufferMemory,
  ConversationSummaryMemory,
  TimeWeightedVectorStoreRetriever,
  VectorStoreRetrieverMemory,
} from 'hippocamp/memory'
import { percentile } from './latency.mjs'

const WARM_UP = 20
const PEOPLE = ['Anna', 'Tom', 'Maria', 'Ben']

export const options = {
  turns: { type: 'number', value: 'N', help: 'turns, one after the other', default: 200 },
  atOnce: { type: 'number', value: 'N', help: 'turns that are saved at once', default: 1_000 },
  encoder: {
    type: 'string',
    value: 'MODEL',
    help: 'name or folder of the model',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
  },
  dir: {
    type: 'string',
    value: 'FOLDER',
    help: 'where to write; must be on a disk, since syncing memory is free',
    default: fileURLToPath(new URL('../.hippocamp', import.meta.url)),
  },
}

export async function run({ turns, atOnce, encoder: model, dir }) {
  const encoder = await loadEncoder(model)
  mkdirSync(dir, { recursive: true })
  const folder = mkdtempSync(join(dir, 'bench-'))
  const store = await open(join(folder, 'memory.db'), { encoder })
  try {
    const rows = []
    for (const [memory, make] of Object.entries(memories(encoder))) {
      const one = await measureTurns(make(store.collection(memory)), turns)
      const start = performance.now()
      await saveAtOnce(make(store.collection(`${memory} at once`)), atOnce)
      rows.push({ memory, ...one, atOnce: performance.now() - start })
    }
    return [
      {
        key: 'memory',
        title: `turns of about 30 words, without llm; ${atOnce} at once`,
        columns: {
          memory: 'memory',
          save: { title: 'saveContext ms', digits: 1 },
          load: { title: 'loadMemoryVariables ms', digits: 1 },
          atOnce: 'at once ms',
        },
        rows,
      },
    ]
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function memories(encoder) {
  return {
    VectorStoreRetrieverMemory: collection => new VectorStoreRetrieverMemory({ collection }),
    '– over TimeWeightedVectorStoreRetriever': collection =>
      new VectorStoreRetrieverMemory({
        collection: new TimeWeightedVectorStoreRetriever({ collection }),
      }),
    ConversationBufferMemory: collection => new ConversationBufferMemory({ collection }),
    ConversationSummaryMemory: collection => new ConversationSummaryMemory({ collection, encoder }),
    ConversationSummaryBufferMemory: collection =>
      new ConversationSummaryBufferMemory({ collection, encoder, maxTokenLimit: 400 }),
    ConversationEntityMemory: collection => new ConversationEntityMemory({ collection }),
  }
}

async function measureTurns(memory, turns) {
  const saves = []
  const loads = []
  for (let at = 0; at < WARM_UP + turns; at++) {
    const start = performance.now()
    await memory.saveContext(...turn(at))
    const saved = performance.now()
    await memory.loadMemoryVariables({ input: `What did ${PEOPLE[at % 4]} say?` })
    if (at < WARM_UP) continue
    saves.push(saved - start)
    loads.push(performance.now() - saved)
  }
  const median = times => percentile(Float64Array.from(times).sort(), 0.5)
  return { save: median(saves), load: median(loads) }
}

async function saveAtOnce(memory, count) {
  await Promise.all(Array.from({ length: count }, (_, at) => memory.saveContext(...turn(at))))
}

function turn(at) {
  const name = PEOPLE[at % PEOPLE.length]
  return [
    { input: `Yesterday I met ${name} in the park and we talked about topic number ${at}.` },
    { output: `How nice that you met ${name}! What did you say about number ${at}?` },
  ]
}
