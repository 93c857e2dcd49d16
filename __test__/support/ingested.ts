/** Folders that are ingested, and what is stored of them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Backend, Collection, Encoder, StoredRecord } from 'hippocamp'
import type { ChunkMetadata, IngestReport } from 'hippocamp/documents'
import { openStore } from './stores.js'
import { temporaryFolder } from './tiny-model.js'

export type Chunk = StoredRecord<ChunkMetadata>

/** A folder with a file for each text. */
export async function folderOf(t: ExecutionContext, files: Record<string, string | Uint8Array>) {
  const folder = join(await temporaryFolder(t), 'docs')
  await mkdir(folder)
  for (const [name, content] of Object.entries(files)) await put(folder, name, content)
  return folder
}

export async function put(folder: string, name: string, content: string | Uint8Array) {
  await mkdir(join(folder, name, '..'), { recursive: true })
  await writeFile(join(folder, name), content)
}

export async function collectionOf(t: ExecutionContext, encoder: Encoder): Promise<Collection> {
  return (await openStore(t, { encoder })).collection('docs')
}

/** All chunks, in the order in which they are in their files. */
export async function all(backend: Backend): Promise<Chunk[]> {
  const records: StoredRecord<object>[] = []
  let cursor: string | undefined
  do {
    const page = await backend.list({ limit: 500, cursor })
    records.push(...page.records)
    cursor = page.cursor
  } while (cursor !== undefined)
  return (records as unknown as Chunk[]).sort(
    (a, b) => a.metadata.ingest?.chunk - b.metadata.ingest?.chunk,
  )
}

export const numbers = ({ added, updated, removed, skipped, failed }: IngestReport) => [
  added,
  updated,
  removed,
  skipped,
  failed.length,
]
