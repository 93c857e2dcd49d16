/** Texts as they are compared where it is asked whether the same was said. */

/** What is said, in whatever width, case and spacing. */
export function normalised(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase()
}
