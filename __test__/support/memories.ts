/** What tests of memories need: stores that are closed and opened again, models that are functions, numbers that look random. */
import type { ExecutionContext } from 'ava'
import type { Collection, Encoder, Store } from 'hippocamp'
import type { Memory, Values } from 'hippocamp/memory'
import { openStore } from './stores.js'

/** A collection in a file, and a way to close the file and open it again. */
export async function reopenable(
  t: ExecutionContext,
  encoder: Encoder,
): Promise<{ collection: Collection; reopen: () => Promise<Collection> }> {
  let store: Store = await openStore(t, { encoder })
  const { path } = await store.stats()
  const collection = store.collection('talk')
  const reopen = async () => {
    await store.close()
    store = await openStore(t, { encoder, path })
    return store.collection('talk')
  }
  return { collection, reopen }
}

/** Saves turns, one after the other. */
export async function talk(memory: Memory, turns: readonly (readonly [string, string])[]) {
  for (const [input, output] of turns) await memory.saveContext({ input }, { output })
}

/** Saves `count` turns at once. */
export async function saveAtOnce(memory: Memory, count: number): Promise<void> {
  const saves = Array.from({ length: count }, (_, i) =>
    memory.saveContext({ input: `question ${i}` }, { output: `answer ${i}` }),
  )
  await Promise.all(saves)
}

/** The messages of {@link saveAtOnce} as they should be stored. */
export function contentsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => [`question ${i}`, `answer ${i}`]).flat()
}

/** The variable that a memory shows. */
export async function shown(memory: Memory, inputs: Values = {}): Promise<unknown> {
  const variables = await memory.loadMemoryVariables(inputs)
  return variables[memory.memoryKeys[0] ?? '']
}

/** Words as tokens, line breaks too. */
export function countWords(text: string): number {
  return text.match(/\n|[^\s]+/g)?.length ?? 0
}

/** Numbers from 0 to 1 that look random and are the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

/** A model that is a function of the prompt, and remembers the prompts. */
export function scripted(answer: (prompt: string) => string) {
  const prompts: string[] = []
  const llm = async (prompt: string) => {
    prompts.push(prompt)
    return answer(prompt)
  }
  return { llm, prompts }
}
