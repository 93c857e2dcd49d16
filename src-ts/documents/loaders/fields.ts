/**
 * Documents of named values: rows of CSV and objects of JSON.
 */
import { invalid } from '../../errors.js'
import { show } from '../../options.js'
import { broken, type Parsed } from './parsed.js'

/** Values by name, in order. */
export type Fields = readonly (readonly [name: string, value: unknown])[]

/** A document whose text are the fields that are asked for, or all as lines "name: value". */
export function fieldDocument(
  fields: Fields,
  text: string | readonly string[] | undefined,
  source: string,
): Parsed {
  const present = fields.filter(([, value]) => value !== '' && value !== null)
  if (text === undefined) {
    const line = (name: string, value: unknown) =>
      name === '' ? wordsOf(value) : `${name}: ${wordsOf(value)}`
    return { text: present.map(([name, value]) => line(name, value)).join('\n') }
  }
  const wanted = typeof text === 'string' ? [text] : text
  const missing = wanted.find(name => !fields.some(([other]) => other === name))
  if (missing !== undefined) {
    const names = fields.slice(0, 20).map(([name]) => show(name))
    throw broken(source, `there is no ${show(missing)}, which is to be text: there is ${names}`)
  }
  const words = wanted.map(name => present.find(([other]) => other === name)?.[1])
  return {
    text: words
      .filter(value => value !== undefined)
      .map(wordsOf)
      .join('\n\n'),
    metadata: Object.fromEntries(present.filter(([name]) => !wanted.includes(name))),
  }
}

/** A plain value or an array of such, as text. */
export function wordsOf(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') : String(value)
}

/** Names of fields that were given as an option. */
export function fieldNames(option: string, value: unknown): string | readonly string[] | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  if (Array.isArray(value) && value.length > 0 && value.every(name => typeof name === 'string'))
    return value
  throw invalid(`${option} is ${show(value)}: give the name of a field, or an array of them`)
}
