/**
 * What a caller may write to name a model: a folder, an id of the hub (`org/name`), or a known short name.
 *
 * Ids become parts of paths and of URLs, so nothing passes here that could climb out of a folder.
 */
import { HippocampError, invalid } from '../errors.js'
import { show } from '../options.js'
import { findKnownModel, KNOWN_MODELS } from './known.js'

const SEGMENT = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/
const REVISION_SEGMENT = /^[A-Za-z0-9_](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+-])?$/

/** Refuses what can be neither a folder nor an id, before anything is looked up. */
export function checkModelName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw invalid(`the model must be a folder or an id such as "${example()}", not ${show(name)}`)
  }
  if (name.includes('\0')) {
    throw invalid(`the model name ${show(name)} contains a NUL character`)
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
    throw invalid(
      `the model "${name}" is a URL: give a folder or an id such as "${example()}"; another hub is chosen by HF_ENDPOINT`,
    )
  }
}

/** Whether this can only have been meant as a folder. */
export function isPath(name: string): boolean {
  return /^(?:[./~\\]|[A-Za-z]:)/.test(name) || name.includes('\\')
}

/**
 * The full id of a name which is not a folder.
 *
 * Errors: ERR_INVALID_ARGUMENT when it has not the form of an id, ERR_MODEL_NOT_FOUND when it is a single word that is
 * neither a folder nor a known short name.
 */
export function parseModelId(name: string): string {
  const known = findKnownModel(name)
  if (known !== undefined) return known.id
  const segments = name.split('/')
  if (segments.length === 1 && SEGMENT.test(name)) {
    const names = KNOWN_MODELS.map(model => model.shortName).join(', ')
    throw new HippocampError(
      'ERR_MODEL_NOT_FOUND',
      `no model "${name}": there is no such folder, and it is not one of the known short names (${names}); ` +
        `give the full id, org/name, or the path of a model folder`,
    )
  }
  if (segments.length !== 2 || !segments.every(isIdSegment)) {
    throw invalid(
      `"${name}" is not a model id: an id is org/name, of letters, digits, "-", "_" and ".", such as "${example()}"; ` +
        `and there is no folder of this name`,
    )
  }
  return name
}

/** Refuses a revision that is not a branch, a tag or a commit. */
export function checkRevision(revision: unknown): asserts revision is string {
  const isRevision =
    typeof revision === 'string' &&
    revision.length <= 256 &&
    revision.split('/').every(part => REVISION_SEGMENT.test(part) && !part.includes('..'))
  if (!isRevision) {
    throw invalid(
      `the revision must be a branch, a tag or a commit such as "main", not ${show(revision)}`,
    )
  }
}

function isIdSegment(segment: string): boolean {
  return SEGMENT.test(segment) && !segment.includes('..') && !segment.includes('--')
}

function example(): string {
  return KNOWN_MODELS[0]?.id ?? 'org/name'
}
