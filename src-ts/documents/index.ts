/** Documents: load, clean, split and ingest: `import { ingest } from 'hippocamp/documents'`. */
export { type Citable, type Citation, type CiteOptions, cite } from './cite.js'
export { type CleanOptions, clean } from './clean.js'
export type {
  Chunk,
  DocumentFormat,
  Heading,
  Lines,
  LoadedDocument,
  PageSpan,
  Span,
} from './document.js'
export type { GlobOptions } from './files.js'
export { type IngestFailure, type IngestReport, ingest } from './ingest.js'
export type { IngestOptions, IngestProgress } from './ingest-options.js'
export { type DocumentSource, load, loadFile } from './load.js'
export type { LoadOptions } from './load-options.js'
export type { CsvOptions } from './loaders/csv.js'
export type { JsonOptions } from './loaders/json.js'
export type { PdfOptions } from './loaders/pdf.js'
export type { IngestSource } from './sources.js'
export { CharacterTextSplitter, type CharacterTextSplitterOptions } from './splitters/character.js'
export type { FitOptions, TokenCounter } from './splitters/fit.js'
export { type SplitterLanguage, SupportedTextSplitterLanguages } from './splitters/languages.js'
export { LatexTextSplitter, MarkdownTextSplitter } from './splitters/markup.js'
export type { Separator } from './splitters/pieces.js'
export {
  RecursiveCharacterTextSplitter,
  type RecursiveCharacterTextSplitterOptions,
} from './splitters/recursive.js'
export { CHINESE_SEPARATORS, DOCUMENT_SEPARATORS } from './splitters/separators.js'
export {
  type ChunkHeaderOptions,
  type LengthFunction,
  type SplitDocument,
  TextSplitter,
  type TextSplitterOptions,
} from './splitters/text-splitter.js'
export { TokenTextSplitter, type TokenTextSplitterOptions } from './splitters/token.js'
export type { ChunkMetadata, FileState, IngestMetadata, Splitter } from './stored-chunk.js'
export { type Watching, type WatchOptions, watch } from './watch.js'
