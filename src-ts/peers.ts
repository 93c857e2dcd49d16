/**
 * Libraries of others that parts of this package work with: optional peers, loaded when such a part is used. Nobody who has
 * only text and Markdown installs a PDF library, and nobody who has no LangChain installs that.
 */
import { HippocampError } from './errors.js'

/**
 * Loads a library, or a module of this package that imports one, by a dynamic import of the caller's own.
 * @param name the library
 * @param wanted what it is needed for, for the message: `PDF files`
 * @throws {HippocampError} ERR_PEER_MISSING if it is not installed
 */
export async function peer<T>(name: string, wanted: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    throw explained(error, name, wanted)
  }
}

/** The same by `require`. */
export function peerNow<T>(name: string, wanted: string, load: () => T): T {
  try {
    return load()
  } catch (error) {
    throw explained(error, name, wanted)
  }
}

/** An error of loading, in a sentence if it is that this library is not installed, and not one that it lacks itself. */
function explained(error: unknown, name: string, wanted: string): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const notFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  const isIt = [`'${name}'`, `'${name}/`].some(quoted => String(message).includes(quoted))
  if (!notFound || !isIt) return error
  return new HippocampError(
    'ERR_PEER_MISSING',
    `${wanted} need the package "${name}", which is not installed: npm install ${name}`,
    { cause: error },
  )
}

/** The version of a library as it is installed; undefined if it is not. */
export function peerVersion(name: string): string | undefined {
  try {
    const { version } = require(`${name}/package.json`) as { version?: unknown }
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
