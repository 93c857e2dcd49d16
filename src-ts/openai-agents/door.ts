/** Everything for the OpenAI Agents SDK: `import { HippocampSession } from 'hippocamp/openai-agents'`. */

export { HippocampSession, type HippocampSessionInput } from './session.js'
