// The backends that there are, each held to what every one must do.
import test from 'ava'
import { type Encoder, loadEncoder } from 'hippocamp'
import { type BackendUnderTest, conforms } from './conformance/backend.js'
import { modelFolder } from './support/models.js'
import { openStore } from './support/stores.js'

const folder = modelFolder()
let loading: Promise<Encoder> | undefined

/** A namespace of a collection in a store of its own. */
const embedded =
  (path: readonly string[]): BackendUnderTest['open'] =>
  async (t, turns) => {
    loading ??= loadEncoder(folder as string)
    const store = await openStore(t, { encoder: await loading })
    return store.collection('records', turns ? { turns: true } : {}).namespace(path)
  }

if (folder === undefined) {
  console.log('skipped: backends need all-MiniLM-L6-v2 in HIPPOCAMP_MODELS or .hippocamp/models')
  test.skip('backends conform', () => {})
} else {
  conforms({ name: 'a collection', open: embedded([]) })
  conforms({ name: 'a namespace', open: embedded(['user', '42']) })
}
