/**
 * LangChain's documents and the records of a collection: a document's `pageContent` is a record's text, and id and metadata
 * are what they are. So records that were stored in any other way are documents, and documents are records for everything else.
 */
import { Document, type DocumentInterface } from '@langchain/core/documents'
import { invalid } from '#core/errors'
import { isObject, show } from '#core/options'
import type { Hit, NewRecord, StoredRecord } from '#core/records'
import { inSlices } from '#core/slices'

/**
 * The records of documents; an id that is given beside them goes before the document's own.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export async function recordsOf(
  documents: readonly DocumentInterface[],
  ids: unknown,
): Promise<NewRecord[]> {
  if (!Array.isArray(documents))
    throw invalid(`the documents are ${show(documents)}: give an array of documents`)
  if (ids !== undefined && !(Array.isArray(ids) && ids.length === documents.length)) {
    const given = Array.isArray(ids) ? `${ids.length} ids` : show(ids)
    throw invalid(
      `ids is ${given} for ${documents.length} documents: give an array of one for each`,
    )
  }
  const all = documents.slice()
  const records: NewRecord[] = []
  const take = (from: number, to: number) => {
    for (let i = from; i < to; i++) records.push(recordOf(all[i], i, ids?.[i]))
  }
  await inSlices(all.length, () => WEIGHT, take)
  return records
}

/** What a document weighs beside others in a slice: it is only looked at. */
const WEIGHT = 64

function recordOf(document: DocumentInterface | undefined, i: number, given: unknown): NewRecord {
  if (!isObject(document) || typeof document.pageContent !== 'string')
    throw invalid(`document ${i} is ${show(document)}: give a Document with a pageContent`)
  const { id, pageContent, metadata } = document
  return { id: (given as string | undefined) ?? id, text: pageContent, metadata }
}

/** A record as a document. One without a text has an empty `pageContent`. */
export function documentOf({ id, text = '', metadata }: StoredRecord<object>): Document {
  return new Document({ id, pageContent: text, metadata })
}

export function scoredDocumentOf(hit: Hit<object>): [Document, number] {
  return [documentOf(hit), hit.score]
}
