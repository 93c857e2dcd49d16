/**
 * An encoder as an embedding model of the AI SDK.
 */
import type { embed } from 'ai'
import { Encoder } from '#core/encoder'
import { invalid } from '#core/errors'
import { isObject, optionsOf, show } from '#core/options'
import { vectorRows } from '#core/vector-rows'
import { type Specification, specificationOf } from './specification.js'

export interface EmbeddingModelOptions {
  /**
   * The name of the encoder's prompt that is put before each text: models that tell questions (`query`) from stored texts
   * (`passage`, `document`) need one model of each. A call can say it, too: `providerOptions: { hippocamp: { prompt: 'query' } }`.
   * @default none
   */
  readonly prompt?: string | undefined
  /**
   * The specification that the model keeps to.
   * @default the newest that the installed AI SDK takes
   */
  readonly specificationVersion?: Specification | undefined
}

/** What `embed` of the installed AI SDK takes. */
export type EmbeddingModelOfSdk = Exclude<Parameters<typeof embed>[0]['model'], string>

interface Call {
  readonly values: readonly string[]
  /** From version 4 of the specification on. */
  readonly dimensions?: number | undefined
  readonly abortSignal?: AbortSignal | undefined
  readonly providerOptions?: Record<string, Record<string, unknown>> | undefined
}

/**
 * A model for `embed` and `embedMany`. All values go to the encoder in one call, which puts them together with those of other
 * calls.
 * @param encoder from `loadEncoder`
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function embeddingModel(
  encoder: Encoder,
  options?: EmbeddingModelOptions,
): EmbeddingModelOfSdk {
  const given = optionsOf(options, 'embeddingModel', ['prompt', 'specificationVersion'])
  if (!(encoder instanceof Encoder))
    throw invalid(`encoder is ${show(encoder)}: give an Encoder, from loadEncoder()`)
  const usual = promptOf(encoder, given.prompt)
  const model = {
    specificationVersion: specificationOf(given.specificationVersion),
    provider: 'hippocamp',
    modelId: encoder.name,
    maxEmbeddingsPerCall: undefined,
    supportsParallelCalls: true,
    async doEmbed({ values, dimensions, abortSignal, providerOptions }: Call) {
      if (dimensions !== undefined && dimensions !== encoder.dimension)
        throw invalid(
          `dimensions is ${show(dimensions)}, and the encoder's vectors have ${encoder.dimension}: load it with loadEncoder(model, { dimensions: ${show(dimensions)} })`,
        )
      const own = providerOptions?.hippocamp
      const asked = isObject(own) ? (own as Record<string, unknown>).prompt : undefined
      const prompt = asked === undefined ? usual : promptOf(encoder, asked)
      const signal = abortSignal ?? undefined
      const encoded = await encoder.encode(values, { prompt, signal })
      const embeddings = await vectorRows(encoded, signal)
      return { embeddings, usage: { tokens: encoded.tokens }, warnings: [] }
    },
  }
  return model as unknown as EmbeddingModelOfSdk
}

function promptOf(encoder: Encoder, prompt: unknown): string | undefined {
  if (prompt === undefined) return undefined
  const known = Object.keys(encoder.prompts).sort()
  if (typeof prompt === 'string' && known.includes(prompt)) return prompt
  throw invalid(
    `prompt is ${show(prompt)}: ${known.length > 0 ? `use ${known.join(', ')}` : 'the model has none, leave it out'}`,
  )
}
