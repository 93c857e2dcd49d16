// A process of its own that fetches a model: node --import … fetch-model.ts ENDPOINT CACHE ID
// It says "ready" before it begins and then prints the folder.
import { fetchModelWith } from '../../src-ts/models/fetch.js'
import { readSettings } from '../../src-ts/models/settings.js'

const [endpoint = '', cache = '', id = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
const folder = await fetchModelWith(readSettings({ HF_ENDPOINT: endpoint }, cache), id)
process.stdout.write(`${folder}\n`)
