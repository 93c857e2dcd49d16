/**
 * What a folder must have so that the encoder can load it, and which files of a model are taken at all.
 *
 * Architecture invariant: this module knows which files there are, never what their numbers mean; that is the encoder's.
 */
import { readFile, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'

const WEIGHTS = 'model.safetensors'
const INDEX = 'model.safetensors.index.json'

const TAKEN = new RegExp(
  `^(?:\\d+_\\w+/)?(?:${[
    'config\\.json',
    'tokenizer\\.json',
    'tokenizer_config\\.json',
    'special_tokens_map\\.json',
    'added_tokens\\.json',
    'modules\\.json',
    'sentence_[\\w-]+_config\\.json',
    'config_sentence_transformers\\.json',
    'model\\.safetensors',
    'model\\.safetensors\\.index\\.json',
    'model-\\d+-of-\\d+\\.safetensors',
  ].join('|')})$`,
)

/** The files of a model which the encoder can use; other formats of the same weights are left where they are. */
export function selectModelFiles<F extends { readonly path: string }>(files: readonly F[]): F[] {
  const taken = files.filter(file => TAKEN.test(file.path))
  const whole = new Set(
    taken
      .filter(file => posix.basename(file.path) === WEIGHTS)
      .map(file => posix.dirname(file.path)),
  )
  return taken.filter(file => {
    const isPart = /^model(?:-\d+-of-\d+\.safetensors|\.safetensors\.index\.json)$/.test(
      posix.basename(file.path),
    )
    return !(isPart && whole.has(posix.dirname(file.path)))
  })
}

/** Names of the files that are missing or empty, relative to the folder; none means complete. */
export async function findMissingFiles(folder: string): Promise<string[]> {
  const has = async (path: string) => isFilled(join(folder, path))
  const modules = await readModules(folder)
  if (modules === 'unreadable') return ['modules.json (it is there, but not a list of modules)']

  const transformer = modules.find(module => module.kind === 'Transformer')?.path ?? ''
  const needed = ['config.json', 'tokenizer.json'].map(name => posix.join(transformer, name))
  for (const module of modules) {
    if (module.kind === 'Pooling') needed.push(posix.join(module.path, 'config.json'))
    if (module.kind === 'Dense') {
      needed.push(posix.join(module.path, 'config.json'), posix.join(module.path, WEIGHTS))
    }
  }
  const single = posix.join(transformer, WEIGHTS)
  const shards = (await has(single))
    ? undefined
    : await readShards(join(folder, transformer, INDEX))
  needed.push(...(shards?.map(shard => posix.join(transformer, shard)) ?? [single]))

  const found = await Promise.all(needed.map(has))
  return needed.filter((_, index) => !found[index])
}

/** Whether the folder says how token vectors become a sentence vector. */
export async function hasModules(folder: string): Promise<boolean> {
  return isFilled(join(folder, 'modules.json'))
}

interface Module {
  readonly kind: string
  readonly path: string
}

async function readModules(folder: string): Promise<Module[] | 'unreadable'> {
  const json = await readJson(join(folder, 'modules.json'))
  if (json === undefined) return []
  if (!Array.isArray(json)) return 'unreadable'
  return json.map(entry => ({
    kind:
      String(entry?.type ?? '')
        .split('.')
        .at(-1) ?? '',
    path: String(entry?.path ?? ''),
  }))
}

/** The files that an index of shards names; undefined when there is no such index. */
async function readShards(path: string): Promise<string[] | undefined> {
  const json = (await readJson(path)) as { weight_map?: unknown } | null | undefined
  const map = json?.weight_map
  if (typeof map !== 'object' || map === null) return undefined
  return [...new Set(Object.values(map).map(String))].sort()
}

/** Undefined when there is no file, null when it is not JSON. */
async function readJson(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return undefined
  }
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function isFilled(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile() && found.size > 0,
    () => false,
  )
}
