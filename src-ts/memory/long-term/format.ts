/** Memories as a prompt takes them: in the order of time, under the days on which they were said. */
import { lineOf, type RememberedMemory } from './memory.js'

const HAN = /\p{Script=Han}/u
const formats = new Map<string, Intl.DateTimeFormat>()

/** @param timeZone of the days, by its IANA name; that of the process if undefined */
export function formatMemories(
  memories: readonly RememberedMemory[],
  timeZone: string | undefined,
): string {
  const inTime = [...memories].sort(
    (a, b) => a.time.getTime() - b.time.getTime() || a.order - b.order,
  )
  const lines: string[] = []
  let before: string | undefined
  for (const memory of inTime) {
    const day = formatOf('en-CA', timeZone, 'short').format(memory.time)
    if (day !== before) lines.push(dayOf(memory, timeZone))
    before = day
    // What is inside of a memory is told from what stands between memories.
    lines.push(lineOf(memory).replace(/\n/g, '\n  '))
  }
  return lines.join('\n')
}

/** In the language of what was said: 2023年5月8日, or 8 May 2023. */
export function dayOf(
  { time, text }: Pick<RememberedMemory, 'time' | 'text'>,
  timeZone: string | undefined,
): string {
  const language = HAN.test(text) ? 'zh-CN' : 'en-GB'
  return `${formatOf(language, timeZone, 'long').format(time)}:`
}

function formatOf(language: string, timeZone: string | undefined, dateStyle: 'short' | 'long') {
  const key = `${language} ${dateStyle} ${timeZone ?? ''}`
  let format = formats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(language, { dateStyle, ...(timeZone && { timeZone }) })
    formats.set(key, format)
  }
  return format
}
