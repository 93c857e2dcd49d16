/** A whole model from the hub into the shared cache. */
import { checksumError, digestOfEtag, sha256 } from './checksum.js'
import { sizeOf } from './durable.js'
import type { HubCache } from './hub-cache.js'
import { askForEtag, downloadBlob } from './hub-download.js'
import { type HubFile, listModel } from './hub-listing.js'
import type { KnownModel } from './known.js'
import { ANOTHER_EDITION } from './pins.js'
import type { OnProgress } from './progress.js'
import type { Settings } from './settings.js'

export interface HubFetch {
  readonly id: string
  readonly revision: string
  readonly pins: KnownModel['pins']
  readonly cache: HubCache
  readonly settings: Settings
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress | undefined
}

/**
 * Fetches what is not in the cache yet. Run it under the cache's lock.
 *
 * Small files come first, so that a model which cannot be loaded costs little; the revision is recorded last, so that
 * a fetch that was broken off is seen as one.
 *
 * Errors: ERR_MODEL_CHECKSUM; SourceFailure when the hub does not have the model or cannot be reached.
 */
export async function fetchFromHub(fetch: HubFetch): Promise<void> {
  const { id, revision, cache, settings, signal } = fetch
  const { commit, files } = await listModel(id, revision, settings, signal)
  for (const { path, etag } of files) refuseOtherEdition(path, etag, fetch)
  for (const file of [...files].sort((a, b) => (a.size ?? 0) - (b.size ?? 0))) {
    if (await cache.has(commit, file.path, file.size)) continue
    await fetchFile(file, commit, fetch)
  }
  if (!files.some(file => file.path === 'modules.json')) await cache.recordNoModules(commit)
  await cache.recordRevision(revision, commit)
}

async function fetchFile(file: HubFile, commit: string, fetch: HubFetch): Promise<void> {
  const { id, cache, settings, signal, onProgress } = fetch
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const address = `${settings.endpoint}/${id}/resolve/${commit}/${path}`
  const { etag, size } =
    file.etag === undefined
      ? await askForEtag(address, settings, signal)
      : { etag: file.etag, size: file.size }

  refuseOtherEdition(file.path, etag, fetch)
  const pin = fetch.pins[file.path]
  const blob = cache.blob(etag)
  const there = await sizeOf(blob)
  if (there === undefined || (size !== undefined && there !== size)) {
    await downloadBlob({
      id,
      file: file.path,
      address,
      blob,
      etag,
      pin: pin === undefined ? undefined : sha256(pin),
      size,
      settings,
      signal,
      report: (received, total) => onProgress?.({ file: file.path, received, total }),
    })
  }
  const kinds = ['hardlink', 'copy'] as const
  await cache.place(commit, file.path, etag, settings.symlinks ? ['symlink', ...kinds] : kinds)
}

/** A file whose name says that it is not the pinned one need not be fetched to know that. */
function refuseOtherEdition(path: string, etag: string | undefined, fetch: HubFetch): void {
  const pin = fetch.pins[path]
  const named = etag === undefined ? undefined : digestOfEtag(etag)
  if (pin === undefined || named?.algorithm !== 'sha256' || named.hex === pin) return
  const file = `${path} of "${fetch.id}" on the hub`
  throw checksumError(file, sha256(pin), named.hex, ANOTHER_EDITION)
}
