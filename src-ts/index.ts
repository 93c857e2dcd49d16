/**
 * hippocamp: text in, the right memories out. A sentence encoder, a durable vector store and vector search in one native
 * addon, without a server and without the network at query time.
 */
export {
  type CallOptions,
  Collection,
  type CollectionStats,
  type CountOptions,
  type Filter,
  type ListOptions,
  type Metric,
  type NamespaceInfo,
  type Page,
  type ReadOptions,
  type SearchOptions,
} from './collection.js'
export {
  type CpuLevel,
  type Embeddings,
  type EncodeOptions,
  Encoder,
  type LoadEncoderOptions,
  loadEncoder,
  type Pooling,
} from './encoder.js'
export { type ErrorCode, HippocampError } from './errors.js'
export { fetchModel } from './models/index.js'
export type { Hit, Metadata, NewRecord, StoredRecord, VectorInput } from './records.js'
export {
  type CollectionInfo,
  type CollectionOptions,
  type Durability,
  type Limits,
  type OpenOptions,
  open,
  Store,
  type StoreStats,
} from './store.js'
