/**
 * A turn of a talk as LangChain hands it over, and as it is remembered: one line `key: value` for each input and output.
 *
 * Values that are not strings are remembered as JSON. `undefined` and `null` say nothing and are left out.
 */
import { HippocampError, invalid } from '../errors.js'
import { isObject, show } from '../options.js'

/** Inputs or outputs of a chain, by key. */
export type Values = Record<string, unknown>

/** A key by which chains pass stop sequences beside their inputs; it is never something that was said. */
const STOP = 'stop'

/** Which keys of a turn belong to the memory. */
export interface Keys {
  readonly memoryKey: string
  readonly inputKey: string | undefined
  readonly outputKey: string | undefined
  readonly excludeInputKeys: readonly string[]
}

/** What was said or asked, as text. */
interface Line {
  readonly key: string
  readonly text: string
}

/**
 * The question in a chain's inputs. Empty when there is none.
 *
 * Errors: ERR_INVALID_ARGUMENT when it cannot be told which input it is.
 */
export function readQuestion(inputs: Values, keys: Keys): string {
  const lines = readInputs(inputs, keys)
  if (lines.length > 1) {
    const names = lines.map(line => `"${line.key}"`).join(', ')
    throw invalid(
      `there are several inputs (${names}): say which one is the question by inputKey, or leave the others out by excludeInputKeys`,
    )
  }
  return lines[0]?.text ?? ''
}

/**
 * A turn as the text of one record. Undefined when nothing was said in it.
 *
 * Errors: ERR_INVALID_ARGUMENT when a key is missing or a value has no text.
 */
export function formatTurn(inputs: Values, outputs: Values, keys: Keys): string | undefined {
  const lines = [...readInputs(inputs, keys), ...readOutputs(outputs, keys)]
  if (lines.every(line => line.text.trim() === '')) return undefined
  return lines.map(({ key, text }) => `${key}: ${text}`).join('\n')
}

function readInputs(inputs: Values, keys: Keys): Line[] {
  checkValues(inputs, 'inputs')
  const { memoryKey, inputKey, excludeInputKeys } = keys
  if (inputKey !== undefined) return [readLine(inputs, inputKey, 'input')]
  const left = Object.keys(inputs).filter(
    key => key !== memoryKey && key !== STOP && !excludeInputKeys.includes(key),
  )
  return readLines(inputs, left)
}

function readOutputs(outputs: Values, { memoryKey, outputKey }: Keys): Line[] {
  checkValues(outputs, 'outputs')
  if (outputKey !== undefined) return [readLine(outputs, outputKey, 'output')]
  return readLines(
    outputs,
    Object.keys(outputs).filter(key => key !== memoryKey),
  )
}

/** The line of a key that was asked for by name. */
function readLine(values: Values, key: string, what: 'input' | 'output'): Line {
  if (!Object.hasOwn(values, key) || values[key] === undefined || values[key] === null) {
    const names = Object.keys(values).map(name => `"${name}"`)
    const has = names.length > 0 ? `there is ${names.join(', ')}` : 'there is none at all'
    throw invalid(`there is no ${what} "${key}", which ${what}Key names: ${has}`)
  }
  return { key, text: toText(key, values[key]) }
}

function readLines(values: Values, keys: readonly string[]): Line[] {
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

function checkValues(values: unknown, what: string): asserts values is Values {
  if (!isObject(values)) {
    throw invalid(
      `the ${what} are ${show(values)}: give an object of values by key, such as { input: "…" }`,
    )
  }
}
