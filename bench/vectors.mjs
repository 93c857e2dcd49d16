// Vectors for the benches: from a raw file, or made up from a seed.

import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'

/**
 * @param {string} file little-endian f32, row after row, without a header
 * @param {number} dimension
 * @param {number} [limit] at most so many rows
 * @returns {Float32Array[]}
 */
export function readVectors(file, dimension, limit = Number.POSITIVE_INFINITY) {
  const bytes = readFileSync(file)
  if (bytes.length === 0 || bytes.length % (4 * dimension) !== 0) {
    const error = new Error(
      `${file} has ${bytes.length} bytes, which is no multiple of a vector's ${4 * dimension} (4 × --dim ${dimension})`,
    )
    throw Object.assign(error, { code: 'ERR_INVALID_ARGUMENT' })
  }
  if (endianness() === 'BE') bytes.swap32()
  const values = new Float32Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  )
  return rows(values, dimension).slice(0, limit)
}

/**
 * Points of a normal distribution scaled to length 1. Real vectors are far from this random; exact search costs the same.
 * @param {number} count
 * @param {number} dimension
 * @param {number} seed
 */
export function syntheticVectors(count, dimension, seed) {
  const random = generator(seed)
  const values = new Float32Array(count * dimension)
  for (let at = 0; at < values.length; at++) {
    values[at] = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  }
  const vectors = rows(values, dimension)
  for (const vector of vectors) {
    const length = Math.hypot(...vector)
    for (let at = 0; at < dimension; at++) vector[at] /= length
  }
  return vectors
}

/** @param {Float32Array} values @param {number} dimension */
function rows(values, dimension) {
  return Array.from({ length: values.length / dimension }, (_, at) =>
    values.subarray(at * dimension, (at + 1) * dimension),
  )
}

/** SplitMix32 (Steele, Lea, Flood 2014): numbers from 0 up to but without 1, the same for the same seed. */
function generator(/** @type {number} */ seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    mixed ^= mixed >>> 15
    return (mixed >>> 0) / 2 ** 32
  }
}
