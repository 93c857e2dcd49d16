/**
 * The specifications of models that the AI SDK has had. A model says which one it keeps to, and each major version of the SDK
 * takes some of them.
 */
import { invalid } from '#core/errors'
import { oneOf } from '#core/options'
import { peerVersion } from '#core/peers'

export const SPECIFICATIONS = ['v2', 'v3', 'v4'] as const

/** A version of the AI SDK's specification of models. */
export type Specification = (typeof SPECIFICATIONS)[number]

/**
 * The one that was asked for, or the newest that the installed AI SDK takes: v2 for version 5, v3 for 6, v4 from 7 on.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT, also for an AI SDK that is older
 */
export function specificationOf(given: unknown): Specification {
  if (given !== undefined) return oneOf('specificationVersion', given, SPECIFICATIONS)
  const version = peerVersion('ai') ?? ''
  const major = Number.parseInt(version, 10)
  if (major >= 7) return 'v4'
  if (major === 6) return 'v3'
  if (major === 5) return 'v2'
  throw invalid(
    `the package "ai" has version "${version}": install version 5 or newer, or give specificationVersion`,
  )
}
