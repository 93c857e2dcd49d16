/**
 * The order in which LangGraph applies the writes of tasks: by the path of the task, its id and the write's index. Strings are
 * compared by code points, as Python compares them, which is what the order was fixed by.
 */
export interface OrderedWrite {
  readonly path: string
  readonly task: string
  readonly index: number
}

export function byPathTaskAndIndex(a: OrderedWrite, b: OrderedWrite): number {
  return (
    byCodePoints(a.path, b.path) || byCodePoints(a.task, b.task) || Math.sign(a.index - b.index)
  )
}

/** UTF-16 puts characters above U+FFFF before some below; code points do not. */
function byCodePoints(a: string, b: string): number {
  const [one, other] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    const difference = (one[i]?.codePointAt(0) ?? 0) - (other[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return Math.sign(one.length - other.length)
}
