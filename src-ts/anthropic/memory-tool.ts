/**
 * Claude's memory tool over a collection: files that are records, whose ids are their paths.
 *
 * What the tool answers is read by the model, which knows the sentences of its documentation
 * (https://docs.claude.com/en/docs/agents-and-tools/tool-use/memory-tool), so it gets these.
 */
import type { MemoryToolHandlers } from '@anthropic-ai/sdk/helpers/beta/memory'
import type { Backend } from '#core/backends/backend'
import { HippocampError, invalid } from '#core/errors'
import { optionsOf, show, text } from '#core/options'
import { foldersAbove, isBelow, memoryPath, ROOT } from './memory-path.js'
import { linesOf, listing, numbered, snippetAt } from './memory-text.js'

export interface MemoryToolHandlersInput {
  /** A collection or one of its namespaces, whose records are the files and nothing else: one for each user. */
  readonly collection: Pick<Backend, 'add' | 'upsert' | 'get' | 'delete' | 'list'>
}

/** Records in a page. */
const PAGE = 1000

/**
 * Handlers for `betaMemoryTool`: `client.beta.messages.toolRunner({ tools: [betaMemoryTool(memoryToolHandlers({ collection }))] })`.
 * What Claude has written down is durable, and found by every search of the collection.
 *
 * A handler rejects with a {@link HippocampError} whose message tells the model what to do instead.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT
 */
export function memoryToolHandlers(input: MemoryToolHandlersInput): MemoryToolHandlers {
  const { collection } = optionsOf(input, 'memoryToolHandlers', ['collection'])
  if (typeof collection?.upsert !== 'function')
    throw invalid(`collection is ${show(collection)}: give a collection`)
  const files = new MemoryFiles(collection)
  return {
    view: async command => files.view(command.path, command.view_range),
    create: async command => files.create(command.path, command.file_text),
    str_replace: async command => files.replace(command.path, command.old_str, command.new_str),
    insert: async command => files.insert(command.path, command.insert_line, command.insert_text),
    delete: async command => files.delete(command.path),
    rename: async command => files.rename(command.old_path, command.new_path),
  }
}

class MemoryFiles {
  readonly #records: MemoryToolHandlersInput['collection']

  constructor(records: MemoryToolHandlersInput['collection']) {
    this.#records = records
  }

  async view(given: string, range: readonly number[] | undefined): Promise<string> {
    const path = memoryPath(given)
    const content = path === ROOT ? undefined : await this.#read(path)
    if (content !== undefined)
      return `Here's the content of ${path} with line numbers:\n${numbered(linesOf(content), range)}`
    const below = await this.#below(path)
    if (below.length === 0 && path !== ROOT) throw missing(path)
    const sizes = below.map(({ id, text = '' }): [string, number] => [id, Buffer.byteLength(text)])
    return `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:\n${listing(path, sizes)}`
  }

  async create(given: string, content: string): Promise<string> {
    const path = memoryPath(given)
    if (path === ROOT)
      throw invalid(`The path ${ROOT} is a directory: give the path of a file in it`)
    text('file_text', content)
    await this.#refuseFolder(path)
    try {
      await this.#records.add([fileOf(path, content)])
    } catch (error) {
      if (error instanceof HippocampError && error.code === 'ERR_RECORD_EXISTS')
        throw invalid(`File ${path} already exists`)
      throw error
    }
    return `File created successfully at: ${path}`
  }

  async replace(given: string, old: string, replacement: string): Promise<string> {
    const { path, content } = await this.#file(given)
    const parts = content.split(text('old_str', old))
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
    const changed = parts.join(text('new_str', replacement))
    await this.#records.upsert([fileOf(path, changed)])
    const line = linesOf(parts[0] as string).length
    return `The memory file has been edited. Here is the snippet showing the change (with line numbers):\n${snippetAt(linesOf(changed), line)}`
  }

  async insert(given: string, line: number, added: string): Promise<string> {
    const { path, content } = await this.#file(given)
    const lines = linesOf(content)
    if (!Number.isInteger(line) || line < 0 || line > lines.length)
      throw invalid(
        `Invalid \`insert_line\` parameter: ${show(line)}. It should be within the range of lines of the file: [0, ${lines.length}]`,
      )
    lines.splice(line, 0, text('insert_text', added).replace(/\n$/, ''))
    await this.#records.upsert([fileOf(path, lines.join('\n'))])
    return `The file ${path} has been edited.`
  }

  async delete(given: string): Promise<string> {
    const path = memoryPath(given)
    if (path === ROOT) throw invalid(`Cannot delete the ${ROOT} directory itself`)
    const ids = (await this.#below(path)).map(({ id }) => id)
    if ((await this.#records.delete([path, ...ids])) === 0)
      throw invalid(`The path ${path} does not exist`)
    return `Successfully deleted ${path}`
  }

  /** New files are written before the old ones are deleted, so that nothing is lost in between. */
  async rename(old: string, renamed: string): Promise<string> {
    const [from, to] = [memoryPath(old), memoryPath(renamed)]
    if (from === ROOT) throw invalid(`Cannot rename the ${ROOT} directory itself`)
    if (to === ROOT) throw invalid(`The destination ${ROOT} already exists`)
    if (isBelow(to, from)) throw invalid(`The destination ${to} is inside ${from}`)
    const [file, below] = await Promise.all([this.#read(from), this.#below(from)])
    const moved = [
      ...(file === undefined ? [] : [{ id: from, text: file }]),
      ...below.map(({ id, text = '' }) => ({ id, text })),
    ]
    if (moved.length === 0) throw invalid(`The path ${from} does not exist`)
    if ((await this.#read(to)) !== undefined || (await this.#below(to)).length > 0)
      throw invalid(`The destination ${to} already exists`)
    await this.#refuseFolder(to)
    await this.#records.add(moved.map(({ id, text }) => fileOf(to + id.slice(from.length), text)))
    await this.#records.delete(moved.map(({ id }) => id))
    return `Successfully renamed ${from} to ${to}`
  }

  async #read(path: string): Promise<string | undefined> {
    const [record] = await this.#records.get([path])
    return record && (record.text ?? '')
  }

  async #file(given: string): Promise<{ path: string; content: string }> {
    const path = memoryPath(given)
    const content = path === ROOT ? undefined : await this.#read(path)
    if (content !== undefined) return { path, content }
    if (path === ROOT || (await this.#below(path)).length > 0)
      throw invalid(`The path ${path} is not a file.`)
    throw missing(path)
  }

  /** The files below a path. */
  async #below(folder: string): Promise<{ id: string; text?: string }[]> {
    const found: { id: string; text?: string }[] = []
    let cursor: string | undefined
    do {
      const page = await this.#records.list({ limit: PAGE, cursor })
      found.push(...page.records.filter(({ id }) => isBelow(id, folder)))
      cursor = page.cursor
    } while (cursor !== undefined)
    return found
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

function fileOf(path: string, content: string) {
  return { id: path, text: content }
}

function missing(path: string): HippocampError {
  return invalid(`The path ${path} does not exist. Please provide a valid path.`)
}
