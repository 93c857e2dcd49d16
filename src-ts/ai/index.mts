/** What `import` gives of door.ts, or a sentence about what is not installed. */
import { peer } from '#core/peers'

const door = await peer('ai', 'the AI SDK adapters', () => import('./door.js'))

export const { embeddingModel, memoryTools, rerankingModel } = door
