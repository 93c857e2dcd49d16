/**
 * Metadata and filters on their way into JSON. `JSON.stringify` alone would drop functions, turn NaN into null and end
 * cycles with an error that names nothing; here each of these is refused with its place.
 *
 * Kept as it is: `__proto__` as a key, which stays plain data in both directions (JSON knows no prototypes).
 * As JSON does: properties that are undefined are dropped, and an object with `toJSON` (a `Date`) becomes what that returns.
 */
import { type ErrorCode, HippocampError } from './errors.js'
import { isObject, show } from './options.js'

/** What is refused, and how the refusal begins. */
export interface JsonRules {
  /** Whose JSON it is: `the metadata of record 3`. */
  readonly what: () => string
  readonly code: ErrorCode
  /** Levels of objects and arrays at most. */
  readonly depth: number
  /** A condition on undefined would silently match everything. */
  readonly refuseUndefined?: boolean
}

/** The JSON of a plain object. */
export function objectToJson(value: unknown, rules: JsonRules): string {
  if (!isObject(value) || !isPlain(value)) {
    throw refusal(rules, `is ${show(value)}: give a plain object`)
  }
  const wellFormed = new Walk(rules).isWellFormed(value)
  return JSON.stringify(value, wellFormed ? undefined : (_, inner) => repaired(inner))
}

/** Looks at every value once. */
class Walk {
  /** The keys that lead to the value that is looked at, for messages. */
  readonly #path: (string | number)[] = []
  /** The objects around it. */
  readonly #around: object[] = []
  readonly #rules: JsonRules

  constructor(rules: JsonRules) {
    this.#rules = rules
  }

  /** Whether all strings are well-formed; throws where something is not JSON. */
  isWellFormed(value: unknown): boolean {
    switch (typeof value) {
      case 'string':
        return value.isWellFormed()
      case 'boolean':
        return true
      case 'number':
        if (Number.isFinite(value)) return true
        throw this.#refuse(`has ${value}`, 'JSON has finite numbers only: leave it out or use null')
      case 'undefined':
        if (!this.#rules.refuseUndefined) return true
        throw this.#refuse('has undefined', 'leave the condition out, or give its value')
      case 'bigint':
        throw this.#refuse(`has ${show(value)}`, 'convert it to a number or a string')
      case 'object':
        return value === null || this.#objectIsWellFormed(value)
      default:
        throw this.#refuse(`has ${show(value)}`, 'JSON cannot hold it: leave it out')
    }
  }

  #objectIsWellFormed(object: object): boolean {
    if ('toJSON' in object && typeof object.toJSON === 'function') return this.#converted(object)
    if (this.#around.includes(object)) {
      throw this.#refuse('contains itself', 'JSON cannot hold a cycle: break it')
    }
    if (this.#around.length >= this.#rules.depth) throw this.#tooDeep()
    this.#around.push(object)
    const wellFormed = Array.isArray(object) ? this.#array(object) : this.#plainObject(object)
    this.#around.pop()
    return wellFormed
  }

  #converted(object: object): boolean {
    if (object instanceof Date && Number.isNaN(object.getTime())) {
      throw this.#refuse('has an invalid Date', 'give a valid one, or leave it out')
    }
    const json: unknown = (object as { toJSON(): unknown }).toJSON()
    if (isObject(json) && 'toJSON' in json) {
      throw this.#refuse(`has ${show(object)}`, 'its toJSON gives no plain value: convert it')
    }
    return this.isWellFormed(json)
  }

  #array(array: readonly unknown[]): boolean {
    let wellFormed = true
    for (let i = 0; i < array.length; i++) {
      this.#path.push(i)
      wellFormed = this.isWellFormed(array[i]) && wellFormed
      this.#path.pop()
    }
    return wellFormed
  }

  #plainObject(object: object): boolean {
    if (!isPlain(object)) throw this.#refuse(`has ${show(object)}`, 'convert it to plain values')
    let wellFormed = true
    for (const key of Object.keys(object)) {
      this.#path.push(key)
      if (!key.isWellFormed()) throw this.#refuse('has a key with a lone surrogate', 'remove it')
      wellFormed = this.isWellFormed((object as Record<string, unknown>)[key]) && wellFormed
      this.#path.pop()
    }
    return wellFormed
  }

  #refuse(problem: string, remedy: string): HippocampError {
    return refusal(this.#rules, `${problem}${place(this.#path)}: ${remedy}`)
  }

  #tooDeep(): HippocampError {
    const { what, depth } = this.#rules
    return new HippocampError(
      'ERR_LIMIT_EXCEEDED',
      `${what()} has more than ${depth} levels of objects and arrays: make it flatter or raise limits.metadataDepth`,
    )
  }
}

function refusal(rules: JsonRules, problem: string): HippocampError {
  return new HippocampError(rules.code, `${rules.what()} ${problem}`)
}

function place(path: readonly (string | number)[]): string {
  if (path.length === 0) return ''
  const keys = path.slice(0, 5).map(key => String(key).slice(0, 40))
  return ` at ${JSON.stringify(keys.join('.') + (path.length > 5 ? '…' : ''))}`
}

/** An object that is only its properties: not of a class, from whichever realm. */
export function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** As in texts, lone surrogates become U+FFFD. */
function repaired(value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value
}
