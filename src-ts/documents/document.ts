/**
 * What loaders give, splitters cut and citations name.
 *
 * Every offset counts UTF-16 code units, as JavaScript strings do, in the text that the document has: cleaned, if it was
 * cleaned. `document.text.slice(start, end)` is always exactly what was meant.
 */

/** A part of a text. */
export interface Span {
  /** Where it begins. */
  readonly start: number
  /** Where it ends: the first position after it. */
  readonly end: number
}

/** A part of a text, and what it says. */
export interface Chunk extends Span {
  /** Always `source.slice(start, end)`. */
  readonly text: string
}

/** A page of a document that has pages. */
export interface PageSpan extends Span {
  /** Its number, counted from 1. */
  readonly page: number
}

/** A heading, and the text that it stands over: to the next heading of its level or above. */
export interface Heading extends Span {
  /** 1 to 6. */
  readonly level: number
  readonly title: string
}

/** Lines of a file, counted from 1, both included. */
export interface Lines {
  readonly from: number
  readonly to: number
}

/** The formats that can be loaded. */
export type DocumentFormat =
  | 'text'
  | 'markdown'
  | 'html'
  | 'csv'
  | 'json'
  | 'jsonl'
  | 'pdf'
  | 'docx'

/** A document as it was loaded: one of a file, or one for each row or line of it. */
export interface LoadedDocument {
  readonly text: string
  /** The path or name that it was loaded by. */
  readonly source: string
  readonly format: DocumentFormat
  /** From front matter, the `title` of HTML, a PDF's or DOCX's properties, or the first heading. */
  readonly title?: string
  /** What the document says about itself: front matter, columns or fields that are not text, a PDF's author. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** The pages, in order, for PDF. */
  readonly pages?: readonly PageSpan[]
  /** The headings, in order, for Markdown, HTML and DOCX. */
  readonly headings?: readonly Heading[]
  /** The lines of the file that the whole document was made of, for a row of CSV or a line of JSONL. */
  readonly lines?: Lines
  /** Lines of the file before this text, those of front matter. Absent if the text's lines aren't the file's. */
  readonly linesBefore?: number
}
