/**
 * A source of models did not work out, and the next one may.
 *
 * Never seen by a caller: the message becomes one line of the ERR_MODEL_NOT_FOUND that names all sources.
 */
export class SourceFailure extends Error {
  override readonly name = 'SourceFailure'
}

/** One line that says why a source failed. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return `${(error as NodeJS.ErrnoException).path ?? 'a cache folder'} cannot be written (${code})`
  }
  return error.message.replace(/\s+/g, ' ').trim()
}

/** Whether an error is a source's own and not a fault of the caller's code or of ours. */
export function isSourceFailure(error: unknown): boolean {
  if (error instanceof SourceFailure) return true
  const { code, syscall } = error as NodeJS.ErrnoException
  return syscall !== undefined && code !== 'ENOSPC' && code !== 'EDQUOT'
}
