// The engines that are compared: ours and its peers, each in one or more variants, each with its npm packages.

/**
 * @typedef {{ name: string } & Record<string, unknown>} Setting one value of what an engine trades recall for speed by
 *
 * @typedef {object} Searcher
 * @property {(query: unknown, k: number) => Promise<unknown>} [search] absent where an engine has no asynchronous search
 * @property {(query: unknown, k: number) => unknown} [searchSync] absent where it has no synchronous one
 *
 * @typedef {object} Engine
 * @property {Setting[]} settings
 * @property {string} standard the name of the setting in which searches are timed while vectors are inserted
 * @property {(vector: Float32Array) => unknown} [query] the form in which queries are taken, if it is another
 * @property {(vectors: Float32Array) => Promise<void>} add stores all, row after row, with the row's number as id
 * @property {() => Promise<void>} [index] makes ready what `add` does not
 * @property {(setting: Setting) => Searcher} use searches in this setting from now on
 * @property {(result: any) => number[]} rows the ids in what a search gave
 * @property {(vectors: Float32Array[], from: number) => Promise<void>} insert stores more, with ids from this one on
 * @property {(vectors: Float32Array) => Promise<void>} bytesOnDisk leaves in the folder what the engine keeps on disk
 * @property {() => void | Promise<void>} [close]
 *
 * @typedef {object} EngineOptions
 * @property {string} [variant]
 * @property {number} dimension
 * @property {'cosine' | 'l2' | 'dot'} metric with `cosine`, all vectors have length 1
 * @property {number} count vectors that will be added
 * @property {number} spare vectors that may be inserted afterwards
 * @property {string} folder an empty one for the engine's files
 * @property {(name: string) => any} load requires a package of a peer
 *
 * @typedef {(options: EngineOptions) => Promise<Engine>} Open
 *
 * @typedef {object} Peer
 * @property {Record<string, string>} packages versions of the npm packages
 * @property {string[]} variants
 */

export const OURS = 'hippocamp'

/** @type {Record<string, Peer>} */
export const PEERS = {
  usearch: { packages: { usearch: '2.25.3' }, variants: ['f32', 'f16', 'i8'] },
  hnswlib: { packages: { 'hnswlib-node': '3.0.0' }, variants: ['f32'] },
  zvec: { packages: { '@zvec/zvec': '0.7.0' }, variants: ['fp32', 'int8', 'rabitq'] },
  lancedb: {
    packages: { '@lancedb/lancedb': '0.37.1' },
    variants: ['hnsw_sq', 'ivf_rq', 'ivf_pq'],
  },
  'sqlite-vec': {
    packages: { 'sqlite-vec': '0.1.9', 'better-sqlite3': '12.11.1' },
    variants: ['f32'],
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
