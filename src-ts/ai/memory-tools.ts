/**
 * A long-term memory as tools of the AI SDK, by which a model remembers, recalls and forgets.
 */
import { jsonSchema, tool } from 'ai'
import { invalid } from '#core/errors'
import type { LongTermMemory } from '#core/memory/long-term/long-term'
import type { Remembered } from '#core/memory/long-term/remember'
import { integer, label, optionsOf, show } from '#core/options'

export interface MemoryToolsOptions {
  /**
   * The talk that is going on: what is remembered belongs to it. What is recalled may be from all of them.
   * @default none: what is remembered is a fact that stands by itself
   */
  readonly session?: string | undefined
  /**
   * How many memories are recalled at most.
   * @default 5
   */
  readonly k?: number | undefined
  /**
   * From where memories come that the model has asked for, kept with each of them.
   * @default 'assistant'
   */
  readonly source?: string | undefined
}

/** A memory as the model sees it. */
export interface ToolMemory {
  readonly id: string
  readonly text: string
  /** ISO 8601, in UTC. */
  readonly time: string
}

/** What became of a fact, as the model sees it. */
export type ToolRemembered = Pick<Remembered, 'id' | 'status'>

const RECALL = jsonSchema<{ question: string }>({
  type: 'object',
  properties: {
    question: { type: 'string', description: 'What you want to know, in a sentence of its own.' },
  },
  required: ['question'],
  additionalProperties: false,
})
const REMEMBER = jsonSchema<{ text: string; importance?: number }>({
  type: 'object',
  properties: {
    text: {
      type: 'string',
      description: 'One fact in a sentence that can be understood without the conversation.',
    },
    importance: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description: 'How much it matters, from 0 to 1; 0.5 if you leave it out.',
    },
  },
  required: ['text'],
  additionalProperties: false,
})
const FORGET = jsonSchema<{ ids: string[] }>({
  type: 'object',
  properties: {
    ids: { type: 'array', items: { type: 'string' }, description: 'The ids of recalled memories.' },
  },
  required: ['ids'],
  additionalProperties: false,
})

/**
 * Tools for `generateText`, `streamText` and agents: `recallMemories`, `rememberFact` and `forgetMemories`.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function memoryTools(
  memory: Pick<LongTermMemory, 'recall' | 'remember' | 'forget'>,
  options?: MemoryToolsOptions,
) {
  const given = optionsOf(options, 'memoryTools', ['session', 'k', 'source'])
  const methods = ['recall', 'remember', 'forget'] as const
  if (!methods.every(name => typeof memory?.[name] === 'function'))
    throw invalid(`memory is ${show(memory)}: give a LongTermMemory`)
  const session = given.session === undefined ? undefined : label('session', given.session)
  const source = label('source', given.source ?? 'assistant')
  const k = integer('k', given.k ?? 5, 1)
  return {
    recallMemories: tool({
      description:
        'Recalls what is known about the user and from earlier conversations. Use it before you answer a question that may depend on it.',
      inputSchema: RECALL,
      execute: async ({ question }, { abortSignal: signal }): Promise<ToolMemory[]> => {
        const { memories } = await memory.recall(question, { k, signal })
        return memories.map(({ id, text, time }) => ({ id, text, time: time.toISOString() }))
      },
    }),
    rememberFact: tool({
      description:
        'Remembers a fact for later conversations: preferences, names, decisions. What is known already is not kept twice.',
      inputSchema: REMEMBER,
      execute: async ({ text, importance }, { abortSignal: signal }): Promise<ToolRemembered> => {
        // Models with strict schemas say null for what they leave out.
        const one = {
          text,
          source,
          session,
          importance: importance ?? undefined,
          kind: 'fact' as const,
        }
        const [remembered] = await memory.remember([one], { signal })
        return {
          status: remembered?.status ?? 'echo',
          ...(remembered?.id && { id: remembered.id }),
        }
      },
    }),
    forgetMemories: tool({
      description:
        'Forgets recalled memories by their ids, when they are wrong or no longer wanted.',
      inputSchema: FORGET,
      execute: async ({ ids }, { abortSignal: signal }): Promise<{ forgotten: number }> => {
        return { forgotten: await memory.forget(idsOf(ids), { signal }) }
      },
    }),
  }
}

/** A schema only tells the model what to write; what it has written may be anything, such as a filter that all memories pass. */
function idsOf(ids: unknown): string[] {
  if (Array.isArray(ids) && ids.every(id => typeof id === 'string')) return ids
  throw invalid(`ids is ${show(ids)}: give an array of the ids of recalled memories`)
}
