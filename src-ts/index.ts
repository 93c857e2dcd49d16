/**
 * hippocamp: text in, the right memories out. A sentence encoder, a durable vector store and vector search in one native
 * addon, without a server and without the network at query time.
 */
export type { Backend } from './backends/backend.js'
export { Collection } from './collection.js'
export type {
  Added,
  AroundOptions,
  CallOptions,
  Changes,
  CheckOptions,
  CheckReport,
  ClearOptions,
  CollectionStats,
  Condition,
  CountOptions,
  DistinctOptions,
  Filter,
  FilterValue,
  ImportOptions,
  IndexKind,
  IndexStats,
  ListOptions,
  Metric,
  NamespaceInfo,
  Page,
  Precision,
  ReadOptions,
  Sort,
  Where,
} from './collection-types.js'
export { type ConfigureOptions, configure } from './configure.js'
export {
  type CpuLevel,
  type Embeddings,
  type EncodeOptions,
  Encoder,
  type EncoderPrecision,
  type LoadEncoderOptions,
  loadEncoder,
  type Pooling,
} from './encoder.js'
export type {
  CacheStats,
  CallTimes,
  EncoderStats,
  QueueOptions,
  WhenFull,
} from './encoder-queue.js'
export { type ErrorCode, HippocampError } from './errors.js'
export type { Explanation, Fusion, Reason, SearchMode, WhyNot } from './explanation.js'
export {
  downloadProgress,
  type FetchModelOptions,
  fetchModel,
  type ModelProgress,
  type OnProgress,
} from './models/index.js'
export type { Hit, IdHit, Metadata, NewRecord, StoredRecord, VectorInput } from './records.js'
export {
  type LoadRerankerOptions,
  loadReranker,
  type RankedText,
  type RankOptions,
  Reranker,
} from './reranker.js'
export type { Boost, Ranking, Recency, SearchOptions } from './search-types.js'
export { open, Store } from './store.js'
export type {
  CollectionInfo,
  CollectionOptions,
  Durability,
  Language,
  Limits,
  OpenOptions,
  StoreStats,
  Turns,
} from './store-types.js'
