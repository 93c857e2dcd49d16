/**
 * An encoder as LangChain's embeddings.
 */
import { Embeddings, type EmbeddingsParams } from '@langchain/core/embeddings'
import { Encoder, type LoadEncoderOptions, loadEncoder } from '#core/encoder'
import { invalid } from '#core/errors'
import { isObject, show } from '#core/options'
import { vectorRows } from '#core/vector-rows'

/** Which encoder. What else is given is passed on to LangChain's class. */
export interface HippocampEmbeddingsParams extends EmbeddingsParams, LoadEncoderOptions {
  /** An encoder, or the id or folder of a model that is loaded at the first text. */
  readonly encoder: Encoder | string
}

const BRAND = Symbol.for('hippocamp.embeddings')

/** Whether embeddings are those of an encoder of ours. */
export function areOwn(embeddings: unknown): embeddings is HippocampEmbeddings {
  return isObject(embeddings) && (embeddings as { [BRAND]?: unknown })[BRAND] === true
}

/** Names of the prompt that stored texts get, as models have it. */
const DOCUMENT_PROMPTS = ['document', 'passage'] as const

/**
 * Embeddings of LangChain's shape. Questions get the model's `query` prompt and texts its `document` or `passage` prompt, if it
 * has them. A vector store that is made with it lets the collection encode, so that no vector passes through JavaScript.
 */
export class HippocampEmbeddings extends Embeddings {
  /** Tells that these are such embeddings also where the class was loaded twice, by `import` and by `require`. */
  readonly [BRAND] = true
  readonly #load: () => Promise<Encoder>
  #loaded: Promise<Encoder> | undefined

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT */
  constructor(params: HippocampEmbeddingsParams) {
    const { encoder, ...others } = params ?? {}
    super(others)
    if (!(encoder instanceof Encoder) && typeof encoder !== 'string')
      throw invalid(`encoder is ${show(encoder)}: give an Encoder, or the id or folder of a model`)
    const { maxConcurrency: _, maxRetries: __, onFailedAttempt: ___, ...options } = others
    this.#load = async () =>
      encoder instanceof Encoder ? encoder : await loadEncoder(encoder, options)
  }

  /** The encoder, once it is loaded; the next call tries again if it could not be. */
  encoder(): Promise<Encoder> {
    this.#loaded ??= this.#load().catch(error => {
      this.#loaded = undefined
      throw error
    })
    return this.#loaded
  }

  /** @throws {HippocampError} what {@link Encoder.encode} throws, and for a model that is loaded {@link loadEncoder} */
  override async embedDocuments(documents: string[]): Promise<number[][]> {
    const encoder = await this.encoder()
    const prompt = DOCUMENT_PROMPTS.find(name => name in encoder.prompts)
    return vectorRows(await encoder.encode(documents, { prompt }))
  }

  /** @throws {HippocampError} as {@link embedDocuments} */
  override async embedQuery(question: string): Promise<number[]> {
    const encoder = await this.encoder()
    const prompt = 'query' in encoder.prompts ? 'query' : undefined
    const [vector = []] = await vectorRows(await encoder.encode(question, { prompt }))
    return vector
  }
}
