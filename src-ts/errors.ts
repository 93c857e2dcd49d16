/**
 * Errors: one class, told apart by a stable `code`. This is the one place where what the addon throws becomes what
 * users see.
 */

/** Every code, in the order of docs/errors.md. Codes are stable: they may be added to, but none changes its meaning. */
export const ERROR_CODES = [
  'ERR_INVALID_ARGUMENT',
  'ERR_LIMIT_EXCEEDED',
  'ERR_DIMENSION_MISMATCH',
  'ERR_INVALID_VECTOR',
  'ERR_INVALID_FILTER',
  'ERR_INVALID_METADATA',
  'ERR_RECORD_EXISTS',
  'ERR_COLLECTION_MISMATCH',
  'ERR_ENCODER_REQUIRED',
  'ERR_INDEX_FILE_INVALID',
  'ERR_DOCUMENT_INVALID',
  'ERR_PEER_MISSING',
  'ERR_QUEUE_FULL',
  'ERR_CLOSED',
  'ERR_ABORTED',
  'ERR_MODEL_NOT_FOUND',
  'ERR_MODEL_INVALID',
  'ERR_MODEL_CHECKSUM',
  'ERR_UNSUPPORTED_MODEL',
  'ERR_TOKENIZER',
  'ERR_STORE_NOT_FOUND',
  'ERR_STORE_INVALID',
  'ERR_STORE_NEWER',
  'ERR_READ_ONLY',
  'ERR_DISK_FULL',
  'ERR_STORE_BUSY',
  'ERR_IO',
  'ERR_UNSUPPORTED_CPU',
  'ERR_NATIVE_LOAD',
  'ERR_INTERNAL',
] as const

/** What went wrong, for programs. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/**
 * The only error that hippocamp throws or rejects with, except for the `reason` of an `AbortSignal`, which is passed on as
 * it is. `message` names the value and the remedy; `cause` is what it came from, if anything.
 */
export class HippocampError extends Error {
  override readonly name = 'HippocampError'
  /** What went wrong, for programs: stable over all versions. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** An argument that cannot be right. */
export function invalid(message: string): HippocampError {
  return new HippocampError('ERR_INVALID_ARGUMENT', message)
}

/**
 * What the addon threw or rejected with, as users see it. What did not come from the addon (a getter of theirs that threw)
 * is left as it is.
 */
export function translate(error: unknown): unknown {
  if (error instanceof HippocampError || !(error instanceof Error)) return error
  const { code, message, cause } = error as Error & { code?: unknown }
  if (isErrorCode(code)) return new HippocampError(code, message, withCause(cause))
  if (typeof code !== 'string' || !NODE_API_STATUS.test(code)) return error
  return new HippocampError('ERR_INTERNAL', `internal error: ${message}; please report it`, {
    cause: error,
  })
}

/** What Node-API's own errors carry as their code: `GenericFailure`, `InvalidArg`, … */
const NODE_API_STATUS = /^([A-Z][a-z]+)+$/

function isErrorCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code)
}

/** The cause without the status which Node-API puts on it, and which says nothing. */
function withCause(cause: unknown): ErrorOptions | undefined {
  if (!(cause instanceof Error)) return cause === undefined ? undefined : { cause }
  return { cause: new Error(cause.message, withCause(cause.cause)) }
}
