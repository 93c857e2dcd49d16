// Ours: all texts in one call.

import { loadEncoder } from 'hippocamp'

/** @param {{ folder: string, settings: { precision?: string, cpu?: string } }} options */
export async function openEngine({ folder, settings }) {
  const encoder = await loadEncoder(folder, { ...settings, offline: true })
  const { name, dimension, maxTokens, precision, cpu } = encoder
  return {
    about: { name, dimension, maxTokens, precision, cpu },
    async encode(texts) {
      return (await encoder.encode(texts)).data
    },
    prepare: async texts => texts,
    async run(texts) {
      return (await encoder.encode(texts)).tokens
    },
    async countTokens(texts) {
      const special = (await encoder.encode('')).tokens
      const counts = await encoder.countTokens(texts)
      return counts.map(count => Math.min(count + special, maxTokens))
    },
  }
}
