/**
 * What a person would read of a value of any shape.
 */

/** Levels of objects that are looked into: as many as metadata can have. */
const DEEPEST = 100

/** The texts, numbers and truths in a value, in their order. */
export function textsIn(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return []
  return Object.values(value).flatMap(one => textsIn(one, depth + 1))
}
