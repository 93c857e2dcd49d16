// A product knowledge base, from a raw CSV export to answers: read, clean, encode, store, ask, remember, measure.
//
//   node examples/product-kb/main.mjs [--lang en|zh] [--model MODEL] [--store FILE] [--fresh]

import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { downloadProgress, HippocampError, loadEncoder, open } from 'hippocamp'
import { DEFAULT_FOLDER, readArgs, USAGE, UsageError } from './args.mjs'
import { askAll } from './ask.mjs'
import { syncCatalogue } from './catalogue.mjs'
import { rememberTalk } from './chat.mjs'
import { cleanProducts } from './clean.mjs'
import { columns } from './columns.mjs'
import { CsvError, readCsv } from './csv.mjs'
import { encoderOptions, languageWarning } from './model.mjs'
import { progress } from './progress.mjs'
import { QUESTIONS } from './questions.mjs'
import { report } from './report.mjs'

/** All that this example keeps in a store; --fresh drops these and nothing else. */
const COLLECTIONS = ['products', 'products-l2', 'talk']

try {
  const args = readArgs(process.argv.slice(2))
  if (args.help) console.log(USAGE)
  else await main(args)
} catch (error) {
  console.error(`\n${explain(error)}`)
  process.exitCode = 1
}

/** @param {ReturnType<typeof readArgs>} args */
async function main({ lang, model, store: path, fresh }) {
  heading('Catalogue')
  const file = new URL(`products.${lang}.csv`, import.meta.url)
  const { products, rows, repairs } = cleanProducts(readCsv(await readFile(file, 'utf8')))
  console.log(`  products.${lang}.csv: ${rows} rows, ${products.length} products after cleaning`)
  console.log(
    columns(
      repairs.map(([what, count]) => [`${count} ×`, what]),
      { right: [0], indent: 4 },
    ),
  )

  heading('Store')
  const warning = languageWarning(model, lang)
  if (warning) console.log(`  Warning: ${warning}\n`)
  const onProgress = downloadProgress()
  const encoder = await loadEncoder(model, { ...encoderOptions(model), onProgress })
  mkdirSync(DEFAULT_FOLDER, { recursive: true })
  const store = await open(path, { encoder })
  try {
    if (fresh) for (const name of COLLECTIONS) await store.dropCollection(name)
    console.log(`  ${path}\n  encoder ${encoder.name}, ${encoder.dimension} dimensions`)
    const sync = await syncCatalogue({
      store,
      encoder,
      products,
      onProgress: progress('encoding'),
    })
    const { added, updated, unchanged, removed, encoded } = sync
    console.log(
      `  ${added} added, ${updated} updated, ${unchanged} unchanged, ${removed} removed; ${encoded} encoded`,
    )

    heading('Questions')
    await askAll(QUESTIONS[lang], sync)

    heading('Memory')
    await rememberTalk(store, lang)

    heading('Figures')
    await report({ store, encoder, collection: sync.collection, products, sync })
  } finally {
    await store.close()
  }
}

/** @param {string} title */
function heading(title) {
  console.log(`\n${title}\n${'─'.repeat(title.length)}`)
}

/**
 * What went wrong and what to do, in a sentence. Anything that is not foreseen is a fault of ours: it is shown whole.
 * @param {unknown} error
 */
function explain(error) {
  if (error instanceof HippocampError && error.code === 'ERR_COLLECTION_MISMATCH') {
    return `${error.message}\nThe store was made with another model: run with --fresh, or give another --store.`
  }
  if (error instanceof HippocampError || error instanceof CsvError || error instanceof UsageError) {
    return error.message
  }
  if (error instanceof Error && 'syscall' in error) return error.message
  return error instanceof Error ? error.stack : error
}
