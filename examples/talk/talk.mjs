// Goes through a talk: before each answer the memory is asked, and after it the turn is remembered.

/**
 * @typedef {{ says: string, answer: string, needs?: string }} Turn
 * @typedef {{ turn: Turn, tokens: number, shown: { name: string, text: string }[], isRemembered: boolean | undefined }} Step
 *   `isRemembered`: whether what the answer needs is in the memory, if it needs anything
 */

/**
 * @param {import('hippocamp/memory').CombinedMemory} memory
 * @param {readonly Turn[]} turns
 * @returns {AsyncGenerator<Step>}
 */
export async function* talk(memory, turns) {
  for (const turn of turns) {
    const { variables, tokens = 0, members } = await memory.load({ input: turn.says })
    const shown = members.map(({ name, keys }) => {
      return {
        name,
        text: keys
          .map(key => textOf(variables[key]))
          .filter(Boolean)
          .join('\n'),
      }
    })
    const all = shown.map(({ text }) => text).join('\n')
    const isRemembered = turn.needs === undefined ? undefined : all.includes(turn.needs)
    yield { turn, tokens, shown, isRemembered }
    await memory.saveContext({ input: turn.says }, { output: turn.answer })
  }
}

/** @param {unknown} variable a text, or texts by name */
function textOf(variable) {
  if (typeof variable === 'string') return variable
  return Object.entries(variable ?? {})
    .map(([name, text]) => `${name}: ${text}`)
    .join('\n')
}
