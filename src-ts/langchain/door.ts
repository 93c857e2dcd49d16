/** Everything for LangChain.js: `import { HippocampVectorStore } from 'hippocamp/langchain'`. */

export {
  HippocampChatMessageHistory,
  type HippocampChatMessageHistoryInput,
} from './chat-message-history.js'
export { HippocampEmbeddings, type HippocampEmbeddingsParams } from './embeddings.js'
export { HippocampKeyValueStore, type HippocampKeyValueStoreInput } from './key-value-store.js'
export { HippocampRecordManager, type HippocampRecordManagerInput } from './record-manager.js'
export { HippocampRetriever, type HippocampRetrieverInput } from './retriever.js'
export {
  HippocampTimeWeightedRetriever,
  type HippocampTimeWeightedRetrieverInput,
} from './time-weighted-retriever.js'
export { HippocampTranslator } from './translator.js'
export {
  type HippocampDeleteParams,
  type HippocampFilter,
  HippocampVectorStore,
  type HippocampVectorStoreConfig,
} from './vector-store.js'
