/**
 * What holds for the whole process.
 */
import { translate } from './errors.js'
import { native } from './native.js'
import { integer, optionsOf } from './options.js'

/** What can be set for the process. */
export interface ConfigureOptions {
  /**
   * Worker threads, which all encoders and stores share: from 1 to 1,024.
   * @default the environment variable HIPPOCAMP_THREADS, else one for each physical core
   */
  readonly threads?: number | undefined
}

/**
 * Sets what holds for the whole process, worker threads of Node.js included. Call it before anything else: the threads start
 * with the first call that needs them.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT, also when another number of threads is at work already
 */
export function configure(options: ConfigureOptions): void {
  const { threads } = optionsOf(options, 'configure', ['threads'])
  if (threads === undefined) return
  const count = Math.min(integer('threads', threads, 1), 2 ** 32 - 1)
  const { setThreads } = native()
  try {
    setThreads(count)
  } catch (error) {
    throw translate(error)
  }
}
