// Whether engines do the same work: for the same texts, the same tokens and nearly the same vectors.

/** Means of the cosine to ours that are still the same model: as it is, and with weights or activations rounded to bytes. */
const SAME = 0.99
const QUANTISED = 0.8
/** An instruction set that nobody is given by default may be very slow: so few texts show whether it works. */
const FEW = 2

/**
 * @param {import('./contestants.mjs').Contestant[]} contestants
 * @param {import('./contestants.mjs').Contestant} reference
 * @param {string[]} texts short ones first
 * @returns {Promise<{ engine: string, variant: string, mean: number, lowest: number, error?: string }[]>} in the order of the
 * contestants, with the mean of the cosine and the lowest
 */
export async function agreement(contestants, reference, texts) {
  const wanted = await answers(reference, texts)
  const rows = []
  for (const contestant of contestants) {
    const { engine, variant, kind, quantised = false } = contestant
    const count = kind === 'level' ? FEW : texts.length
    try {
      const given = await answers(contestant, texts.slice(0, count))
      rows.push({ engine, variant, ...compare(given, firstOf(wanted, count), quantised) })
    } catch (error) {
      rows.push({ engine, variant, mean: null, lowest: null, error: error.message })
    }
  }
  return rows
}

async function answers({ process }, texts) {
  return {
    vectors: await process.ask('encode', { texts }),
    tokens: await process.ask('countTokens', { texts }),
  }
}

/** @param {Answers} answers @param {number} count @returns {Answers} */
function firstOf({ vectors, tokens }, count) {
  const dimension = vectors.length / tokens.length
  return { vectors: vectors.slice(0, count * dimension), tokens: tokens.slice(0, count) }
}

/**
 * @typedef {{ vectors: number[], tokens: number[] }} Answers of all texts, one after the other
 * @param {Answers} given
 * @param {Answers} wanted
 * @param {boolean} quantised
 * @returns {{ mean: number, lowest: number, error?: string }}
 */
export function compare(given, wanted, quantised) {
  const count = wanted.tokens.length
  const dimension = wanted.vectors.length / count
  if (given.vectors.length !== wanted.vectors.length) {
    const error = `gives vectors of ${given.vectors.length / count} values, not ${dimension}`
    return { mean: null, lowest: null, error }
  }
  const cosines = wanted.tokens.map((_, row) => {
    const from = row * dimension
    return cosine(
      given.vectors.slice(from, from + dimension),
      wanted.vectors.slice(from, from + dimension),
    )
  })
  const mean = sum(cosines) / count
  const figures = { mean, lowest: Math.min(...cosines) }
  if (given.tokens.some((tokens, row) => tokens !== wanted.tokens[row])) {
    const error = `has ${sum(given.tokens)} tokens where we have ${sum(wanted.tokens)}`
    return { ...figures, error }
  }
  const least = quantised ? QUANTISED : SAME
  // Not `mean < least`: that is false for NaN.
  if (mean >= least) return figures
  return { ...figures, error: `its vectors are others: the mean cosine is ${mean.toFixed(4)}` }
}

function cosine(/** @type {number[]} */ a, /** @type {number[]} */ b) {
  return sum(a.map((value, at) => value * b[at])) / (Math.hypot(...a) * Math.hypot(...b))
}

function sum(/** @type {number[]} */ values) {
  return values.reduce((total, value) => total + value, 0)
}
