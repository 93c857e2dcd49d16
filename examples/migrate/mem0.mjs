// Memories of mem0: the answers of `memory.getAll({ filters: { user_id } })` as a JSON file. Whose a memory is becomes its namespace,
// so that nobody sees another's; mem0 gives no vectors, so they are encoded anew.
import { readFile } from 'node:fs/promises'

/** Whose memories are, in the order in which they are parts of the namespace; older versions for JavaScript name them otherwise. */
const OWNERS = [
  ['user_id', 'userId'],
  ['agent_id', 'agentId'],
  ['run_id', 'runId'],
]

/**
 * @param {string} file
 * @returns {AsyncGenerator<import('./main.mjs').Found>}
 */
export async function* mem0(file) {
  const answer = JSON.parse(await readFile(file, 'utf8'))
  for (const memory of Array.isArray(answer) ? answer : answer.results) {
    const { id, memory: text, metadata, createdAt = memory.created_at } = memory
    const namespace = OWNERS.flatMap(([name = '', older = '']) => {
      const owner = memory[name] ?? memory[older]
      return owner ? [`${name}:${owner}`] : []
    })
    // Times are compared as texts, so all are in UTC.
    const time = createdAt && { time: new Date(createdAt).toISOString() }
    yield { id, text, metadata: { ...metadata, kind: 'fact', ...time }, namespace }
  }
}
