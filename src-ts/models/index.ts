/** Models by name: found on this machine, or fetched and verified. */
export { type FetchModelOptions, fetchModel } from './fetch.js'
export { downloadProgress, type ModelProgress, type OnProgress } from './progress.js'
