/**
 * Texts on their way into the addon.
 */
import type { StringBatch } from './native.js'
import { text } from './options.js'
import { inSlices } from './slices.js'

/** A batch with texts on their way into the addon. If they do not get there, it leaves its place to others. */
export async function filled(
  batch: StringBatch,
  texts: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<StringBatch> {
  const take = (from: number, to: number) =>
    batch.push(texts.slice(from, to).map((one, i) => text(`text ${from + i}`, one)))
  try {
    await inSlices(texts.length, row => String(texts[row]).length, take, signal)
    return batch
  } catch (error) {
    batch.discard()
    throw error
  }
}
