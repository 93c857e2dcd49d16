// The memory of a talk: the last turns word for word, and what was said before that belongs to the question, together in a budget
// of tokens.
import {
  CombinedMemory,
  ConversationBufferWindowMemory,
  VectorStoreRetrieverMemory,
} from 'hippocamp/memory'

/** Turns that are shown in any case. */
const RECENT = 2
/** Tokens of all that is shown. */
const BUDGET = 300

/**
 * @param {import('hippocamp').Collection} collection
 * @param {import('hippocamp').Encoder} encoder counts tokens
 */
export function talkMemory(collection, encoder) {
  const at = (/** @type {string} */ name) => ({ collection: collection.namespace([name]) })
  return new CombinedMemory({
    budgetTokens: BUDGET,
    countTokens: encoder,
    memories: [
      {
        name: 'recent',
        memory: new ConversationBufferWindowMemory({
          ...at('recent'),
          k: RECENT,
          memoryKey: 'recent',
        }),
      },
      {
        name: 'earlier',
        memory: new VectorStoreRetrieverMemory({ ...at('earlier'), k: 3, memoryKey: 'earlier' }),
      },
    ],
  })
}
