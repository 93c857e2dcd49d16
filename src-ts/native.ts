/**
 * The native addon, loaded and connected to this thread's event loop. Nothing else imports the generated `index.js`.
 */
import type * as Native from '../index.js'
import { HippocampError } from './errors.js'

export type {
  CancelToken,
  IdColumn,
  IdHitColumns,
  NativeAdded,
  NativeBoost,
  NativeCollection,
  NativeDistinctOptions,
  NativeEncoder,
  NativeGroupBy,
  NativeRanking,
  NativeRecency,
  NativeReranker,
  NativeSearchOptions,
  NativeStore,
  NativeTurns,
  RecordBatch,
  RecordColumns,
  StringBatch,
} from '../index.js'

let loaded: typeof Native | undefined

/** The addon. It is loaded when it is first needed, so that a failure rejects a call, with a code, and not an import. */
export function native(): typeof Native {
  loaded ??= connected(load())
  return loaded
}

/** Connects the addon to this thread's event loop, where it calls `settle` when operations have finished. */
function connected(addon: typeof Native): typeof Native {
  // Between slices, timers and I/O get their turn.
  const settle = () => {
    if (addon.settle()) setImmediate(settle)
  }
  addon.connect(settle)
  return addon
}

function load(): typeof Native {
  try {
    return require('../index.js')
  } catch (error) {
    throw new HippocampError('ERR_NATIVE_LOAD', loadFailure(error), { cause: error })
  }
}

function loadFailure(error: unknown): string {
  const platform = [process.platform, process.arch, libc()].filter(Boolean).join(' ')
  const reasons = reasonsOf(error).map(reason => `\n  - ${reason}`)
  return (
    `the native addon of hippocamp could not be loaded on ${platform} (Node.js ${process.version}). Tried:${reasons.join('')}\n` +
    'Install again with optional dependencies (npm install --include=optional hippocamp) on the platform that runs it: a ' +
    'node_modules folder from another platform, or a lock file made with --omit=optional, lacks the right package. Where ' +
    'there is no package for a platform, build from source: npm run build in a clone, with Rust installed.'
  )
}

/** The C library on Linux, which decides between two packages. */
function libc(): string {
  if (process.platform !== 'linux') return ''
  const report = process.report?.getReport() as
    | { header?: { glibcVersionRuntime?: string } }
    | undefined
  const glibc = report?.header?.glibcVersionRuntime
  return glibc ? `glibc ${glibc}` : 'musl'
}

/** What each attempt said, without repetitions. */
function reasonsOf(error: unknown): string[] {
  const reasons = new Set<string>()
  const visit = (error: unknown, depth: number) => {
    if (error === undefined || error === null || depth > 20) return
    if (Array.isArray(error)) {
      for (const one of error) visit(one, depth + 1)
      return
    }
    const { message, cause } = error as { message?: unknown; cause?: unknown }
    const first = String(message ?? error).split('\n', 1)[0] as string
    reasons.add(first)
    visit(cause, depth + 1)
  }
  visit(error, 0)
  return [...reasons]
}
