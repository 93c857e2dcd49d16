/** What `require` gives of door.ts, or a sentence about what is not installed. */
import { peerNow } from '#core/peers'

export = peerNow('ai', 'the AI SDK adapters', () => require('./door.js'))
