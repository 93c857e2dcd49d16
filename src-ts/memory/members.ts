/** The members of a combined memory, as they are given and as they are checked. */
import { invalid } from '../errors.js'
import { finite, isObject, refuseUnknown, show, text, within } from '../options.js'
import type { Memory } from './memory.js'

/** A memory among others. */
export interface CombinedMember {
  readonly memory: Memory
  /** What it is called in reports. @default its keys */
  readonly name?: string | undefined
  /**
   * How much its lines matter beside those of others, above 0.
   * @default 1
   */
  readonly weight?: number | undefined
  /**
   * The part of the budget, from 0 to 1, that it has for itself as far as it needs it.
   * @default 0
   */
  readonly minShare?: number | undefined
}

/** A member, with everything that it may leave out. */
export interface Member {
  readonly memory: Memory
  readonly name: string
  readonly weight: number
  readonly minShare: number
}

const MEMBER_KEYS = ['memory', 'name', 'weight', 'minShare'] as const

/** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the member */
export function toMembers(memories: readonly (Memory | CombinedMember)[] | undefined): Member[] {
  if (!Array.isArray(memories) || memories.length === 0) {
    throw invalid(`memories are ${show(memories)}: give an array of at least one memory`)
  }
  const members = memories.map((given: unknown, i) => {
    const plain = isMemory(given)
    if (!plain && !(isObject(given) && isMemory((given as CombinedMember).memory))) {
      throw invalid(`memory ${i} is ${show(given)}: give a memory component, or { memory, weight }`)
    }
    if (!plain) refuseUnknown(given, MEMBER_KEYS, key => `unknown key "${key}" of memory ${i}`)
    const member = plain ? { memory: given } : (given as CombinedMember)
    const { memory, name = memory.memoryKeys.join(', '), weight = 1, minShare = 0 } = member
    if (finite(`the weight of memory ${i}`, weight) <= 0)
      throw invalid(`the weight of memory ${i} is ${weight}: give a number above 0`)
    within(`the minShare of memory ${i}`, minShare, 0, 1)
    return { memory, name: text(`the name of memory ${i}`, name), weight, minShare }
  })
  const shares = members.reduce((sum, { minShare }) => sum + minShare, 0)
  if (shares > 1 + 1e-9) {
    throw invalid(`the minShares of all memories are ${shares} together: give at most 1`)
  }
  return members
}

function isMemory(value: unknown): value is Memory {
  if (!isObject(value)) return false
  const { memoryKeys, loadMemoryVariables, prepareSave, clear } = value as Partial<Memory>
  const methods = [loadMemoryVariables, prepareSave, clear]
  return Array.isArray(memoryKeys) && methods.every(method => typeof method === 'function')
}
