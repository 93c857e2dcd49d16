/**
 * Several memories as one: loaded together, saved together or not at all, and under one budget of tokens.
 *
 * It differs from LangChain's class of the same name where that is known to fail: keys that two members share are refused
 * instead of hiding each other; when a member cannot save, what others have saved is taken back; members load at the same time;
 * and what one has told already no other tells again.
 */
import { HippocampError, invalid } from '../errors.js'
import { integer, optionsOf } from '../options.js'
import { type MemberLines, type MemberReport, spend, total } from './budget.js'
import { ChatMemory, historyKey } from './chat-memory.js'
import { type CombinedMember, type Member, toMembers } from './members.js'
import {
  type Line,
  type Memory,
  type MemoryCall,
  type MemoryLines,
  type PreparedSave,
  signalOfCall,
  type Values,
} from './memory.js'
import { type Count, counterOf, type TokenCounter } from './token-count.js'
import { TurnQueue } from './turn-queue.js'

export interface CombinedMemoryOptions {
  /** The members, as they are to be read. No two may have a key in common. */
  readonly memories: readonly (Memory | CombinedMember)[]
  /**
   * Tokens that all memory variables may have together.
   * @default no limit
   */
  readonly budgetTokens?: number | undefined
  /** Counts them: a function, or an object with one, such as an `Encoder`. Needed with a budget. */
  readonly countTokens?: TokenCounter | undefined
}

/** Memory variables, and what they are made of. */
export interface CombinedLoad {
  readonly variables: Values
  /** Tokens of all variables, if there is a budget. */
  readonly tokens?: number
  readonly members: readonly MemberReport[]
}

const OPTIONS = ['memories', 'budgetTokens', 'countTokens'] as const

export class CombinedMemory implements Memory {
  readonly #members: readonly Member[]
  readonly #budget: number | undefined
  readonly #count: Count | undefined
  readonly #queue = new TurnQueue<never>(
    async () => {},
    () => 1,
  )

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option, or the key that two members have */
  constructor(options: CombinedMemoryOptions) {
    const { memories, budgetTokens, countTokens } = optionsOf(options, 'CombinedMemory', OPTIONS)
    this.#members = toMembers(memories)
    this.#budget = budgetTokens === undefined ? undefined : integer('budgetTokens', budgetTokens, 0)
    this.#count =
      budgetTokens === undefined && countTokens === undefined
        ? undefined
        : counterOf('CombinedMemory', countTokens)
    const owners = new Map<string, string>()
    for (const { name, memory } of this.#members) {
      for (const key of memory.memoryKeys) {
        const owner = owners.get(key)
        if (owner !== undefined) {
          throw invalid(
            `the memories "${owner}" and "${name}" both have the memory key "${key}": give one of them another by its options`,
          )
        }
        owners.set(key, name)
      }
    }
    const histories = new Map<unknown, string>()
    for (const { name, memory } of this.#members) {
      if (!(memory instanceof ChatMemory)) continue
      const history = historyKey(memory)
      const other = histories.get(history)
      if (other !== undefined) {
        throw invalid(
          `the memories "${other}" and "${name}" would both save every message in the same place: give one of them another collection, or wrap it in ReadOnlySharedMemory`,
        )
      }
      histories.set(history, name)
    }
  }

  /** The keys of all members. */
  get memoryKeys(): string[] {
    return this.#members.flatMap(({ memory }) => memory.memoryKeys)
  }

  /** What all members remember. */
  async loadMemoryVariables(inputs: Values, call?: MemoryCall): Promise<Values> {
    return (await this.load(inputs, call)).variables
  }

  /**
   * The same, with a report of what each member gave, what was cut, and why.
   * @throws {HippocampError} what a member fails with
   */
  async load(inputs: Values, call?: MemoryCall): Promise<CombinedLoad> {
    const signal = signalOfCall(call, 'loadMemoryVariables')
    const all = await Promise.all(this.#members.map(member => linesOf(member, inputs, signal)))
    const spent = await spend(this.#members, all, this.#budget, this.#count, signal)
    return {
      variables: Object.assign({}, ...spent.map(({ variables }) => variables)),
      ...(this.#budget !== undefined && { tokens: total(spent.map(({ tokens }) => tokens ?? 0)) }),
      members: spent.map(({ variables: _, ...report }) => report),
    }
  }

  /**
   * Saves a turn in every member, or in none. Turns are saved in the order of the calls.
   * @throws {HippocampError} what a member fails with, after what others had written was taken back
   */
  async saveContext(inputs: Values, outputs: Values, call?: MemoryCall): Promise<void> {
    const signal = signalOfCall(call, 'saveContext')
    await this.#queue.alone(async () => {
      const prepared = await this.#prepare(inputs, outputs, signal)
      await prepared.commit()
    }, signal)
  }

  async prepareSave(inputs: Values, outputs: Values, call?: MemoryCall): Promise<PreparedSave> {
    return this.#prepare(inputs, outputs, signalOfCall(call, 'prepareSave'))
  }

  /** Every member forgets everything. */
  async clear(call?: MemoryCall): Promise<void> {
    const signal = signalOfCall(call, 'clear')
    const clear = () => Promise.all(this.#members.map(({ memory }) => memory.clear({ signal })))
    await this.#queue.alone(clear, signal)
  }

  async #prepare(
    inputs: Values,
    outputs: Values,
    signal: AbortSignal | undefined,
  ): Promise<PreparedSave> {
    const preparing = this.#members.map(({ memory }) =>
      memory.prepareSave(inputs, outputs, { signal }),
    )
    // All have ended before one of them is known to have failed: none goes on behind the caller's back.
    const settled = await Promise.allSettled(preparing)
    const failed = settled.find(result => result.status === 'rejected')
    if (failed) throw failed.reason
    const saves = settled.map(result => (result as PromiseFulfilledResult<PreparedSave>).value)
    const done: PreparedSave[] = []
    const undo = async () => {
      const taken = await Promise.allSettled(done.splice(0).map(save => save.undo()))
      const stuck = taken.find(result => result.status === 'rejected')
      if (stuck) throw stuck.reason
    }
    const commit = async () => {
      if (done.length > 0) throw invalid('this save was committed already: prepare another one')
      for (const save of saves) {
        try {
          await save.commit()
        } catch (error) {
          await undo().catch(stuck => {
            const what =
              'a memory could not be saved, and what others had saved could not be undone'
            throw new HippocampError('ERR_INTERNAL', `${what}: ${error}; ${stuck}`, {
              cause: error,
            })
          })
          throw error
        }
        done.push(save)
      }
    }
    return { commit, undo }
  }
}

/** The lines of a member; of one that has none its values, each as one line. */
async function linesOf(
  { memory }: Member,
  inputs: Values,
  signal: AbortSignal | undefined,
): Promise<MemberLines> {
  if (memory.memoryLines && memory.formatLines) {
    const lines = await memory.memoryLines(inputs, { signal })
    const format = memory.formatLines.bind(memory)
    return { lines, format }
  }
  const values = await memory.loadMemoryVariables(inputs, { signal })
  const whole = (value: unknown): Line[] =>
    typeof value === 'string' && value !== '' ? [{ text: value, priority: 1 }] : []
  const lines: MemoryLines = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, whole(value)]),
  )
  const format = (kept: MemoryLines) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        typeof value === 'string' && kept[key]?.length === 0 ? '' : value,
      ]),
    )
  return { lines, format }
}
