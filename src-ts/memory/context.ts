/**
 * A turn of a talk as LangChain hands it over: inputs and outputs by key.
 *
 * Values that are not strings are remembered as JSON. `undefined` and `null` say nothing and are left out.
 */
import { HippocampError, invalid } from '../errors.js'
import { isObject, show } from '../options.js'
import type { Keys } from './keys.js'
import type { Values } from './memory.js'

/** A key by which chains pass stop sequences beside their inputs; it is never something that was said. */
const STOP = 'stop'

/** What was said in a turn and what was answered; undefined where there was nothing, not even an empty text. */
export interface Turn {
  readonly input: string | undefined
  readonly output: string | undefined
}

/** What was said or asked, as text. */
interface Entry {
  readonly key: string
  readonly text: string
}

/**
 * The question in a chain's inputs. Undefined when there is none.
 *
 * Errors: ERR_INVALID_ARGUMENT when it cannot be told which input it is.
 */
export function readQuestion(inputs: Values, keys: Keys): string | undefined {
  return only(readInputs(inputs, keys), names => {
    return `there are several inputs (${names}): say which one is the question by inputKey, or leave the others out by excludeInputKeys`
  })
}

/**
 * A turn as two messages. Undefined when there is neither.
 *
 * Errors: ERR_INVALID_ARGUMENT when a key is missing, it cannot be told which one is meant, or a value has no text.
 */
export function readTurn(inputs: Values, outputs: Values, keys: Keys): Turn | undefined {
  const input = readQuestion(inputs, keys)
  const output = only(readOutputs(outputs, keys), names => {
    return `there are several outputs (${names}): say which one is the answer by outputKey`
  })
  return input === undefined && output === undefined ? undefined : { input, output }
}

/**
 * A turn as the text of one record: a line `key: value` for each input and output. Undefined when nothing was said in it.
 *
 * Errors: ERR_INVALID_ARGUMENT when a key is missing or a value has no text.
 */
export function formatTurn(inputs: Values, outputs: Values, keys: Keys): string | undefined {
  const entries = [...readInputs(inputs, keys), ...readOutputs(outputs, keys)]
  if (entries.every(entry => entry.text.trim() === '')) return undefined
  return entries.map(({ key, text }) => `${key}: ${text}`).join('\n')
}

function only(entries: readonly Entry[], complaint: (names: string) => string): string | undefined {
  if (entries.length > 1) {
    throw invalid(complaint(entries.map(({ key }) => `"${key}"`).join(', ')))
  }
  return entries[0]?.text
}

function readInputs(inputs: Values, keys: Keys): Entry[] {
  checkValues(inputs, 'inputs')
  const { memoryKeys, inputKey, excludeInputKeys } = keys
  if (inputKey !== undefined) return [readEntry(inputs, inputKey, 'input')]
  const left = Object.keys(inputs).filter(
    key => !memoryKeys.includes(key) && key !== STOP && !excludeInputKeys.includes(key),
  )
  return readEntries(inputs, left)
}

function readOutputs(outputs: Values, { memoryKeys, outputKey }: Keys): Entry[] {
  checkValues(outputs, 'outputs')
  if (outputKey !== undefined) return [readEntry(outputs, outputKey, 'output')]
  const left = Object.keys(outputs).filter(key => !memoryKeys.includes(key))
  return readEntries(outputs, left)
}

/** The value of a key that was asked for by name. */
function readEntry(values: Values, key: string, what: 'input' | 'output'): Entry {
  if (!Object.hasOwn(values, key) || values[key] === undefined || values[key] === null) {
    const names = Object.keys(values).map(name => `"${name}"`)
    const has = names.length > 0 ? `there is ${names.join(', ')}` : 'there is none at all'
    throw invalid(`there is no ${what} "${key}", which ${what}Key names: ${has}`)
  }
  return { key, text: toText(key, values[key]) }
}

function readEntries(values: Values, keys: readonly string[]): Entry[] {
  return keys
    .filter(key => values[key] !== undefined && values[key] !== null)
    .map(key => ({ key, text: toText(key, values[key]) }))
}

function toText(key: string, value: unknown): string {
  if (typeof value === 'string') return value
  let text: string | undefined
  let cause: unknown
  try {
    text = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (text === undefined) {
    const why = cause instanceof Error ? ` (${cause.message.split('\n')[0]})` : ''
    throw new HippocampError(
      'ERR_INVALID_ARGUMENT',
      `the value of "${key}" is ${show(value)}, which has no JSON form${why}: give a string`,
      { cause },
    )
  }
  return text
}

function checkValues(values: unknown, what: 'inputs' | 'outputs'): asserts values is Values {
  if (!isObject(values)) {
    throw invalid(
      `the ${what} are ${show(values)}: give an object of values by key, such as { ${what.slice(0, -1)}: "…" }`,
    )
  }
}
