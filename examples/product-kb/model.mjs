// What one has to know about a model before it is loaded, as far as its name tells.

/**
 * The e5 family is trained with a word before each text that says what it is; without it the scores get worse.
 * Their folders do not say so, thus we do: texts are stored with the prompt "document" and searched with "query".
 * @param {string} model a folder or an id
 * @returns {{ prompts?: Record<string, string> }} options for loadEncoder
 */
export function encoderOptions(model) {
  const isE5 = /(^|[-_.])e5([-_.]|$)/i.test(lastPart(model))
  return isE5 ? { prompts: { query: 'query: ', document: 'passage: ' } } : {}
}

/**
 * @param {string} model
 * @param {'en' | 'zh'} lang
 * @returns {string | undefined}
 */
export function languageWarning(model, lang) {
  const name = lastPart(model)
  if (lang === 'en' || !/^all-minilm/i.test(name)) return undefined
  return `${name} was trained on English, so its answers about Chinese texts are poor: give --model the folder of a multilingual model such as multilingual-e5-small`
}

/** @param {string} model */
function lastPart(model) {
  return model.split(/[/\\]/).filter(Boolean).at(-1) ?? model
}
