/**
 * Filters that a language model has made of a question, for LangChain's `SelfQueryRetriever`.
 */
import {
  BaseTranslator,
  Comparators,
  type Comparison,
  type Operation,
  Operators,
  type StructuredQuery,
} from '@langchain/core/structured_query'
import type { Filter } from '#core/collection-types'
import { invalid } from '#core/errors'
import type { HippocampVectorStore } from './vector-store.js'

/** Makes a filter of a collection of LangChain's structured queries. */
export class HippocampTranslator extends BaseTranslator<HippocampVectorStore> {
  declare VisitOperationOutput: Filter
  declare VisitComparisonOutput: Filter
  declare VisitStructuredQueryOutput: { filter?: Filter }
  override allowedOperators = Object.values(Operators)
  override allowedComparators = Object.values(Comparators)

  override formatFunction(name: string): string {
    if (![...this.allowedOperators, ...this.allowedComparators].some(known => known === name))
      throw invalid(
        `"${name}" is no operator: use ${[...this.allowedOperators, ...this.allowedComparators].join(', ')}`,
      )
    return `$${name}`
  }

  override visitOperation({ operator, args = [] }: Operation): Filter {
    const name = this.formatFunction(operator)
    const filters = args.map(argument => argument.accept(this) as Filter)
    if (operator !== Operators.not) return { [name]: filters }
    return { [name]: filters.length === 1 ? (filters[0] as Filter) : { $and: filters } }
  }

  override visitComparison({ attribute, comparator, value }: Comparison): Filter {
    return { [attribute]: { [this.formatFunction(comparator)]: value } }
  }

  override visitStructuredQuery({ filter }: StructuredQuery): { filter?: Filter } {
    return filter ? { filter: filter.accept(this) as Filter } : {}
  }

  /**
   * The filter that a search gets. Unlike with LangChain's own translators the default filter, which may say whose documents
   * these are, holds also when the model makes none.
   * @throws {HippocampError} ERR_INVALID_ARGUMENT for a default filter that is a function, if the model makes conditions
   */
  override mergeFilters(
    defaultFilter: Filter | undefined,
    generatedFilter: Filter | undefined,
    mergeType: 'and' | 'or' | 'replace' = 'and',
  ): Filter | undefined {
    if (isEmpty(generatedFilter)) return defaultFilter
    if (typeof defaultFilter === 'function' && mergeType !== 'replace')
      throw invalid(
        'the default filter is a function, which cannot be joined with conditions: give it as a filter of conditions, such as { user: "ann" }',
      )
    if (isEmpty(defaultFilter) || mergeType === 'replace') return generatedFilter
    return { [`$${mergeType}`]: [defaultFilter, generatedFilter] }
  }
}

function isEmpty(filter: Filter | undefined): filter is undefined {
  return filter === undefined || Object.keys(filter).length === 0
}
