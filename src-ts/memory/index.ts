/** Memory components: `import { VectorStoreRetrieverMemory } from 'hippocamp/memory'`. */
export type { MemoryBackend, MemoryCallOptions, MemoryHit, MemoryRecord } from './backend.js'
export {
  type MemoryCall,
  type MemoryDocument,
  VectorStoreRetrieverMemory,
  type VectorStoreRetrieverMemoryOptions,
} from './vector-store-retriever.js'
