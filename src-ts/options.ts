/// <reference lib="es2024.string" />
/**
 * Validation of what callers give: names exactly, types exactly, each refusal a sentence that names the value and the
 * remedy. What depends on the store (limits, dimensions, zero vectors) is checked by the engine.
 */
import { fileURLToPath } from 'node:url'
import { HippocampError, invalid } from './errors.js'

/** What other libraries call our options: only for suggestions. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  abortSignal: 'signal',
  content: 'text',
  dim: 'dimension',
  dims: 'dimension',
  dimensions: 'dimension',
  distance: 'metric',
  document: 'text',
  embedding: 'vector',
  embeddings: 'vector',
  filter: 'where',
  includeVector: 'vector',
  includeVectors: 'vector',
  key: 'id',
  limit: 'k',
  minSimilarity: 'minScore',
  nResults: 'k',
  offset: 'cursor',
  pageContent: 'text',
  payload: 'metadata',
  scoreThreshold: 'minScore',
  space: 'metric',
  threshold: 'minScore',
  topK: 'k',
  values: 'vector',
}

/**
 * The options object of a call; an empty one if there is none.
 * @param where what the options belong to, for the message: `search`
 */
export function optionsOf<T extends object>(
  options: T | undefined,
  where: string,
  known: readonly (keyof T & string)[],
): Partial<T> {
  if (options === undefined) return {}
  if (!isObject(options))
    throw invalid(`the options of ${where} are ${show(options)}: give an object`)
  refuseUnknown(options, known, name => `unknown option "${name}" of ${where}`)
  return options
}

/** Refuses a property that is not known, with the name that was meant, if one is near. */
export function refuseUnknown(
  object: object,
  known: readonly string[],
  complaint: (name: string) => string,
): void {
  for (const name of Object.keys(object)) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    const remedy = meant ? `did you mean "${meant}"?` : `known are ${list(known)}`
    throw invalid(`${complaint(name)}: ${remedy}`)
  }
}

/** A whole number of at least `least`. */
export function integer(name: string, value: unknown, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw invalid(`${name} is ${show(value)}: give a whole number of at least ${least}`)
}

/** A number that is finite. */
export function finite(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw invalid(`${name} is ${show(value)}: give a finite number`)
}

/** A number between two bounds, these included. */
export function within(name: string, value: unknown, least: number, most: number): number {
  const number = finite(name, value)
  if (number >= least && number <= most) return number
  throw invalid(`${name} is ${number}: give a number from ${least} to ${most}`)
}

/** A recall to aim at. */
export function recall(name: string, value: unknown): number {
  const recall = finite(name, value)
  if (recall > 0 && recall <= 1) return recall
  throw invalid(`${name} is ${recall}: give a number above 0 and up to 1`)
}

/** true or false. */
export function boolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(`${name} is ${show(value)}: give true or false`)
}

/** A string. Lone surrogates in it are replaced by U+FFFD when it is stored or encoded. */
export function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw invalid(`${name} is ${show(value)}: give a string`)
}

/** A string that names something: what is given must come back unchanged, so lone surrogates are refused. */
export function label(name: string, value: unknown): string {
  const string = text(name, value)
  if (string.isWellFormed()) return string
  throw invalid(
    `${name} ${show(string)} contains a lone surrogate, which cannot be stored: remove it`,
  )
}

/** A path in metadata. */
export function fieldOf(name: string, value: unknown): string {
  const path = text(name, value)
  if (path !== '') return path
  throw invalid(`${name} is "": give the path of a value in the metadata`)
}

/** The path of a file. */
export function filePath(name: string, value: unknown, wanted = 'the path of a file'): string {
  const path = value instanceof URL && value.protocol === 'file:' ? fileURLToPath(value) : value
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  throw invalid(`${name} is ${show(value)}: give ${wanted}`)
}

/** One of a few strings. */
export function oneOf<T extends string>(name: string, value: unknown, known: readonly T[]): T {
  if ((known as readonly unknown[]).includes(value)) return value as T
  throw invalid(`${name} is ${show(value)}: use ${list(known)}`)
}

/** A signal, from this realm or another. */
export function signalOf(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  if (isObject(value) && 'aborted' in value && 'addEventListener' in value)
    return value as AbortSignal
  throw invalid(`signal is ${show(value)}: give the signal of an AbortController`)
}

/**
 * A vector. A `Float32Array` is passed on as it is: the engine looks at its values.
 * @param what names the vector in a message
 */
export function vectorOf(what: () => string, value: unknown): Float32Array {
  if (value instanceof Float32Array) return value
  if (value instanceof Float64Array) return Float32Array.from(value)
  if (!Array.isArray(value)) {
    throw invalid(`${what()} is ${show(value)}: give a Float32Array or an array of numbers`)
  }
  const vector = new Float32Array(value.length)
  for (let i = 0; i < value.length; i++) {
    const number: unknown = value[i]
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw new HippocampError(
        'ERR_INVALID_VECTOR',
        `${what()} has ${show(number)} at position ${i}: give finite numbers`,
      )
    }
    vector[i] = number
  }
  return vector
}

/** Whether it is an object with properties, not an array or a function. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value in a message, in a few characters. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  }
  if (typeof value === 'bigint') return `the BigInt ${value}`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) {
    const { name } = (Object.getPrototypeOf(value)?.constructor ?? {}) as { name?: unknown }
    return typeof name === 'string' && name !== 'Object' && name !== '' ? `a ${name}` : 'an object'
  }
  return String(value)
}

function list(names: readonly string[]): string {
  return names.map(name => `"${name}"`).join(', ')
}

/** The known name that was probably meant. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '')
  const elsewhere = Object.keys(ELSEWHERE).find(other => plain(other) === plain(name))
  const synonym = elsewhere && ELSEWHERE[elsewhere]
  if (synonym && known.includes(synonym)) return synonym
  const near = known
    .map(other => ({ other, edits: editDistance(plain(name), plain(other)) }))
    .filter(({ other, edits }) => edits <= Math.max(1, Math.floor(other.length / 3)))
    .sort((a, b) => a.edits - b.edits)
  return near[0]?.other
}

/** The fewest insertions, deletions, replacements and swaps of neighbours that turn one string into the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(replaced, at(row, j) + 1, at(next, j - 1) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, at(before, j - 2) + 1)
      }
      next.push(edits)
    }
    before = row
    row = next
  }
  return at(row, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
