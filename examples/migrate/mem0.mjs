// Memories of mem0: the answers of `memory.getAll({ filters: { user_id } })` as a JSON file. Whose a memory is becomes its namespace,
// so that nobody sees another's; mem0 gives no vectors, so they are encoded anew.
import { readFile } from 'node:fs/promises'

/** In this order they are parts of the namespace. */
const OWNERS = ['user_id', 'agent_id', 'run_id']

/**
 * @param {string} file
 * @returns {AsyncGenerator<import('./main.mjs').Found>}
 */
export async function* mem0(file) {
  const answer = JSON.parse(await readFile(file, 'utf8'))
  for (const memory of Array.isArray(answer) ? answer : answer.results) {
    const { id, memory: text, metadata, createdAt = memory.created_at } = memory
    const namespace = OWNERS.filter(owner => memory[owner]).map(
      owner => `${owner}:${memory[owner]}`,
    )
    const known = { kind: 'fact', ...(createdAt && { time: createdAt }), ...metadata }
    yield { id, text, metadata: known, namespace }
  }
}
