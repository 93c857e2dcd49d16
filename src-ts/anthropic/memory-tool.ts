/**
 * Claude's memory tool over a collection: files that are records, whose ids are their paths.
 *
 * What the tool answers is read by the model, which knows the sentences of its documentation
 * (https://docs.claude.com/en/docs/agents-and-tools/tool-use/memory-tool), so it gets these.
 */
import type { MemoryToolHandlers } from '@anthropic-ai/sdk/helpers/beta/memory'
import { type Backend, requireMethods } from '#core/backends/backend'
import { listed } from '#core/backends/pages'
import { HippocampError, invalid } from '#core/errors'
import { optionsOf, show, text } from '#core/options'
import type { Metadata, NewRecord, StoredRecord } from '#core/records'
import { foldersAbove, isBelow, memoryPath, ROOT } from './memory-path.js'
import { linesOf, listing, numbered, snippetAt } from './memory-text.js'

export interface MemoryToolHandlersInput {
  /** A collection or one of its namespaces, whose records are the files and nothing else: one for each user. */
  readonly collection: Pick<Backend, 'add' | 'upsert' | 'get' | 'delete' | 'list'>
}

/**
 * Handlers for `betaMemoryTool`: `client.beta.messages.toolRunner({ tools: [betaMemoryTool(memoryToolHandlers({ collection }))] })`.
 * What Claude has written down is durable, and found by every search of the collection.
 *
 * A handler rejects with a {@link HippocampError} whose message tells the model what to do instead.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function memoryToolHandlers(input: MemoryToolHandlersInput): MemoryToolHandlers {
  const { collection } = optionsOf(input, 'memoryToolHandlers', ['collection'])
  requireMethods(collection, ['add', 'upsert', 'get', 'delete', 'list'])
  const files = new MemoryFiles(collection)
  const { name, path } = collection as { name?: unknown; path?: unknown }
  const place = JSON.stringify([name, path])
  const inTurn = (run: () => Promise<string>) => afterOthers(place, run)
  return {
    view: ({ path, view_range }) => inTurn(() => files.view(path, view_range)),
    create: ({ path, file_text }) => inTurn(() => files.create(path, file_text)),
    str_replace: ({ path, old_str, new_str = '' }) =>
      inTurn(() => files.replace(path, old_str, new_str)),
    insert: ({ path, insert_line, insert_text }) =>
      inTurn(() => files.insert(path, insert_line, insert_text)),
    delete: ({ path }) => inTurn(() => files.delete(path)),
    rename: ({ old_path, new_path }) => inTurn(() => files.rename(old_path, new_path)),
  }
}

/**
 * What goes on in each place: commands of one answer come at the same time, and each is about what the one before has left. The
 * same namespace of two stores counts as one.
 */
const GOING_ON = new Map<string, Promise<unknown>>()

function afterOthers(place: string, run: () => Promise<string>): Promise<string> {
  const turn = (GOING_ON.get(place) ?? Promise.resolve()).then(run)
  const end = turn
    .catch(() => {})
    .then(() => {
      if (GOING_ON.get(place) === end) GOING_ON.delete(place)
    })
  GOING_ON.set(place, end)
  return turn
}

/** A file as it is kept. */
interface File {
  readonly path: string
  readonly content: string
  /** What else is known of it. */
  readonly metadata: Metadata
}

class MemoryFiles {
  readonly #records: MemoryToolHandlersInput['collection']

  constructor(records: MemoryToolHandlersInput['collection']) {
    this.#records = records
  }

  async view(given: string, range: readonly number[] | undefined): Promise<string> {
    const path = memoryPath(given)
    if (
      range !== undefined &&
      !(Array.isArray(range) && range.length === 2 && range.every(Number.isInteger))
    )
      throw invalid(
        `The view_range is ${show(range)}: give two line numbers, such as [1, 10] or [11, -1]`,
      )
    const file = await this.#read(path)
    if (file)
      return `Here's the content of ${path} with line numbers:\n${numbered(linesOf(file.content), range)}`
    const below = await this.#below(path)
    if (below.length === 0 && path !== ROOT) throw missing(path)
    const sizes = below.map(({ path, content }) => [path, Buffer.byteLength(content)] as const)
    return `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:\n${listing(path, sizes)}`
  }

  async create(given: string, content: string): Promise<string> {
    const path = memoryPath(given)
    if (path === ROOT)
      throw invalid(`The path ${ROOT} is a directory: give the path of a file in it`)
    text('file_text', content)
    await this.#refuseFolder(path)
    try {
      await this.#records.add([recordOf({ path, content, metadata: {} })])
    } catch (error) {
      if (error instanceof HippocampError && error.code === 'ERR_RECORD_EXISTS')
        throw invalid(`File ${path} already exists`)
      throw error
    }
    return `File created successfully at: ${path}`
  }

  async replace(given: string, old: string, replacement: string): Promise<string> {
    const file = await this.#file(given)
    const { path } = file
    const parts = file.content.split(text('old_str', old))
    if (old === '' || parts.length === 1)
      throw invalid(
        `No replacement was performed, old_str \`${old}\` did not appear verbatim in ${path}.`,
      )
    if (parts.length > 2) {
      const starts = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join(old))
      const lines = starts.map(before => linesOf(before).length)
      throw invalid(
        `No replacement was performed. Multiple occurrences of old_str \`${old}\` in lines: ${lines.join(', ')}. Please ensure it is unique`,
      )
    }
    const content = parts.join(text('new_str', replacement))
    await this.#records.upsert([recordOf({ ...file, content })])
    const line = linesOf(parts[0] as string).length
    return `The memory file has been edited. Here is the snippet showing the change (with line numbers):\n${snippetAt(linesOf(content), line)}`
  }

  async insert(given: string, line: number, added: string): Promise<string> {
    const file = await this.#file(given)
    const lines = linesOf(file.content)
    if (!Number.isInteger(line) || line < 0 || line > lines.length)
      throw invalid(
        `Invalid \`insert_line\` parameter: ${show(line)}. It should be within the range of lines of the file: [0, ${lines.length}]`,
      )
    lines.splice(line, 0, text('insert_text', added).replace(/\n$/, ''))
    await this.#records.upsert([recordOf({ ...file, content: lines.join('\n') })])
    return `The file ${file.path} has been edited.`
  }

  async delete(given: string): Promise<string> {
    const path = memoryPath(given)
    if (path === ROOT) throw invalid(`Cannot delete the ${ROOT} directory itself`)
    const below = await this.#below(path)
    if ((await this.#records.delete([path, ...below.map(({ path }) => path)])) === 0)
      throw invalid(`The path ${path} does not exist`)
    return `Successfully deleted ${path}`
  }

  /** New files are written before the old ones are deleted, so that nothing is lost in between. */
  async rename(old: string, renamed: string): Promise<string> {
    const [from, to] = [memoryPath(old), memoryPath(renamed)]
    if (from === ROOT) throw invalid(`Cannot rename the ${ROOT} directory itself`)
    if (to === ROOT) throw invalid(`The destination ${ROOT} already exists`)
    if (isBelow(to, from)) throw invalid(`The destination ${to} is inside ${from}`)
    const file = await this.#read(from)
    const moved = [...(file ? [file] : []), ...(await this.#below(from))]
    if (moved.length === 0) throw invalid(`The path ${from} does not exist`)
    if ((await this.#read(to)) || (await this.#below(to)).length > 0)
      throw invalid(`The destination ${to} already exists`)
    await this.#refuseFolder(to)
    const files = moved.map(one => ({ ...one, path: to + one.path.slice(from.length) }))
    await this.#records.add(files.map(recordOf))
    await this.#records.delete(moved.map(({ path }) => path))
    return `Successfully renamed ${from} to ${to}`
  }

  async #read(path: string): Promise<File | undefined> {
    if (path === ROOT) return undefined
    const [record] = await this.#records.get([path])
    return record && fileOf(record)
  }

  async #file(given: string): Promise<File> {
    const path = memoryPath(given)
    const file = await this.#read(path)
    if (file) return file
    if (path === ROOT || (await this.#below(path)).length > 0)
      throw invalid(`The path ${path} is not a file.`)
    throw missing(path)
  }

  /** The files below a path. */
  async #below(folder: string): Promise<File[]> {
    const where = { $or: [{ [FOLDERS]: folder }, { [FOLDERS]: { $exists: false } }] }
    const records = await listed(this.#records, { where })
    return records.filter(({ id }) => isBelow(id, folder)).map(fileOf)
  }

  /** What is a folder is no file, and what is a file is no folder. */
  async #refuseFolder(path: string): Promise<void> {
    if ((await this.#below(path)).length > 0) throw invalid(`The path ${path} is a directory`)
    const above = foldersAbove(path)
    const files = above.length > 0 ? await this.#records.get(above) : []
    const file = files.find(record => record !== undefined)
    if (file) throw invalid(`The path ${file.id} is a file, not a directory`)
  }
}

/**
 * In the metadata of a file: the folders that it is in, so that a folder's files are found without reading the others. Files that
 * a program has put there itself have none.
 */
const FOLDERS = 'folders'

function recordOf({ path, content, metadata }: File): NewRecord {
  const folders = [ROOT, ...foldersAbove(path)]
  return { id: path, text: content, metadata: { ...metadata, [FOLDERS]: folders } }
}

function fileOf({ id, text = '', metadata }: StoredRecord<object>): File {
  return { path: id, content: text, metadata: metadata as Metadata }
}

function missing(path: string): HippocampError {
  return invalid(`The path ${path} does not exist. Please provide a valid path.`)
}
