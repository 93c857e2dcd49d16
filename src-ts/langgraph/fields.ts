/**
 * The texts at paths into a value, as LangGraph's stores have them: `title`, `author.name`, `parts[*].text`, `parts[0]`, `tags[-1]`,
 * and `$` for the whole value.
 */
import { invalid } from '#core/errors'
import { isObject, show, text } from '#core/options'
import { textsIn } from '#core/value-texts'

/** The whole value. */
const WHOLE = '$'
/** A key, or a place in an array. */
const STEP = /([^.[\]]+)|\[(\*|-?\d+)\]/g

/**
 * Checks paths.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function fieldsOf(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw invalid(`${name} is ${show(value)}: give an array of paths`)
  return value.map((path, i) => {
    const given = text(`path ${i} of ${name}`, path)
    if (given.replace(STEP, '').replaceAll('.', '') === '' && given !== '') return given
    throw invalid(
      `path ${i} of ${name} is "${given}": write it as title, author.name or parts[*].text`,
    )
  })
}

/** The texts at the paths, a line each; undefined if there are none. */
export function textOf(value: object, paths: readonly string[]): string | undefined {
  const texts = paths.flatMap(path =>
    path === WHOLE ? textsIn(value) : at(value, stepsOf(path)).flatMap(found => textsIn(found)),
  )
  return texts.length > 0 ? texts.join('\n') : undefined
}

function stepsOf(path: string): string[] {
  return [...path.matchAll(STEP)].map(([, key, place]) => key ?? `[${place}]`)
}

function at(value: unknown, [step, ...rest]: string[]): unknown[] {
  if (step === undefined) return [value]
  const place = /^\[(.+)\]$/.exec(step)?.[1]
  if (place === undefined) {
    const found = isObject(value) && Object.hasOwn(value, step)
    return found ? at((value as Record<string, unknown>)[step], rest) : []
  }
  if (!Array.isArray(value)) return []
  const found = place === '*' ? value : [value.at(Number(place))]
  return found.flatMap(one => at(one, rest))
}
