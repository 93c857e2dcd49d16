/** A memory that another chain may read but not write. */
import { invalid } from '../errors.js'
import { isObject, optionsOf, show } from '../options.js'
import {
  type Memory,
  type MemoryCall,
  type PreparedSave,
  signalOfCall,
  type Values,
} from './memory.js'

export interface ReadOnlySharedMemoryOptions {
  /** The memory that is read. */
  readonly memory: Memory
}

/** Shows what another memory remembers; saves and clears nothing. */
export class ReadOnlySharedMemory implements Memory {
  readonly memory: Memory
  /** As the other memory has it, if it has it. */
  readonly memoryLines?: NonNullable<Memory['memoryLines']>
  /** As the other memory has it, if it has it. */
  readonly formatLines?: NonNullable<Memory['formatLines']>

  /** @throws {HippocampError} ERR_INVALID_ARGUMENT naming the option */
  constructor(options: ReadOnlySharedMemoryOptions) {
    const { memory } = optionsOf(options, 'ReadOnlySharedMemory', ['memory'])
    if (!isObject(memory) || typeof memory.loadMemoryVariables !== 'function') {
      throw invalid(`memory is ${show(memory)}: give a memory, which has loadMemoryVariables`)
    }
    this.memory = memory
    const { memoryLines, formatLines } = memory
    if (memoryLines) this.memoryLines = memoryLines.bind(memory)
    if (formatLines) this.formatLines = formatLines.bind(memory)
  }

  /** The keys of the other memory. */
  get memoryKeys(): string[] {
    return [...this.memory.memoryKeys]
  }

  /** What the other memory remembers. */
  loadMemoryVariables(inputs: Values, call?: MemoryCall): Promise<Values> {
    return this.memory.loadMemoryVariables(inputs, call)
  }

  /** Does nothing. */
  async saveContext(_inputs: Values, _outputs: Values, call?: MemoryCall): Promise<void> {
    signalOfCall(call, 'saveContext')
  }

  /** Prepares nothing. */
  async prepareSave(_inputs: Values, _outputs: Values, call?: MemoryCall): Promise<PreparedSave> {
    signalOfCall(call, 'prepareSave')
    return { commit: async () => {}, undo: async () => {} }
  }

  /** Does nothing. */
  async clear(call?: MemoryCall): Promise<void> {
    signalOfCall(call, 'clear')
  }
}
