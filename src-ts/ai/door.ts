/** Everything for the AI SDK: `import { embeddingModel, memoryTools } from 'hippocamp/ai'`. */

export {
  type EmbeddingModelOfSdk,
  type EmbeddingModelOptions,
  embeddingModel,
} from './embedding-model.js'
export {
  type MemoryToolsOptions,
  memoryTools,
  type ToolMemory,
  type ToolRemembered,
} from './memory-tools.js'
export {
  type RerankingModelOfSdk,
  type RerankingModelOptions,
  rerankingModel,
} from './reranking-model.js'
export type { Specification } from './specification.js'
