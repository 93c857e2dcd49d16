/** What `require` gives of door.ts, or a sentence about what is not installed. */
import { peerNow } from '#core/peers'

export = peerNow('@langchain/langgraph-checkpoint', 'the LangGraph adapters', () =>
  require('./door.js'),
)
