/** What `import` gives of door.ts, or a sentence about what is not installed. */
import { peer } from '#core/peers'

const door = await peer(
  '@langchain/langgraph-checkpoint',
  'the LangGraph adapters',
  () => import('./door.js'),
)

export const { HippocampSaver, HippocampStore } = door
