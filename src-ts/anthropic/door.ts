/** Everything for Anthropic's SDK: `import { memoryToolHandlers } from 'hippocamp/anthropic'`. */

export { type MemoryToolHandlersInput, memoryToolHandlers } from './memory-tool.js'
