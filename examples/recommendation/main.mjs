// Recommendations by a customer's history, and similar products, in the catalogue of examples/product-kb.
//
//   node examples/recommendation/main.mjs [--lang en|zh] [--model MODEL] [--data DIR]
import { readFile } from 'node:fs/promises'
import { cleanProducts } from '../product-kb/clean.mjs'
import { readCsv } from '../product-kb/csv.mjs'
import { percent, run } from '../shared/run.mjs'
import { measure } from './measure.mjs'
import { recommend, similar } from './recommend.mjs'

/** Who has looked at what, the latest last; what was bought weighs three times as much. */
const CUSTOMERS = [
  { name: 'Ann', history: [{ id: 'TN-101' }, { id: 'BP-101' }, { id: 'TN-103', weight: 3 }] },
  { name: 'Bo', history: [{ id: 'HP-101', weight: 3 }, { id: 'CF-101' }, { id: 'CF-102' }] },
]

await run(async ({ lang, store, data }) => {
  const file = new URL(`../product-kb/products.${lang}.csv`, import.meta.url)
  const { products } = cleanProducts(readCsv(await readFile(file, 'utf8')))
  const items = store.collection('items')
  await items.add(
    products.map(({ id, name, category, description }) => ({
      id,
      text: `${name}. ${description}`,
      metadata: { item: id, title: name, category },
    })),
  )
  const show = (/** @type {import('hippocamp').Hit<import('./recommend.mjs').Item>[]} */ hits) =>
    hits
      .map(
        ({ score, metadata: { title, category } }) =>
          `  ${score.toFixed(2)} ${title} (${category})`,
      )
      .join('\n')

  for (const { name, history } of CUSTOMERS) {
    const seen = await items.get(history.map(({ id }) => id))
    const titles = seen.map(item => item?.metadata.title).join(', ')
    console.log(`${name}: ${titles}\n${show(await recommend(items, history))}`)
  }
  const [first] = products
  if (first) console.log(`${first.name} ~\n${show(await similar(items, first.id, 3))}`)
  if (!data) return
  const found = await measure(store.collection('outdoor'), data)
  console.log(
    `\n${found.products} outdoor products: what was held out is among ten for ${percent(found.oneInterest)} of customers with one interest, ` +
      `${percent(found.twoInterests)} with two (drawn: ${percent(found.chance)}); ` +
      `the most similar product is of the same category for ${percent(found.similarIsSame)}`,
  )
})
