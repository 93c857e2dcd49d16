/**
 * `fetchModel`: from a name to a folder that the encoder can load.
 *
 * A folder that exists is used where it is; everything else is a matter of `sources.ts`.
 */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { HippocampError, invalid } from '../errors.js'
import { boolean, optionsOf, show, signalOf, text } from '../options.js'
import { findMissingFiles } from './model-folder.js'
import { checkModelName, checkRevision, isPath, parseModelId } from './model-id.js'
import type { OnProgress } from './progress.js'
import { readSettings, type Settings } from './settings.js'
import { searchSources } from './sources.js'

export interface FetchModelOptions {
  /**
   * Uses only what is on this machine.
   * @default true when HF_HUB_OFFLINE is 1, on, yes or true
   */
  readonly offline?: boolean | undefined
  /** Ends the fetch: it rejects with the signal's reason. What was received is kept and continued next time. */
  readonly signal?: AbortSignal | undefined
  /** Called for each piece of a file that arrives. */
  readonly onProgress?: OnProgress | undefined
  /**
   * A folder that takes the place of both caches: the hub's (HF_HUB_CACHE) and our own (HIPPOCAMP_CACHE).
   * @default the hub's shared cache and the platform's cache folder
   */
  readonly cacheDir?: string | undefined
  /**
   * Branch, tag or commit on the hub. With it a known model is taken as it is there, without its pins.
   * @default 'main', with the pins of known models
   */
  readonly revision?: string | undefined
}

/**
 * Finds or fetches a model and resolves to its folder.
 *
 * @param idOrFolder a folder, an id such as `sentence-transformers/all-MiniLM-L6-v2`, or the short name `all-MiniLM-L6-v2`
 * Errors: ERR_INVALID_ARGUMENT, ERR_MODEL_NOT_FOUND with one line for each source, ERR_MODEL_INVALID when a folder
 * lacks files, ERR_MODEL_CHECKSUM, ERR_DISK_FULL.
 */
export async function fetchModel(idOrFolder: string, options?: FetchModelOptions): Promise<string> {
  const { cacheDir } = checked(options)
  return fetchModelWith(readSettings(process.env, cacheDir), idOrFolder, options)
}

/** The same, with settings that do not come from this process's environment. */
export async function fetchModelWith(
  settings: Settings,
  idOrFolder: string,
  options?: FetchModelOptions,
): Promise<string> {
  const { signal, ...rest } = checked(options)
  checkModelName(idOrFolder)
  signal?.throwIfAborted()
  try {
    const folder = await findLocalFolder(idOrFolder)
    if (folder !== undefined) return folder
    return await searchSources({ ...rest, signal, id: parseModelId(idOrFolder), settings })
  } catch (error) {
    signal?.throwIfAborted()
    throw translate(error, idOrFolder)
  }
}

/** An existing folder is meant as one, whatever else the name could be. */
async function findLocalFolder(name: string): Promise<string | undefined> {
  const folder = resolve(name)
  const found = await stat(name).catch(() => undefined)
  if (found === undefined) {
    if (!isPath(name)) return undefined
    throw new HippocampError(
      'ERR_MODEL_NOT_FOUND',
      `no model "${name}": there is no folder ${folder}; give the folder that holds config.json, or an id org/name`,
    )
  }
  const missing = found.isDirectory() ? await findMissingFiles(folder) : undefined
  if (missing?.length === 0) return folder
  throw new HippocampError(
    'ERR_MODEL_INVALID',
    missing === undefined
      ? `${folder} is a file: give the folder that holds config.json, tokenizer.json and model.safetensors`
      : `the model folder ${folder} is incomplete, it lacks ${missing.join(', ')}: copy or fetch the model again`,
  )
}

function checked(options: FetchModelOptions | undefined): FetchModelOptions {
  const known = ['offline', 'signal', 'onProgress', 'cacheDir', 'revision'] as const
  const { offline, signal, onProgress, cacheDir, revision } = optionsOf(
    options,
    'fetchModel',
    known,
  )
  if (offline !== undefined) boolean('offline', offline)
  if (cacheDir !== undefined && text('cacheDir', cacheDir) === '') {
    throw invalid('cacheDir is "": give the path of a folder')
  }
  if (revision !== undefined) checkRevision(revision)
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid(`onProgress is ${show(onProgress)}: give a function`)
  }
  return { offline, signal: signalOf(signal), onProgress, cacheDir, revision }
}

/** Errors as a caller sees them. */
function translate(error: unknown, name: string): unknown {
  if (error instanceof HippocampError) return error
  const { code, path } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `no space left for model "${name}" at ${path ?? 'the cache folder'}: free some, or set HF_HUB_CACHE or HIPPOCAMP_CACHE to another disk`
    return new HippocampError('ERR_DISK_FULL', message, { cause: error })
  }
  return error
}
