/** Which inputs and outputs of a turn belong to a memory. */
import { invalid } from '../errors.js'
import { show, text } from '../options.js'

export interface KeyOptions {
  /**
   * The input that was said, and the only input that is stored.
   * @default the one that is left without `excludeInputKeys` and memory keys
   */
  readonly inputKey?: string | undefined
  /**
   * The output that was answered, and the only output that is stored.
   * @default the one that there is
   */
  readonly outputKey?: string | undefined
  /**
   * Inputs that are neither asked nor stored.
   * @default []
   */
  readonly excludeInputKeys?: readonly string[] | undefined
}

export const KEY_OPTIONS = ['inputKey', 'outputKey', 'excludeInputKeys'] as const

export interface Keys {
  readonly memoryKeys: readonly string[]
  readonly inputKey: string | undefined
  readonly outputKey: string | undefined
  readonly excludeInputKeys: readonly string[]
}

/**
 * The keys that the options of a memory say.
 * @param memoryKeys by the options' names
 * @throws {HippocampError} ERR_INVALID_ARGUMENT for keys that contradict each other: they would store or ask nothing, silently
 */
export function keysOf(options: KeyOptions, memoryKeys: Readonly<Record<string, string>>): Keys {
  const { inputKey, outputKey, excludeInputKeys = [] } = options
  for (const [name, key] of Object.entries({ ...memoryKeys, inputKey, outputKey })) {
    if (key !== undefined && text(name, key) === '') throw invalid(`${name} is "": give a key`)
  }
  if (!Array.isArray(excludeInputKeys)) {
    throw invalid(`excludeInputKeys is ${show(excludeInputKeys)}: give an array of strings`)
  }
  for (const key of excludeInputKeys) text('a key of excludeInputKeys', key)
  if (inputKey !== undefined && excludeInputKeys.includes(inputKey)) {
    throw invalid(
      `"${inputKey}" is both inputKey and in excludeInputKeys: take it out of one of them`,
    )
  }
  const taken: string[] = []
  for (const [name, key] of Object.entries(memoryKeys)) {
    if (inputKey === key || outputKey === key) {
      throw invalid(
        `${name} "${key}" is also a key of the inputs or outputs: choose another ${name}`,
      )
    }
    if (taken.includes(key)) throw invalid(`"${key}" is two memory keys: choose another ${name}`)
    taken.push(key)
  }
  return { memoryKeys: taken, inputKey, outputKey, excludeInputKeys: [...excludeInputKeys] }
}
