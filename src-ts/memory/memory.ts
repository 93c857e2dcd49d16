/**
 * What every memory component is. `CombinedMemory` and `ReadOnlySharedMemory` know their members by this interface alone, and
 * its first four members are the shape of LangChain's `BaseMemory`, so a memory can stand wherever a chain takes one.
 */
import { optionsOf, signalOf } from '../options.js'

/** Inputs, outputs or memory variables of a chain, by key. */
export type Values = Record<string, unknown>

/** Options of one call. */
export interface MemoryCall {
  /** Gives up; the promise then rejects with the signal's reason, and nothing has been changed. */
  readonly signal?: AbortSignal | undefined
}

/** A part of what a memory recalls: a message, a found record, a summary, an entity. */
export interface Line {
  /** The part as it stands in the memory's string. */
  readonly text: string
  /**
   * What to keep when there is too little room: the most important line of a memory has 1, the second 1/2, the n-th 1/n, so
   * that lines of several memories can be compared.
   */
  readonly priority: number
  /** Whether it is a message of a talk, which has no holes. */
  readonly talk?: true
}

/** The lines of each memory key, in the order in which they are to be read. */
export type MemoryLines = Record<string, readonly Line[]>

/** A turn that has been checked, and thought about by llm or encoder, and waits to be written. */
export interface PreparedSave {
  /** Writes the turn: wholly, or not at all if it rejects. Once. */
  commit(): Promise<void>
  /** Takes back what `commit` wrote; nothing if it was not called or failed. What others wrote meanwhile stays. */
  undo(): Promise<void>
}

export interface Memory {
  /** The keys of what `loadMemoryVariables` resolves to. */
  readonly memoryKeys: string[]
  /** What is remembered, as a prompt takes it. */
  loadMemoryVariables(inputs: Values, call?: MemoryCall): Promise<Values>
  /** Remembers a turn. Turns are remembered in the order of the calls. */
  saveContext(inputs: Values, outputs: Values, call?: MemoryCall): Promise<void>
  /** Forgets everything. */
  clear(call?: MemoryCall): Promise<void>
  /** The first half of `saveContext`: everything that can fail without having written. */
  prepareSave(inputs: Values, outputs: Values, call?: MemoryCall): Promise<PreparedSave>
  /** What `loadMemoryVariables` is made of. */
  memoryLines?(inputs: Values, call?: MemoryCall): Promise<MemoryLines>
  /** Memory variables of lines that `memoryLines` gave, or of some of them, in the same order. */
  formatLines?(lines: MemoryLines): Values
}

/** The signal of a call, which has not fired. */
export function signalOfCall(call: MemoryCall | undefined, where: string): AbortSignal | undefined {
  const signal = signalOf(optionsOf(call, where, ['signal']).signal)
  signal?.throwIfAborted()
  return signal
}

/** The priority of a memory's line, by its rank from 0. */
export function priorityOf(rank: number): number {
  return 1 / (rank + 1)
}
