/**
 * LangChain's documents and the records of a collection: a document's `pageContent` is a record's text, and id and metadata
 * are what they are. So records that were stored in any other way are documents, and documents are records for everything else.
 */
import { Document, type DocumentInterface } from '@langchain/core/documents'
import { invalid } from '#core/errors'
import { isObject, show } from '#core/options'
import type { Hit, NewRecord, StoredRecord } from '#core/records'

/**
 * The records of documents; an id that is given beside them goes before the document's own.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function recordsOf(documents: readonly DocumentInterface[], ids: unknown): NewRecord[] {
  if (!Array.isArray(documents))
    throw invalid(`the documents are ${show(documents)}: give an array of documents`)
  if (ids !== undefined && !(Array.isArray(ids) && ids.length === documents.length)) {
    const given = Array.isArray(ids) ? `${ids.length} ids` : show(ids)
    throw invalid(
      `ids is ${given} for ${documents.length} documents: give an array of one for each`,
    )
  }
  return documents.map((document: DocumentInterface, i) => {
    if (!isObject(document) || typeof document.pageContent !== 'string')
      throw invalid(`document ${i} is ${show(document)}: give a Document with a pageContent`)
    const { id, pageContent, metadata } = document
    return { id: ids?.[i] ?? id, text: pageContent, metadata }
  })
}

/** A record as a document. One without a text has an empty `pageContent`. */
export function documentOf({ id, text = '', metadata }: StoredRecord<object>): Document {
  return new Document({ id, pageContent: text, metadata })
}

export function scoredDocumentOf(hit: Hit<object>): [Document, number] {
  return [documentOf(hit), hit.score]
}
