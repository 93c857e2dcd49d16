// A model as peers want it: the ONNX export and the tokenizer in the layout of transformers.js, with what the encoder knows of
// the model (how many tokens it takes, how their vectors become one).

import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** By the names that an export may have, and the one that transformers.js reads. */
const WEIGHTS = {
  f32: { names: ['model.onnx'], laid: 'model.onnx' },
  q8: { names: ['model_q8.onnx', 'model_quantized.onnx'], laid: 'model_quantized.onnx' },
}

/**
 * @param {string} folder
 * @param {'f32' | 'q8'} weights
 * @returns {string | undefined} the file with these weights
 */
export function exported(folder, weights) {
  return WEIGHTS[weights].names.map(name => join(folder, name)).find(file => existsSync(file))
}

/** @param {string} laid @param {string} weights */
export function weightsFile(laid, weights) {
  return join(laid, 'onnx', WEIGHTS[weights].laid)
}

/**
 * @param {string} folder the model's
 * @param {string} onnx the folder of its ONNX export
 * @param {string} into a folder that is made
 * @param {number} maxTokens
 */
export function layOut(folder, onnx, into, maxTokens) {
  rmSync(into, { recursive: true, force: true })
  mkdirSync(join(into, 'onnx'), { recursive: true })
  for (const name of ['config.json', 'tokenizer.json']) {
    copyFileSync(join(folder, name), join(into, name))
  }
  const settings = { ...json(folder, 'tokenizer_config.json'), model_max_length: maxTokens }
  writeFileSync(join(into, 'tokenizer_config.json'), JSON.stringify(settings))
  for (const weights of Object.keys(WEIGHTS)) {
    const file = exported(onnx, weights)
    if (file) copyFileSync(file, weightsFile(into, weights), constants.COPYFILE_FICLONE)
  }
}

/**
 * How vectors of tokens become one.
 * @param {string} folder
 * @returns {'mean' | 'cls' | undefined} undefined if it is a way that the peers' side of the bench does not know
 */
export function poolingOf(folder) {
  const pooling = json(folder, '1_Pooling/config.json')
  if (pooling.pooling_mode_mean_tokens) return 'mean'
  return pooling.pooling_mode_cls_token ? 'cls' : undefined
}

function json(folder, name) {
  const file = join(folder, name)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}
