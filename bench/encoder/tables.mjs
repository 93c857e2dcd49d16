// The tables of the encoder bench: which columns they have. Their rows are what goes into the JSON.

const RATE = { title: 'tokens/s', digits: 0 }

/** @typedef {import('./ratios.mjs').Rate} Rate @typedef {import('./ratios.mjs').Latency} Latency */

/** What was compared. @param {{ engine: string, version: string }[]} rows */
export function versionTable(rows) {
  return {
    key: 'versions',
    title: 'compared',
    columns: { engine: 'engine', version: 'version' },
    rows,
  }
}

/** Many texts, each workload of each engine, but for instruction sets that nobody is given by default. @param {Rate[]} rows */
export function throughputTable(rows) {
  return {
    key: 'throughput',
    title: 'many texts: ours in one call, peers at their best batch size; tokens are real ones',
    columns: {
      workload: 'workload',
      engine: 'engine',
      variant: 'variant',
      texts: 'texts',
      batch: 'batch',
      tokensPerText: { title: 'tokens/text', digits: 1 },
      textsPerSecond: { title: 'texts/s', digits: 1 },
      tokensPerSecond: RATE,
      tokensPerCpuSecond: 'tokens/CPU s',
      longestDelay: { title: 'event loop held, ms', digits: 2 },
    },
    rows,
  }
}

/** @param {Latency[]} rows */
export function queryTable(rows) {
  return {
    key: 'queries',
    title: 'one question of about ten tokens at a time, from text to vector',
    columns: {
      engine: 'engine',
      variant: 'variant',
      p50: { title: 'p50 ms', digits: 2 },
      p99: { title: 'p99 ms', digits: 2 },
    },
    rows,
  }
}

/** @param {object[]} rows */
export function aloneTable(rows) {
  return {
    key: 'alone',
    title: 'in a process of its own: until the first vector, memory, and many documents',
    columns: {
      engine: 'engine',
      variant: 'variant',
      importMs: 'start to import, ms',
      openMs: 'open to first vector, ms',
      coldMs: 'all, ms',
      rss: 'RSS MiB',
      texts: 'documents',
      tokensPerSecond: RATE,
      longestDelay: { title: 'event loop held, ms', digits: 2 },
      peak: 'peak MiB',
    },
    rows,
  }
}

/** @param {object[]} rows of ours at each instruction set, from `byLevel` */
export function levelTable(rows) {
  return {
    key: 'levels',
    title: 'ours at each precision and instruction set, tokens/s',
    columns: { variant: 'variant', short: 'short texts', documents: 'documents' },
    rows,
  }
}

/** @param {object[]} rows */
export function agreementTable(rows) {
  return {
    key: 'agreement',
    title: 'cosine of the vectors to ours in f32',
    columns: {
      engine: 'engine',
      variant: 'variant',
      mean: { title: 'mean', digits: 5 },
      lowest: { title: 'lowest', digits: 5 },
    },
    rows,
  }
}

/** @param {object[]} rows from `ratios` */
export function ratioTable(rows) {
  const ratio = title => ({ title, digits: 2 })
  return {
    key: 'ratios',
    title: 'ours / peer, above 1 where ours is faster: ours as it comes, then ours in f32',
    columns: {
      engine: 'engine',
      variant: 'variant',
      short: ratio('short texts'),
      documents: ratio('documents'),
      mixed: ratio('mixed'),
      query: ratio('question p50'),
      shortF32: ratio('f32: short texts'),
      documentsF32: ratio('f32: documents'),
    },
    rows,
  }
}
