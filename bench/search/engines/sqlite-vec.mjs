// sqlite-vec in better-sqlite3: every search compares all vectors. Vectors of length 1 are compared by their euclidean
// distance, which gives the same order as the cosine and is faster here. The database is in memory, as our store is.

import { join } from 'node:path'

/** @type {import('../engines.mjs').Open} */
export async function openEngine({ dimension, metric, folder, load }) {
  if (metric === 'dot') throw new Error('sqlite-vec does not compare by inner product')
  const Database = load('better-sqlite3')
  const database = new Database(':memory:')
  load('sqlite-vec').load(database)
  database.exec(`create virtual table vectors using vec0(v float[${dimension}] distance_metric=l2)`)
  const insert = database.prepare('insert into vectors(rowid, v) values (?, ?)')
  const search = database.prepare('select rowid from vectors where v match ? and k = ?').pluck()
  const insertAll = database.transaction((count, first, vectorAt) => {
    for (let at = 0; at < count; at++) insert.run(BigInt(first + at), vectorAt(at))
  })
  return {
    settings: [{ name: 'exact' }],
    standard: 'exact',
    async add(vectors) {
      insertAll(vectors.length / dimension, 0, at =>
        vectors.subarray(at * dimension, (at + 1) * dimension),
      )
    },
    use: () => ({ searchSync: (vector, k) => search.all(vector, k) }),
    rows: found => found,
    async insert(vectors, from) {
      insertAll(vectors.length, from, at => vectors[at])
    },
    async bytesOnDisk() {
      database.prepare('vacuum into ?').run(join(folder, 'vectors.db'))
    },
    close: () => database.close(),
  }
}
