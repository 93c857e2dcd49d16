/** What `import` gives of door.ts, or a sentence about what is not installed. */
import { peer } from '#core/peers'

const door = await peer('@langchain/core', 'the LangChain adapters', () => import('./door.js'))

export const {
  HippocampChatMessageHistory,
  HippocampEmbeddings,
  HippocampKeyValueStore,
  HippocampRecordManager,
  HippocampRetriever,
  HippocampTimeWeightedRetriever,
  HippocampTranslator,
  HippocampVectorStore,
} = door
