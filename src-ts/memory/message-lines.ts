/** Messages as the lines of a prompt: `Human: …`. */
import { invalid } from '../errors.js'
import { optionsOf, text } from '../options.js'
import { type Line, priorityOf } from './memory.js'

export interface PrefixOptions {
  /**
   * What stands before messages of the role `human`.
   * @default 'Human'
   */
  readonly humanPrefix?: string | undefined
  /**
   * What stands before messages of the role `ai`.
   * @default 'AI'
   */
  readonly aiPrefix?: string | undefined
}

export const PREFIX_OPTIONS = ['humanPrefix', 'aiPrefix'] as const

/** Prefixes by role; another role is its own prefix. */
export interface Prefixes {
  readonly human: string
  readonly ai: string
  readonly system: string
}

/** A message in a memory's lines. */
export interface MessageLine extends Line {
  readonly message: PlainMessage
}

/** A message as a chat model takes it. */
export interface PlainMessage {
  readonly role: string
  readonly content: string
}

export function prefixesOf(options: PrefixOptions): Prefixes {
  const { humanPrefix = 'Human', aiPrefix = 'AI' } = optionsOf(options, 'prefixes', PREFIX_OPTIONS)
  const named = (name: string, value: string) => {
    if (text(name, value) === '') throw invalid(`${name} is "": give a name`)
    return value
  }
  return {
    human: named('humanPrefix', humanPrefix),
    ai: named('aiPrefix', aiPrefix),
    system: 'System',
  }
}

/** A message as a line of text. */
export function formatMessage({ role, content }: PlainMessage, prefixes: Prefixes): string {
  const prefix = Object.hasOwn(prefixes, role) ? prefixes[role as keyof Prefixes] : role
  return `${prefix}: ${content}`
}

/**
 * Messages, newest first, as lines, oldest first.
 * @param rank that of the newest
 */
export function messageLines(
  newestFirst: readonly PlainMessage[],
  prefixes: Prefixes,
  rank = 0,
): MessageLine[] {
  return newestFirst
    .map((message, age) => ({
      text: formatMessage(message, prefixes),
      priority: priorityOf(rank + age),
      talk: true as const,
      message: { role: message.role, content: message.content },
    }))
    .reverse()
}
