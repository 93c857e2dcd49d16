/** Everything for LangGraph: `import { HippocampSaver, HippocampStore } from 'hippocamp/langgraph'`. */

export { HippocampSaver, type HippocampSaverInput } from './saver.js'
export {
  HippocampStore,
  type HippocampStoreInput,
  type HippocampStoreItem,
  type HippocampStoreSearchOptions,
  type HippocampTtlOptions,
} from './store.js'
