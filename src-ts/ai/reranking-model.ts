/**
 * A reranker as a reranking model of the AI SDK.
 */
import { invalid } from '#core/errors'
import { optionsOf, show } from '#core/options'
import type { Reranker } from '#core/reranker'
import { textsIn } from '#core/value-texts'
import { type Specification, specificationOf } from './specification.js'

export interface RerankingModelOptions {
  /**
   * The specification that the model keeps to; the AI SDK reranks from version 6 on.
   * @default the newest that the installed AI SDK takes
   */
  readonly specificationVersion?: Specification | undefined
}

/** What `rerank` of the installed AI SDK takes. */
export type RerankingModelOfSdk = typeof import('ai') extends {
  rerank: (options: infer Options extends { model: unknown }) => unknown
}
  ? Exclude<Options['model'], string>
  : never

interface Call {
  readonly documents: { readonly type: 'text' | 'object'; readonly values: readonly unknown[] }
  readonly query: string
  readonly topN?: number | undefined
  readonly abortSignal?: AbortSignal | undefined
}

/**
 * A model for `rerank`. Of documents that are objects all texts are read, in their order.
 * @param reranker from `loadReranker`
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function rerankingModel(
  reranker: Pick<Reranker, 'rank' | 'name'>,
  options?: RerankingModelOptions,
): RerankingModelOfSdk {
  const given = optionsOf(options, 'rerankingModel', ['specificationVersion'])
  if (typeof reranker?.rank !== 'function')
    throw invalid(`reranker is ${show(reranker)}: give a Reranker, from loadReranker()`)
  const model = {
    specificationVersion: specificationOf(given.specificationVersion),
    provider: 'hippocamp',
    modelId: reranker.name,
    async doRerank({ documents, query, topN, abortSignal }: Call) {
      const texts = documents.values.map(value => textsIn(value).join('\n'))
      const ranked = await reranker.rank(query, texts, {
        ...(topN !== undefined && { topK: topN }),
        signal: abortSignal ?? undefined,
      })
      const ranking = ranked.map(({ index, score }) => ({ index, relevanceScore: score }))
      return { ranking, warnings: [] }
    },
  }
  return model as unknown as RerankingModelOfSdk
}
