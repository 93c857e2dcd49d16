/**
 * Vectors as arrays of numbers, which is how other libraries have them.
 */
import type { Embeddings } from './encoder.js'
import { inSlices } from './slices.js'

/** The vector of each text, slice by slice, so that the event loop stays free. */
export async function vectorRows(
  { data, count, dimension }: Embeddings,
  signal?: AbortSignal,
): Promise<number[][]> {
  const rows: number[][] = []
  const take = (from: number, to: number) => {
    for (let i = from; i < to; i++)
      rows.push(Array.from(data.subarray(i * dimension, (i + 1) * dimension)))
  }
  await inSlices(count, () => dimension, take, signal)
  return rows
}
