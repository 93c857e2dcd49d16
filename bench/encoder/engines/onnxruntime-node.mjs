// ONNX Runtime's own package for Node.js, without anything around it: tokenising many texts is done before the clock starts.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { FOLDER } from '../../packages.mjs'
import { batchesOf } from '../batches.mjs'
import { weightsFile } from '../peer-model.mjs'

const load = createRequire(join(FOLDER, 'from-here.js'))
const { InferenceSession, Tensor } = load('onnxruntime-node')
const { Tokenizer } = load('@huggingface/tokenizers')

/** @param {{ laid: string, settings: { weights: 'f32' | 'q8' }, pooling: 'mean' | 'cls', maxTokens: number }} options */
export async function openEngine({ laid, settings, pooling, maxTokens }) {
  const json = name => JSON.parse(readFileSync(join(laid, name), 'utf8'))
  const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'))
  const session = await InferenceSession.create(weightsFile(laid, settings.weights), {
    intraOpNumThreads: availableParallelism(),
  })

  const idsOf = text => {
    const { ids } = tokenizer.encode(text)
    return ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - 1), ids.at(-1)]
  }
  const infer = async inputs => {
    const [name] = session.outputNames
    return pooled((await session.run(inputs))[name], inputs.attention_mask.data, pooling)
  }
  return {
    about: {},
    encode: async texts => infer(inputsOf(texts.map(idsOf), session.inputNames)),
    countTokens: async texts => texts.map(text => idsOf(text).length),
    async prepare(texts, batch) {
      const ids = texts.map(idsOf)
      const lengths = ids.map(({ length }) => length)
      const { batches, tokens } = batchesOf(ids, lengths, batch)
      return { inputs: batches.map(rows => inputsOf(rows, session.inputNames)), tokens }
    },
    async run({ inputs, tokens }) {
      for (const input of inputs) await infer(input)
      return tokens
    },
  }
}

/** @param {number[][]} rows @param {readonly string[]} names of the inputs that the model has */
function inputsOf(rows, names) {
  const width = Math.max(...rows.map(({ length }) => length))
  const shape = [rows.length, width]
  const ids = new BigInt64Array(rows.length * width)
  const mask = new BigInt64Array(ids.length)
  for (const [row, tokens] of rows.entries()) {
    for (const [at, id] of tokens.entries()) ids[row * width + at] = BigInt(id)
    mask.fill(1n, row * width, row * width + tokens.length)
  }
  const inputs = {
    input_ids: new Tensor('int64', ids, shape),
    attention_mask: new Tensor('int64', mask, shape),
    token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), shape),
  }
  return Object.fromEntries(names.map(name => [name, inputs[name]]))
}

/**
 * One vector for each row, of length 1.
 * @param {{ data: Float32Array, dims: readonly number[] }} output a vector for each token
 * @param {BigInt64Array} mask
 * @param {'mean' | 'cls'} pooling
 */
function pooled({ data, dims: [count, width, dimension] }, mask, pooling) {
  const vectors = new Float32Array(count * dimension)
  for (let row = 0; row < count; row++) {
    const vector = vectors.subarray(row * dimension, (row + 1) * dimension)
    for (
      let token = row * width;
      token < (pooling === 'cls' ? row * width + 1 : (row + 1) * width);
      token++
    ) {
      if (mask[token] === 0n) break
      for (let at = 0; at < dimension; at++) vector[at] += data[token * dimension + at]
    }
    const length = Math.hypot(...vector)
    for (let at = 0; at < dimension; at++) vector[at] /= length
  }
  return vectors
}
