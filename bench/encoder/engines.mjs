// What the encoder bench measures: ours at each precision and instruction set, and its peers, each in its variants.

/**
 * @typedef {object} Variant
 * @property {string} engine
 * @property {string} variant its name in tables
 * @property {Record<string, unknown>} settings what its engine is opened with
 * @property {'main' | 'level' | 'peer'} kind ours as a user has it, ours at one instruction set, or another's
 * @property {boolean} [quantised] whether its vectors are allowed to differ
 *
 * @typedef {object} Peer
 * @property {'node' | 'python'} runtime
 * @property {Record<string, string>} packages versions of the npm packages, or the Python packages that have to be there
 * @property {Omit<Variant, 'engine' | 'kind'>[]} variants
 */

export const OURS = 'hippocamp'

/** All that there are; what this CPU lacks is left out when it is refused. */
export const LEVELS = [
  'scalar',
  'neon',
  'neon-dot',
  'neon-bf16',
  'avx2',
  'avx512',
  'avx512-vnni',
  'avx512-bf16',
  'amx',
]
export const PRECISIONS = ['f32', 'bf16', 'int8']

/** Texts in one call of a peer: all are tried in the first round, and the best is kept. */
export const BATCHES = [1, 8, 16, 32, 64]

const F32_AND_Q8 = [
  { variant: 'f32', settings: { weights: 'f32' } },
  { variant: 'q8', settings: { weights: 'q8' }, quantised: true },
]

/** @type {Record<string, Peer>} */
export const PEERS = {
  'transformers.js': {
    runtime: 'node',
    packages: { '@huggingface/transformers': '4.3.2' },
    variants: F32_AND_Q8,
  },
  'onnxruntime-node': {
    runtime: 'node',
    packages: { 'onnxruntime-node': '1.30.0', '@huggingface/tokenizers': '0.2.0' },
    variants: F32_AND_Q8,
  },
  onnxruntime: {
    runtime: 'python',
    packages: { onnxruntime: '', tokenizers: '', numpy: '' },
    variants: F32_AND_Q8,
  },
  openvino: {
    runtime: 'python',
    packages: { openvino: '', tokenizers: '', numpy: '' },
    variants: ['f32', 'bf16', 'int8', 'int8 weights'].flatMap(weights =>
      ['latency', 'throughput'].map(hint => ({
        variant: `${weights}, ${hint}`,
        settings: { weights, hint: hint.toUpperCase() },
        quantised: weights.startsWith('int8'),
      })),
    ),
  },
}

/**
 * @param {string} text what `--peers` was given: names with commas between them, `all` or `none`
 * @returns {string[] | undefined} undefined if a name is not known
 */
export function peersNamed(text) {
  if (text === 'all') return Object.keys(PEERS)
  if (text === 'none') return []
  const names = text.split(',')
  return names.every(name => Object.hasOwn(PEERS, name)) ? [...new Set(names)] : undefined
}

/**
 * Ours as it comes, at each precision, and at each precision of each instruction set.
 * @param {{ cpu?: string, levels: boolean }} options `cpu` is the only instruction set
 * @returns {Variant[]}
 */
export function ours({ cpu, levels }) {
  const one = (kind, variant, settings, quantised) => ({
    engine: OURS,
    kind,
    variant,
    settings,
    ...(quantised && { quantised }),
  })
  const each = (kind, level, name) =>
    PRECISIONS.map(precision =>
      one(kind, name(precision), { precision, cpu: level }, precision === 'int8'),
    )
  return [
    one('main', 'auto', { cpu }, true),
    ...each('main', cpu, precision => precision),
    ...(cpu === undefined && levels
      ? LEVELS.flatMap(level => each('level', level, precision => `${precision}, ${level}`))
      : []),
  ]
}

/** @param {string[]} names @returns {Variant[]} */
export function peers(names) {
  return names.flatMap(engine =>
    PEERS[engine].variants.map(variant => ({ engine, kind: 'peer', ...variant })),
  )
}
