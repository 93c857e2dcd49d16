// transformers.js from text to vector, as its documentation has it: the pipeline of feature extraction.

import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { FOLDER } from '../../packages.mjs'
import { batchesOf } from '../batches.mjs'

const { env, pipeline } = createRequire(join(FOLDER, 'from-here.js'))('@huggingface/transformers')

const DTYPES = { f32: 'fp32', q8: 'q8' }

/** @param {{ laid: string, settings: { weights: 'f32' | 'q8' }, pooling: 'mean' | 'cls' }} options */
export async function openEngine({ laid, settings, pooling }) {
  env.allowRemoteModels = false
  env.localModelPath = dirname(laid)
  const options = { dtype: DTYPES[settings.weights] }
  const extract = await pipeline('feature-extraction', basename(laid), options)
  const encode = async texts => (await extract(texts, { pooling, normalize: true })).data
  const countTokens = async texts =>
    texts.map(text => extract.tokenizer(text, { truncation: true }).input_ids.size)
  return {
    about: {},
    encode,
    countTokens,
    prepare: async (texts, batch) => batchesOf(texts, await countTokens(texts), batch),
    async run({ batches, tokens }) {
      for (const texts of batches) await encode(texts)
      return tokens
    },
  }
}
