/**
 * One file from the hub into the cache's blobs.
 *
 * The partial file has a name of its own and grows in place; what is there already is not asked for again (Range). The
 * finished file is synced, hashed from disk and only then renamed. When a resumed file has the wrong hash it is fetched
 * once more from its beginning, since a power cut may have left a hole in it; a second failure is final.
 *
 * Invariant: pieces are written at their offsets and never appended, so two processes on one partial file write the
 * same bytes to the same places.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { HippocampError } from '../errors.js'
import { checksumError, type Digest, digestOfEtag, hashFile } from './checksum.js'
import { moveInto, sizeOf } from './durable.js'
import { parseEtag } from './hub-listing.js'
import { type Answer, connectionFailure, request } from './hub-request.js'
import { ANOTHER_EDITION } from './pins.js'
import type { Settings } from './settings.js'
import { SourceFailure } from './source-failure.js'

/** Connections in a row that broke before they brought much, after which a file is given up. */
const PATIENCE = 5
const MUCH = 65_536
const FIRST_PAUSE = 200
const LONGEST_PAUSE = 5_000

export interface Download {
  readonly id: string
  /** Relative to the model. */
  readonly file: string
  readonly address: string
  /** Where the blob goes. */
  readonly blob: string
  readonly etag: string
  /** A digest that must hold besides the ETag's. */
  readonly pin: Digest | undefined
  /** Bytes, when known. */
  readonly size: number | undefined
  readonly settings: Settings
  readonly signal: AbortSignal | undefined
  readonly report: (received: number, total: number | undefined) => void
}

/**
 * Fetches one blob.
 *
 * Errors: ERR_MODEL_CHECKSUM when the content is wrong (it is not kept); SourceFailure when the hub gives up.
 */
export async function downloadBlob(download: Download): Promise<void> {
  const partial = `${download.blob}.hippocamp.incomplete`
  await mkdir(dirname(partial), { recursive: true })
  const isResumed = ((await sizeOf(partial)) ?? 0) > 0
  await complete(partial, download)
  try {
    await verify(partial, download)
  } catch (error) {
    await rm(partial, { force: true })
    if (isResumed && error instanceof HippocampError) return downloadBlob(download)
    throw error
  }
  await moveInto(partial, download.blob)
}

/** The ETag and size of a file for which the listing has none. */
export async function askForEtag(
  address: string,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<{ etag: string; size: number | undefined }> {
  const { response, first, finish } = await request(address, settings, { method: 'HEAD', signal })
  await finish()
  const etag = parseEtag(first.get('x-linked-etag') ?? first.get('etag') ?? '')
  if (!response.ok) throw new SourceFailure(`it answered with status ${response.status}`)
  if (etag === undefined) {
    throw new SourceFailure(`it gives no usable ETag for ${new URL(address).pathname}`)
  }
  const size = Number(
    first.get('x-linked-size') ?? response.headers.get('content-length') ?? Number.NaN,
  )
  return { etag, size: Number.isSafeInteger(size) ? size : undefined }
}

/** Brings the partial file to its full length, over as many connections as it takes. */
async function complete(partial: string, download: Download): Promise<void> {
  const file = await openPartial(partial)
  try {
    let failures = 0
    for (;;) {
      const before = (await file.stat()).size
      try {
        await readOnce(file, before, download)
        await file.sync()
        return
      } catch (error) {
        if (!(error instanceof Interruption)) throw error
        failures = (await file.stat()).size - before >= MUCH ? 1 : failures + 1
        if (failures >= PATIENCE) throw new SourceFailure(`${download.file}: ${error.message}`)
        const pause = Math.max(
          error.pause,
          Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)),
        )
        await wait(
          pause,
          undefined,
          download.signal === undefined ? {} : { signal: download.signal },
        )
      }
    }
  } finally {
    await file.close()
  }
}

/** One connection: from `start` to the end, or an Interruption. */
async function readOnce(file: FileHandle, start: number, download: Download): Promise<void> {
  const { size, settings, signal } = download
  if (size !== undefined && start > size) {
    await file.truncate(0)
    return readOnce(file, 0, download)
  }
  if (size === start) {
    download.report(start, size)
    return
  }
  const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {}
  const answer = await request(download.address, settings, { headers, signal }).catch(error => {
    throw error instanceof SourceFailure ? new Interruption(error.message) : error
  })
  try {
    const position = await acceptStatus(answer.response, file, start, download)
    const total = size ?? totalLength(answer.response, position)
    const end = await store(answer, file, position, total, download)
    if (total !== undefined && end < total)
      throw new Interruption(`ends after ${end} of ${total} bytes`)
  } finally {
    await answer.finish()
  }
}

/** The offset at which the body begins. */
async function acceptStatus(
  response: Response,
  file: FileHandle,
  start: number,
  download: Download,
): Promise<number> {
  const { status } = response
  if (status === 200) {
    await file.truncate(0)
    return 0
  }
  if (status === 206) {
    const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
    if (from !== undefined && Number(from) === start) return start
  }
  if (status === 206 || status === 416) {
    await file.truncate(0)
    throw new Interruption('was not continued where it was left')
  }
  if (status === 408 || status === 429 || status >= 500) {
    const after = Number(response.headers.get('retry-after') ?? 0)
    throw new Interruption(`status ${status}`, after > 0 ? Math.min(after, 30) * 1000 : 0)
  }
  throw new SourceFailure(`${download.file}: it answered with status ${status}`)
}

/** Writes the body at its offset; returns the offset of its end. */
async function store(
  answer: Answer,
  file: FileHandle,
  start: number,
  total: number | undefined,
  download: Download,
): Promise<number> {
  const reader = answer.response.body?.getReader()
  let position = start
  download.report(position, total)
  while (reader !== undefined) {
    const piece = await reader.read().catch(error => {
      download.signal?.throwIfAborted()
      throw new Interruption(connectionFailure(new URL(download.address), error).message)
    })
    if (piece.done) break
    answer.keepAlive()
    if (total !== undefined && position + piece.value.length > total) {
      await file.truncate(0)
      throw new SourceFailure(
        `${download.file}: the hub sent more than the ${total} bytes it announced`,
      )
    }
    await file.write(piece.value, 0, piece.value.length, position)
    position += piece.value.length
    download.report(position, total)
  }
  return position
}

function totalLength(response: Response, start: number): number | undefined {
  const length = response.headers.get('content-length')
  return length === null ? undefined : start + Number(length)
}

async function verify(path: string, download: Download): Promise<void> {
  const { id, file, address, etag, pin, signal } = download
  const named = digestOfEtag(etag)
  const check = async (expected: Digest | undefined, remedy: string) => {
    if (expected === undefined) return
    const found = await hashFile(path, expected.algorithm, signal)
    if (found !== expected.hex) throw checksumError(`${file} of "${id}"`, expected, found, remedy)
  }
  const host = new URL(address).host
  await check(
    named,
    `what ${host} sent was not kept; fetch again, and ask who answers there if it is wrong again`,
  )
  if (pin?.hex !== named?.hex) await check(pin, ANOTHER_EDITION)
}

/** Opens without emptying, and creates what is not there. */
async function openPartial(path: string): Promise<FileHandle> {
  await (await open(path, 'a')).close()
  return open(path, 'r+')
}

/** The connection ended early; another one may get further. */
class Interruption extends Error {
  constructor(
    message: string,
    /** Milliseconds for which the server asked to be left alone. */
    readonly pause = 0,
  ) {
    super(message)
  }
}
