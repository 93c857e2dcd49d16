// The right answers: how near the nearest vectors are, found by comparing every query with every vector.
//
// What is kept is not which vectors are nearest but how near the k-th is: a hit counts if it is as near as that. So equal
// vectors, of which real data has many, may come in any order, and so may those whose distances differ by less than f32 tells.
// Products are summed in f64, in one order everywhere. Vectors are gone through in blocks that fit into the L2 cache, four
// queries at a time, so that each vector is read from the cache and converted once for four sums.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf } from './data.mjs'

const BLOCK = 512
const TOLERANCE = 1e-6
/** Raised whenever the same data would give other answers. */
const VERSION = 1

/**
 * @param {import('./data.mjs').Data} data
 * @param {number} depth how many of the nearest
 * @returns {Float64Array} for each query the scores of the `depth` nearest vectors, best first; higher is nearer
 */
export function nearestScores({ vectors, queries, dimension, metric }, depth) {
  const score4 = metric === 'l2' ? negatedSquares4 : products4
  const count = vectors.length / dimension
  const queryCount = queries.length / dimension
  const best = new Float64Array(queryCount * depth).fill(Number.NEGATIVE_INFINITY)
  const scores = new Float64Array(4)
  for (let block = 0; block < count; block += BLOCK) {
    const end = Math.min(count, block + BLOCK)
    for (let query = 0; query < queryCount; query += 4) {
      // Past the last query the last is compared again: simpler than a second kernel.
      const four = [0, 1, 2, 3].map(next => Math.min(query + next, queryCount - 1))
      for (let row = block; row < end; row++) {
        score4(queries, four, vectors, row, dimension, scores)
        for (let next = 0; next < 4 && query + next < queryCount; next++) {
          const last = (query + next + 1) * depth - 1
          if (scores[next] > best[last]) insert(best, last - depth + 1, last, scores[next])
        }
      }
    }
  }
  return best
}

/**
 * The same, kept in a folder under a name that tells the content.
 * @param {import('./data.mjs').Data} data @param {number} depth @param {string} folder
 */
export function cachedNearestScores(data, depth, folder) {
  const name = createHash('sha256').update(`${VERSION} ${data.hash} ${depth}`).digest('hex')
  const file = join(folder, `${name.slice(0, 32)}.truth`)
  try {
    const bytes = readFileSync(file)
    return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const scores = nearestScores(data, depth)
  mkdirSync(folder, { recursive: true })
  const part = `${file}.${process.pid}.part`
  writeFileSync(part, bytesOf(scores))
  renameSync(part, file)
  return scores
}

/**
 * The share of the k nearest that was found, over all answers.
 * @param {import('./data.mjs').Data} data
 * @param {Float64Array} truth from `nearestScores`
 * @param {number} k not above the depth of the truth
 * @param {readonly (readonly number[])[]} answers the rows that were found for the first queries, one after the other
 */
export function recall({ vectors, queries, dimension, metric }, truth, k, answers) {
  const score4 = metric === 'l2' ? negatedSquares4 : products4
  const depth = truth.length / (queries.length / dimension)
  const scores = new Float64Array(4)
  let found = 0
  answers.forEach((rows, query) => {
    const kth = truth[query * depth + k - 1]
    const enough = kth - TOLERANCE * Math.max(1, Math.abs(kth))
    const four = [query, query, query, query]
    for (const row of new Set(rows.slice(0, k))) {
      score4(queries, four, vectors, row, dimension, scores)
      if (scores[0] >= enough) found++
    }
  })
  return found / (k * answers.length)
}

/**
 * @param {Float32Array} queries @param {number[]} four rows of it
 * @param {Float32Array} vectors @param {number} row
 * @param {number} dimension @param {Float64Array} into
 */
function products4(queries, four, vectors, row, dimension, into) {
  const [a, b, c, d] = four
  let from = row * dimension
  let qa = a * dimension
  let qb = b * dimension
  let qc = c * dimension
  let qd = d * dimension
  let sa = 0
  let sb = 0
  let sc = 0
  let sd = 0
  for (const end = from + dimension; from < end; from++) {
    const value = vectors[from]
    sa += queries[qa++] * value
    sb += queries[qb++] * value
    sc += queries[qc++] * value
    sd += queries[qd++] * value
  }
  into[0] = sa
  into[1] = sb
  into[2] = sc
  into[3] = sd
}

/** As `products4`, with the squared distance, negated so that higher is nearer. */
function negatedSquares4(queries, four, vectors, row, dimension, into) {
  for (let next = 0; next < 4; next++) {
    let at = four[next] * dimension
    let from = row * dimension
    let sum = 0
    for (const end = from + dimension; from < end; from++) {
      const difference = queries[at++] - vectors[from]
      sum -= difference * difference
    }
    into[next] = sum
  }
}

/** Puts a score at its place between `first` and `last`, best first; the last one falls out. */
function insert(best, first, last, score) {
  let at = last
  for (; at > first && best[at - 1] < score; at--) best[at] = best[at - 1]
  best[at] = score
}
