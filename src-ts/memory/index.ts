/** Memory components: `import { ConversationBufferMemory } from 'hippocamp/memory'`. */

export type { MemberReport } from './budget.js'
export {
  ConversationBufferMemory,
  ConversationBufferMemory as BufferMemory,
  type ConversationBufferMemoryOptions,
} from './buffer.js'
export {
  ConversationBufferWindowMemory,
  ConversationBufferWindowMemory as BufferWindowMemory,
  type ConversationBufferWindowMemoryOptions,
} from './buffer-window.js'
export {
  type ChatHistory,
  type ChatMessage,
  InMemoryChatHistory,
  StoredChatHistory,
  type StoredChatHistoryOptions,
  type StoredMessage,
} from './chat-history.js'
export { type CombinedLoad, CombinedMemory, type CombinedMemoryOptions } from './combined.js'
export type { Entity, EntityKind } from './entities/entity.js'
export { recognizeEntities } from './entities/recognize.js'
export {
  ConversationEntityMemory,
  ConversationEntityMemory as EntityMemory,
  type ConversationEntityMemoryOptions,
} from './entity.js'
export {
  type ExtractiveSummaryOptions,
  extractiveSummary,
  type SentenceEncoder,
} from './extractive-summary.js'
export type { LanguageModel } from './language-model.js'
export type { Consolidated, ConsolidateOptions } from './long-term/consolidate.js'
export {
  LongTermMemory,
  type RememberOptions,
  type SummariesOptions,
} from './long-term/long-term.js'
export type { RememberedMemory } from './long-term/memory.js'
export type { MemoryKind, NewMemory, Time } from './long-term/new-memory.js'
export type { LongTermMemoryOptions } from './long-term/options.js'
export type { Recall, RecalledMemory, RecallOptions, RecencyWeight } from './long-term/recall.js'
export type { OnDuplicate, Remembered } from './long-term/remember.js'
export type { CombinedMember } from './members.js'
export type {
  Line,
  Memory,
  MemoryCall,
  MemoryLines,
  PreparedSave,
  Values,
} from './memory.js'
export { ReadOnlySharedMemory, type ReadOnlySharedMemoryOptions } from './read-only-shared.js'
export { ConversationSummaryMemory, type ConversationSummaryMemoryOptions } from './summary.js'
export {
  ConversationSummaryBufferMemory,
  type ConversationSummaryBufferMemoryOptions,
} from './summary-buffer.js'
export {
  type TimeWeightedDocument,
  TimeWeightedVectorStoreRetriever,
  type TimeWeightedVectorStoreRetrieverOptions,
} from './time-weighted-retriever.js'
export {
  ConversationTokenBufferMemory,
  type ConversationTokenBufferMemoryOptions,
} from './token-buffer.js'
export type { CountTokens, TokenCounter } from './token-count.js'
export {
  type MemoryDocument,
  VectorStoreRetrieverMemory,
  type VectorStoreRetrieverMemoryOptions,
} from './vector-store-retriever.js'
