/**
 * Libraries for formats: optional peers, loaded when the first file needs them. Nobody who has only text and Markdown
 * installs a PDF library.
 */
import { HippocampError } from '../errors.js'

/**
 * Loads a library, which the caller names in a dynamic import of its own.
 * @param wanted what it is needed for, for the message: `PDF files`
 * @throws {HippocampError} ERR_PEER_MISSING if it is not installed
 */
export async function peer<T>(name: string, wanted: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!isMissing(error, name)) throw error
    throw new HippocampError(
      'ERR_PEER_MISSING',
      `${wanted} need the package "${name}", which is not installed: npm install ${name}`,
      { cause: error },
    )
  }
}

/** Whether it is this package that was not found, and not one that it lacks itself. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const notFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  return notFound && String(message).includes(`'${name}`)
}
