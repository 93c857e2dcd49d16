// How well it recommends, on the 200 outdoor products of the eShopSupport data: customers have liked all products of one category,
// or of two, but one, which is to be among the recommendations.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { recommend, similar } from './recommend.mjs'

/** Products that a category must have. */
const FEWEST = 3

/**
 * @param {import('hippocamp').Collection<import('./recommend.mjs').Item>} items
 * @param {string} data
 */
export async function measure(items, data) {
  const lines = (await readFile(join(data, 'product-kb/products.jsonl'), 'utf8')).trim().split('\n')
  /** @type {{ productId: number, brand: string, model: string, category: string, description: string }[]} */
  const products = lines.map(line => JSON.parse(line))
  await items.add(
    products.map(({ productId, brand, model, category, description }) => ({
      id: String(productId),
      text: `${brand} ${model}. ${description}`,
      metadata: { item: String(productId), title: `${brand} ${model}`, category },
    })),
  )
  /** @type {Map<string, string[]>} */
  const byCategory = new Map()
  for (const { productId, category } of products)
    byCategory.set(category, [...(byCategory.get(category) ?? []), String(productId)])
  const groups = [...byCategory.values()].filter(group => group.length >= FEWEST)

  const one = groups.flatMap(group => heldOut(group, []))
  const two = groups.flatMap((group, i) => heldOut(group, groups[(i + 1) % groups.length] ?? []))
  const categories = new Map(
    products.map(({ productId, category }) => [String(productId), category]),
  )
  let same = 0
  for (const { productId, category } of products) {
    const [nearest] = await similar(items, String(productId), 1)
    same += Number(nearest !== undefined && categories.get(nearest.id) === category)
  }
  return {
    products: products.length,
    /** How often the product that was held out is among ten. */
    oneInterest: await hits(items, one),
    twoInterests: await hits(items, two),
    /** The same if ten were drawn. */
    chance: 10 / products.length,
    /** How often the most similar product is of the same category, of 65. */
    similarIsSame: same / products.length,
  }
}

/**
 * Customers who have liked all of a group but one, and all of others.
 * @param {readonly string[]} group
 * @param {readonly string[]} others
 */
function heldOut(group, others) {
  return group.map((missing, i) => {
    const rest = group.filter(id => id !== missing)
    const mixed = rest.flatMap((id, at) => [others[(i + at) % others.length] ?? [], id].flat())
    return { missing, history: [...new Set(mixed)].map(id => ({ id })) }
  })
}

/**
 * @param {import('hippocamp').Collection<import('./recommend.mjs').Item>} items
 * @param {readonly { missing: string, history: { id: string }[] }[]} customers
 */
async function hits(items, customers) {
  let count = 0
  for (const { missing, history } of customers) {
    const found = await recommend(items, history, { k: 10 })
    count += Number(found.some(({ id }) => id === missing))
  }
  return count / customers.length
}
