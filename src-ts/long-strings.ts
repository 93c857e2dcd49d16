/**
 * Long strings in values that become metadata, which have less room than texts: they are taken out, and put back at their places.
 */
import { isObject } from './options.js'

/** Characters of a value that metadata may have besides what else is in them; they have 64 KiB by default. */
export const MOST_METADATA = 48 * 1024

/** The keys and places that lead to a value within another. */
export type Way = (string | number)[]

/** The way to the longest string in a value among those that are meant; undefined if there is none. */
export function longestString(
  value: unknown,
  isMeant: (key: string, text: string) => boolean,
): Way | undefined {
  let [best, length] = [undefined as Way | undefined, 0]
  const visit = (one: unknown, way: Way, key: string) => {
    if (typeof one === 'string') {
      if (one.length > length && isMeant(key, one)) [best, length] = [way, one.length]
    } else if (Array.isArray(one)) {
      for (const [i, part] of one.entries()) visit(part, [...way, i], key)
    } else if (isObject(one)) {
      for (const [name, part] of Object.entries(one)) visit(part, [...way, name], name)
    }
  }
  visit(value, [], '')
  return best
}

export function at(value: unknown, way: Way): unknown {
  return way.reduce<unknown>(
    (one, step) => (one as Record<string | number, unknown>)?.[step],
    value,
  )
}

export function put(value: unknown, way: Way, text: string): void {
  const parent = at(value, way.slice(0, -1))
  const last = way.at(-1)
  if (isObject(parent) && last !== undefined)
    (parent as Record<string | number, unknown>)[last] = text
}
