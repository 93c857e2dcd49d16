/**
 * Which namespaces a listing of LangGraph's means.
 */
import type { ListNamespacesOperation } from '@langchain/langgraph-checkpoint'
import { invalid } from '#core/errors'
import { integer, show } from '#core/options'

export type Conditions = NonNullable<ListNamespacesOperation['matchConditions']>

/** The namespaces that match all conditions, cut to a depth, sorted label by label. */
export function matching(namespaces: string[][], operation: ListNamespacesOperation): string[][] {
  const { matchConditions = [], maxDepth } = operation
  const limit = integer('limit', operation.limit ?? 100, 0)
  const offset = integer('offset', operation.offset ?? 0, 0)
  const depth = maxDepth === undefined ? undefined : integer('maxDepth', maxDepth, 1)
  const found = namespaces.filter(path => matchConditions.every(condition => fits(path, condition)))
  const cut = new Map(
    found.map(path => path.slice(0, depth)).map(path => [JSON.stringify(path), path]),
  )
  return [...cut.values()].sort(byLabels).slice(offset, offset + limit)
}

function fits(namespace: string[], { matchType, path }: Conditions[number]): boolean {
  if (!Array.isArray(path))
    throw invalid(`the ${matchType} is ${show(path)}: give an array of strings`)
  if (path.length > namespace.length) return false
  const part = matchType === 'prefix' ? namespace : namespace.slice(namespace.length - path.length)
  return path.every((label, i) => label === '*' || label === part[i])
}

function byLabels(a: string[], b: string[]): number {
  for (const [i, label] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    if (label !== other) return label < other ? -1 : 1
  }
  return a.length - b.length
}
