/**
 * What all splitters have in common. Names, options and defaults are LangChain.js's, and so are the chunks; beyond it, each
 * chunk knows its place in the text, and none need be longer than an encoder reads.
 */
import { invalid } from '../../errors.js'
import { boolean, integer, show, text as string } from '../../options.js'
import type { Chunk, Lines, Span } from '../document.js'
import { lineCounter } from '../lines.js'
import { type FitOptions, fitInto, limitOf, type TokenLimit } from './fit.js'

/** The size of a text: a number, or a promise of one. */
export type LengthFunction = (text: string) => number | Promise<number>

/** How to split. */
export interface TextSplitterOptions extends FitOptions {
  /**
   * The size that a chunk should not exceed; a piece that cannot be cut further may be larger.
   * @default 1000
   */
  readonly chunkSize?: number | undefined
  /**
   * How much of a chunk's end is the beginning of the next one, at most. Less than `chunkSize`.
   * @default 200
   */
  readonly chunkOverlap?: number | undefined
  /**
   * Whether separators stay in the chunks: each at the beginning of what follows it.
   * @default false; true for RecursiveCharacterTextSplitter and those made of it
   */
  readonly keepSeparator?: boolean | undefined
  /**
   * What sizes are measured by.
   * @default the length in UTF-16 code units
   */
  readonly lengthFunction?: LengthFunction | undefined
}

/** A document of LangChain. */
export interface SplitDocument {
  pageContent: string
  metadata: Record<string, unknown>
}

/** What stands before the text of each document. */
export interface ChunkHeaderOptions {
  /** @default '' */
  readonly chunkHeader?: string | undefined
  /** Stands before all documents of a text but the first, if `appendChunkOverlapHeader` is true. @default "(cont'd) " */
  readonly chunkOverlapHeader?: string | undefined
  /** @default false */
  readonly appendChunkOverlapHeader?: boolean | undefined
}

/** The options that every splitter has. */
export const SPLITTER_OPTIONS = [
  'chunkSize',
  'chunkOverlap',
  'keepSeparator',
  'lengthFunction',
  'encoder',
  'maxTokens',
  'prefix',
] as const

const CHUNK_SIZE = 1000
const CHUNK_OVERLAP = 200

export abstract class TextSplitter {
  readonly chunkSize: number
  readonly chunkOverlap: number
  readonly keepSeparator: boolean
  readonly lengthFunction: LengthFunction
  readonly #limit: TokenLimit | undefined

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options: TextSplitterOptions, keepSeparator: boolean) {
    const { chunkSize = CHUNK_SIZE, chunkOverlap = CHUNK_OVERLAP, lengthFunction } = options
    this.chunkSize = integer('chunkSize', chunkSize, 1)
    this.chunkOverlap = integer('chunkOverlap', chunkOverlap, 0)
    if (chunkOverlap >= chunkSize) {
      throw invalid(
        `chunkOverlap is ${chunkOverlap} and chunkSize is ${chunkSize}: make chunkOverlap less than chunkSize`,
      )
    }
    this.keepSeparator = boolean('keepSeparator', options.keepSeparator ?? keepSeparator)
    if (lengthFunction !== undefined && typeof lengthFunction !== 'function') {
      throw invalid(`lengthFunction is ${show(lengthFunction)}: give a function of a text`)
    }
    this.lengthFunction = lengthFunction ?? codeUnits
    this.#limit = limitOf(options)
  }

  /** Where the chunks of a text are, before any limit of tokens. */
  protected abstract spans(text: string): Promise<Span[]>

  /** The size of a part of a text. Whoever measures at once is not to be waited for: a promise for each character takes long. */
  protected size(text: string, { start, end }: Span): number | Promise<number> {
    if (this.lengthFunction === codeUnits) return end - start
    return this.lengthFunction(text.slice(start, end))
  }

  /**
   * All that the chunks depend on, besides the text: what was split by equal settings need not be split again.
   */
  get settings(): Record<string, unknown> {
    return {
      splitter: this.constructor.name,
      chunkSize: this.chunkSize,
      chunkOverlap: this.chunkOverlap,
      keepSeparator: this.keepSeparator,
      lengthFunction: String(this.lengthFunction),
      ...(this.#limit && { limit: this.#limit.settings }),
    }
  }

  /** The chunks of a text, with their places: `chunk.text === text.slice(chunk.start, chunk.end)`. */
  async split(text: string): Promise<Chunk[]> {
    string('the text', text)
    const spans = await this.spans(text)
    const fitting = this.#limit ? await fitInto(text, spans, this.#limit) : spans
    return fitting.map(({ start, end }) => ({ text: text.slice(start, end), start, end }))
  }

  /** The chunks of a text. */
  async splitText(text: string): Promise<string[]> {
    return (await this.split(text)).map(chunk => chunk.text)
  }

  /** Documents of the chunks of texts, with the metadata of each text and the lines of each chunk (`loc.lines`). */
  async createDocuments(
    texts: readonly string[],
    metadatas: readonly Record<string, unknown>[] = [],
    options: ChunkHeaderOptions = {},
  ): Promise<SplitDocument[]> {
    const {
      chunkHeader = '',
      chunkOverlapHeader = "(cont'd) ",
      appendChunkOverlapHeader = false,
    } = options
    const documents: SplitDocument[] = []
    for (const [row, text] of texts.entries()) {
      const metadata = metadatas[row] ?? {}
      const linesOf = lineCounter(text)
      for (const [at, chunk] of (await this.split(text)).entries()) {
        const overlapHeader = appendChunkOverlapHeader && at > 0 ? chunkOverlapHeader : ''
        documents.push({
          pageContent: chunkHeader + overlapHeader + chunk.text,
          metadata: { ...metadata, loc: located(metadata.loc, linesOf(chunk)) },
        })
      }
    }
    return documents
  }

  /** Documents of the chunks of documents; those without text are left out. */
  async splitDocuments(
    documents: readonly {
      readonly pageContent?: string | undefined
      readonly metadata?: Record<string, unknown>
    }[],
    options: ChunkHeaderOptions = {},
  ): Promise<SplitDocument[]> {
    const whole = documents.filter(({ pageContent }) => pageContent !== undefined)
    return this.createDocuments(
      whole.map(({ pageContent }) => pageContent as string),
      whole.map(({ metadata }) => metadata ?? {}),
      options,
    )
  }

  /** The same as {@link splitDocuments}, by the name under which LangChain's chains call it. */
  async transformDocuments(
    documents: Parameters<TextSplitter['splitDocuments']>[0],
    options: ChunkHeaderOptions = {},
  ): Promise<SplitDocument[]> {
    return this.splitDocuments(documents, options)
  }
}

function codeUnits(text: string): number {
  return text.length
}

function located(loc: unknown, lines: Lines): Record<string, unknown> {
  return { ...(typeof loc === 'object' && loc !== null ? loc : {}), lines }
}
