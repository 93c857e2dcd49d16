// Makes the peers ready: installs their packages or looks whether Python has them, lays out the model, and lets OpenVINO's
// tools quantise it.

import { install } from '../packages.mjs'
import { PEERS } from './engines.mjs'
import { EngineProcess } from './process.mjs'

/** OpenVINO's own forms of the model, made by NNCF. */
const MADE_BY_NNCF = ['int8', 'int8 weights']

/**
 * @param {string[]} names
 * @param {{ laid: string, cache: string, python: string, pooling: string, maxTokens: number, calibration: string[] }} options
 * `cache` keeps quantised models; `calibration` are texts that show a quantisation what activations are like
 * @returns {Promise<{ variants: import('./engines.mjs').Variant[], versions: Record<string, string>, failures: object[] }>}
 */
export async function preparePeers(names, options) {
  const ready = { variants: [], versions: {}, failures: [] }
  for (const engine of names) {
    console.error(`preparing ${engine}`)
    const { variants } = PEERS[engine]
    try {
      ready.versions[engine] = await versionsOf(engine, options.python)
    } catch (error) {
      ready.failures.push({ engine, variant: 'all', error: error.message })
      continue
    }
    for (const variant of variants) {
      try {
        const settings = await withFile(variant.settings, options)
        ready.variants.push({ engine, kind: 'peer', ...variant, settings })
      } catch (error) {
        ready.failures.push({ engine, variant: variant.variant, error: error.message })
      }
    }
  }
  return ready
}

/** Installs an engine's packages, or asks Python for them. @returns {Promise<string>} each with its version */
async function versionsOf(engine, python) {
  const { runtime, packages } = PEERS[engine]
  if (runtime === 'node') await install(packages)
  const versions =
    runtime === 'node'
      ? packages
      : await once(python, 'versions', { packages: Object.keys(packages) })
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

/** With the file of a model that has to be made first, unless it has been. */
async function withFile(settings, { laid, cache, python, pooling, maxTokens, calibration }) {
  const { weights } = settings
  if (!MADE_BY_NNCF.includes(weights)) return settings
  const job = { laid, weights, calibration, into: cache, pooling, maxTokens }
  return { ...settings, file: await once(python, 'quantise', job) }
}

/** One answer of a Python process. */
async function once(python, command, parameters) {
  const process = new EngineProcess('openvino', python)
  try {
    return await process.ask(command, parameters)
  } finally {
    await process.close()
  }
}
