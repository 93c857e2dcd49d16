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
    const day = dayOf(memory, timeZone)
    if (day !== before) lines.push(day)
    before = day
    lines.push(lineOf(memory))
  }
  return lines.join('\n')
}

/** In the language of what was said: 2023年5月8日, or 8 May 2023. */
function dayOf({ time, text }: RememberedMemory, timeZone: string | undefined): string {
  const language = HAN.test(text) ? 'zh-CN' : 'en-GB'
  const key = `${language} ${timeZone ?? ''}`
  let format = formats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(language, { dateStyle: 'long', ...(timeZone && { timeZone }) })
    formats.set(key, format)
  }
  return `${format.format(time)}:`
}
