/**
 * How every memory saves: a turn is read from its values at once, planned together with those that wait, and written; or
 * prepared now and written later, in one transaction with other memories.
 */
import { invalid } from '../errors.js'
import {
  type Memory,
  type MemoryCall,
  type MemoryLines,
  type PreparedSave,
  signalOfCall,
  type Values,
} from './memory.js'
import { TurnQueue } from './turn-queue.js'

/** What is to be written for some turns. */
export interface Plan {
  /** Writes it. */
  write(signal: AbortSignal | undefined): Promise<void>
  /** Takes back what was written, also when that was only a part of it. */
  undo(): Promise<void>
}

const NOTHING: PreparedSave = { commit: async () => {}, undo: async () => {} }

export abstract class QueuedMemory<T> implements Memory {
  readonly #queue = new TurnQueue<T>(
    (turns, signal) => this.#save(turns, signal),
    () => this.batch,
  )
  /** Counts the changes. A plan is for the state that it has seen. */
  #version = 0

  abstract get memoryKeys(): string[]
  abstract memoryLines(inputs: Values, call?: MemoryCall): Promise<MemoryLines>
  abstract formatLines(lines: MemoryLines): Values

  /** Turns that are written together at most. */
  protected get batch(): number {
    return 256
  }

  /** A turn, checked; undefined if there is nothing to be remembered. */
  protected abstract readTurn(inputs: Values, outputs: Values): T | undefined
  /** What is to be written for these turns. Writes nothing. */
  protected abstract plan(turns: readonly T[], signal: AbortSignal | undefined): Promise<Plan>
  protected abstract clearAll(signal: AbortSignal | undefined): Promise<void>

  /**
   * What is remembered.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT when it is unclear which input is the question; whatever reading can fail with
   */
  async loadMemoryVariables(inputs: Values, call?: MemoryCall): Promise<Values> {
    return this.formatLines(await this.memoryLines(inputs, call))
  }

  /**
   * Remembers a turn; when it resolves, the turn is as durable as the place where it is kept.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT when a value is missing or has no text; whatever a write can fail with
   */
  async saveContext(inputs: Values, outputs: Values, call?: MemoryCall): Promise<void> {
    const signal = signalOfCall(call, 'saveContext')
    const turn = this.readTurn(inputs, outputs)
    if (turn !== undefined) await this.#queue.save(turn, signal)
  }

  /** Writes a turn in its place in the order of the calls. */
  protected save(turn: T, signal: AbortSignal | undefined): Promise<void> {
    return this.#queue.save(turn, signal)
  }

  /** The first half of {@link saveContext}: checks, and asks llm or encoder, but writes nothing. */
  async prepareSave(inputs: Values, outputs: Values, call?: MemoryCall): Promise<PreparedSave> {
    const signal = signalOfCall(call, 'prepareSave')
    const turn = this.readTurn(inputs, outputs)
    if (turn === undefined) return NOTHING
    const version = this.#version
    let plan = await this.plan([turn], signal)
    let state: 'prepared' | 'committed' | 'undone' = 'prepared'
    const commit = async () => {
      if (state !== 'prepared') throw invalid(`this save was ${state} already: prepare another one`)
      if (version !== this.#version) plan = await this.plan([turn], signal)
      state = 'committed'
      await this.#write(plan, signal).catch(error => {
        state = 'undone'
        throw error
      })
    }
    const undo = async () => {
      if (state === 'committed') await this.#undo(plan)
      state = 'undone'
    }
    return {
      commit: () => this.#queue.alone(commit, signal),
      undo: () => this.#queue.alone(undo),
    }
  }

  /** Forgets everything, after the turns that were saved before. */
  async clear(call?: MemoryCall): Promise<void> {
    const signal = signalOfCall(call, 'clear')
    await this.between(() => this.clearAll(signal), signal)
  }

  /** Does something between two saves. */
  protected between<R>(task: () => Promise<R>, signal: AbortSignal | undefined): Promise<R> {
    return this.#queue.alone(() => this.#changing(task), signal)
  }

  async #save(turns: readonly T[], signal: AbortSignal | undefined): Promise<void> {
    await this.#write(await this.plan(turns, signal), signal)
  }

  async #write(plan: Plan, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#changing(() => plan.write(signal))
    } catch (error) {
      // What made the write fail is what the caller has to know, whatever undoing meets.
      await this.#undo(plan).catch(() => {})
      throw error
    }
  }

  #undo(plan: Plan): Promise<void> {
    return this.#changing(() => plan.undo())
  }

  /** Plans that were made before the end of this may have seen a part of it, and are made anew. */
  async #changing<R>(task: () => Promise<R>): Promise<R> {
    try {
      return await task()
    } finally {
      this.#version++
    }
  }
}
