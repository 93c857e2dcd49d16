// Vectors for the benches: from a raw file, or made up from a seed.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'

const PART = 2 ** 28

/**
 * @param {string} file little-endian f32, row after row, without a header
 * @param {number} dimension
 * @param {number} [limit] at most so many rows
 * @returns {Float32Array[]}
 */
export function readVectors(file, dimension, limit) {
  return rows(readMatrix(file, dimension, limit), dimension)
}

/**
 * The same in one piece, row after row.
 * @param {string} file
 * @param {number} dimension
 * @param {number} [limit]
 */
export function readMatrix(file, dimension, limit = Number.POSITIVE_INFINITY) {
  const open = openSync(file)
  try {
    const { size } = fstatSync(open)
    if (size === 0 || size % (4 * dimension) !== 0) {
      const error = new Error(
        `${file} has ${size} bytes, which is no multiple of a vector's ${4 * dimension} (4 × --dim ${dimension})`,
      )
      throw Object.assign(error, { code: 'ERR_INVALID_ARGUMENT' })
    }
    const values = new Float32Array(Math.min(size / 4, limit * dimension))
    const bytes = new Uint8Array(values.buffer)
    for (let at = 0; at < bytes.length; ) {
      at += readSync(open, bytes, at, Math.min(PART, bytes.length - at), at)
    }
    if (endianness() === 'BE') Buffer.from(values.buffer).swap32()
    return values
  } finally {
    closeSync(open)
  }
}

/**
 * Points of a normal distribution scaled to length 1. Real vectors are far from this random; exact search costs the same.
 * @param {number} count
 * @param {number} dimension
 * @param {number} seed
 */
export function syntheticVectors(count, dimension, seed) {
  const normal = normals(seed)
  const values = new Float32Array(count * dimension)
  for (let at = 0; at < values.length; at++) values[at] = normal()
  scaleToOne(values, dimension)
  return rows(values, dimension)
}

/** Directions in which made-up sentences differ; real sentence vectors have some dozens. */
const LATENT = 48
const RECORDS_PER_CLUSTER = 100

/**
 * Points of length 1 in clusters, spread over a few dozen directions with a little noise in all the others: nearer to what
 * encoders give than points of one normal distribution, of which none is near to any other.
 * @param {number} count
 * @param {number} dimension
 * @param {number} clusters
 * @param {number} seed of the points; clusters are the same for every seed
 */
export function clusteredVectors(count, dimension, clusters, seed) {
  const shape = normals(0)
  const directions = Float32Array.from({ length: dimension * LATENT }, shape)
  const centres = Float32Array.from({ length: clusters * LATENT }, shape)
  const normal = normals(seed)
  const latent = new Float32Array(LATENT)
  const values = new Float32Array(count * dimension)
  for (let row = 0; row < count; row++) {
    const centre = Math.floor(Math.abs(normal()) * clusters) % clusters
    for (let at = 0; at < LATENT; at++) latent[at] = centres[centre * LATENT + at] + normal()
    for (let at = 0; at < dimension; at++) {
      let sum = normal()
      for (let from = 0; from < LATENT; from++) sum += directions[at * LATENT + from] * latent[from]
      values[row * dimension + at] = sum
    }
  }
  scaleToOne(values, dimension)
  return values
}

/** @param {number} count how many clusters so many vectors are to have */
export function clustersFor(count) {
  return Math.max(1, Math.round(count / RECORDS_PER_CLUSTER))
}

/** Scales every row to length 1, in place; a row of zeros stays. @param {Float32Array} values @param {number} dimension */
export function scaleToOne(values, dimension) {
  for (let from = 0; from < values.length; from += dimension) {
    let squares = 0
    for (let at = from; at < from + dimension; at++) squares += values[at] * values[at]
    const length = Math.sqrt(squares) || 1
    for (let at = from; at < from + dimension; at++) values[at] /= length
  }
}

/** @param {Float32Array} values @param {number} dimension @returns {Float32Array[]} views of the rows */
export function rows(values, dimension) {
  return Array.from({ length: values.length / dimension }, (_, at) =>
    values.subarray(at * dimension, (at + 1) * dimension),
  )
}

/** Numbers of the normal distribution (Box and Muller 1958). @param {number} seed */
function normals(seed) {
  const random = generator(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
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
