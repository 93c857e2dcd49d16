/** Which files a model has at a revision, as the hub's model-info call tells it. */
import { request } from './hub-request.js'
import { selectModelFiles } from './model-folder.js'
import type { Settings } from './settings.js'
import { SourceFailure } from './source-failure.js'

export interface HubFile {
  /** Relative to the model, with slashes. */
  readonly path: string
  readonly size: number | undefined
  /** SHA-256 or git blob id, as in the hub's ETag; undefined when the listing does not say. */
  readonly etag: string | undefined
}

export interface HubListing {
  /** Forty hexadecimal digits. */
  readonly commit: string
  /** The files that the encoder can use. */
  readonly files: readonly HubFile[]
}

/**
 * Asks the hub for a model.
 *
 * Errors: SourceFailure with the hub's reason.
 */
export async function listModel(
  id: string,
  revision: string,
  settings: Settings,
  signal?: AbortSignal | undefined,
): Promise<HubListing> {
  const address = `${settings.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`
  const { response, finish } = await request(address, settings, { signal })
  try {
    if (!response.ok) throw new SourceFailure(refusal(response.status, id, revision, settings))
    return parseListing(id, await response.json().catch(() => undefined))
  } finally {
    await finish()
  }
}

/** What a status means to the caller, in one line. */
function refusal(status: number, id: string, revision: string, settings: Settings): string {
  if (status === 404) return `it has no model "${id}" with revision "${revision}" (404)`
  if (status === 401 || status === 403) {
    return settings.token === undefined
      ? `"${id}" does not exist or is not public (${status}): set HF_TOKEN if you may read it`
      : `HF_TOKEN may not read "${id}", or it does not exist (${status})`
  }
  if (status === 429) return 'it takes no more requests from here for now (429)'
  return `it answered with status ${status}`
}

function parseListing(id: string, json: unknown): HubListing {
  const { sha, siblings } = (json ?? {}) as { sha?: unknown; siblings?: unknown }
  if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha) || !Array.isArray(siblings)) {
    throw new SourceFailure(`its answer about "${id}" is not a list of files`)
  }
  const all = siblings.map(parseFile).filter(file => file !== undefined)
  const files = selectModelFiles(all)
  if (!files.some(file => file.path.endsWith('.safetensors'))) {
    const others = all.filter(file => /\.(?:bin|onnx|h5|msgpack|pt|gguf)$/.test(file.path))
    const has = others.length > 0 ? ` (it has ${others[0]?.path})` : ''
    throw new SourceFailure(`"${id}" has no model.safetensors${has}`)
  }
  return { commit: sha, files }
}

function parseFile(sibling: unknown): HubFile | undefined {
  const { rfilename, size, blobId, lfs } = (sibling ?? {}) as Record<string, unknown>
  if (typeof rfilename !== 'string') return undefined
  const large = lfs as { sha256?: unknown; size?: unknown } | null | undefined
  const etag = large?.sha256 ?? blobId
  const bytes = large?.size ?? size
  return {
    path: rfilename,
    size:
      typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined,
    etag: typeof etag === 'string' ? parseEtag(etag) : undefined,
  }
}

/** An ETag without its quotes, if it can be the name of a file. */
export function parseEtag(header: string): string | undefined {
  const etag = header.replace(/^W\/|"/g, '')
  return /^[\w-]{8,128}$/.test(etag) ? etag : undefined
}
