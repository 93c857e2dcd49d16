import test from 'ava'
import { peersNamed } from '../bench/search/engines.mjs'
import { atEqualRecall, frontier } from '../bench/search/frontier.mjs'
import { plot } from '../bench/search/plot.mjs'
import { nearestScores, recall } from '../bench/search/truth.mjs'
import { clusteredVectors } from '../bench/vectors.mjs'

for (const metric of ['cosine', 'dot', 'l2'] as const) {
  test(`the true neighbours by ${metric} are those that sorting all gives`, t => {
    const dimension = 7
    const vectors = clusteredVectors(1_100, dimension, 9, 1)
    const queries = clusteredVectors(6, dimension, 9, 2)
    const data = { vectors, queries, dimension, metric, hash: '' }
    const truth = nearestScores(data, 5)
    const answers: number[][] = []
    for (let query = 0; query < 6; query++) {
      const scored = Array.from({ length: 1_100 }, (_, row) => {
        let score = 0
        for (let at = 0; at < dimension; at++) {
          const a = queries[query * dimension + at] as number
          const b = vectors[row * dimension + at] as number
          score += metric === 'l2' ? -((a - b) ** 2) : a * b
        }
        return { row, score }
      }).sort((a, b) => b.score - a.score)
      for (let rank = 0; rank < 5; rank++) {
        t.true(Math.abs((truth[query * 5 + rank] as number) - (scored[rank]?.score ?? 0)) < 1e-12)
      }
      answers.push(scored.map(({ row }) => row))
    }
    t.is(recall(data, truth, 5, answers), 1)
    t.is(
      recall(
        data,
        truth,
        4,
        answers.map(rows => [...rows.slice(0, 2), ...rows.slice(-2)]),
      ),
      0.5,
    )
    t.is(
      recall(
        data,
        truth,
        2,
        answers.map(([first]) => [first, first] as number[]),
      ),
      0.5,
    )
  })
}

const point = (
  engine: string,
  setting: string,
  recall: number,
  qps: number,
  qps8: number | null,
) => ({
  engine,
  setting,
  recall,
  qps,
  qps8,
})

test('a setting that another beats in recall and speed is not on the frontier', t => {
  const points = [
    point('a', 'slow', 0.9, 50, null),
    point('a', 'best', 1, 60, null),
    point('a', 'fast', 0.8, 99, null),
    point('a', 'worse', 0.7, 99, null),
  ]
  t.deepEqual(
    frontier(points).map(({ setting }) => setting),
    ['fast', 'best'],
  )
})

test('engines are compared by their fastest setting that finds enough', t => {
  const rows = atEqualRecall(
    [
      point('ours', 'low', 0.94, 400, 500),
      point('ours', 'high', 0.995, 200, 600),
      point('other', 'low', 0.96, 100, null),
    ],
    'ours',
  )
  t.deepEqual(
    rows.map(({ level, engine, setting, ratio, ratioOfMost }) => [
      level,
      engine,
      setting,
      ratio,
      ratioOfMost,
    ]),
    [
      ['≥ 0.90', 'ours', 'low', null, null],
      ['≥ 0.90', 'other', 'low', 4, 6],
      ['≥ 0.95', 'ours', 'high', null, null],
      ['≥ 0.95', 'other', 'low', 2, 6],
      ['≥ 0.99', 'ours', 'high', null, null],
      ['≥ 0.99', 'other', '—', null, null],
    ],
  )
})

test('names in the plot stand apart and inside it, however near the lines end', t => {
  const records = ['ours', 'a', 'b', 'c', 'd', 'e & f'].map((engine, at) =>
    point(engine, 's', 1, 1_000 + at, null),
  )
  const where = { cpu: 'CPU', cores: 2, flags: ['avx2'], node: '20' }
  const svg = plot(records, { about: 'all', where: where as never, ours: 'ours', k: 10 })
  const heights = [...svg.matchAll(/<text x="812" y="([\d.]+)"/g)].map(([, y]) => Number(y))
  t.is(heights.length, 6)
  heights.forEach((height, at) => {
    t.true(height > 60 && height < 520)
    if (at > 0) t.true(height - (heights[at - 1] as number) >= 17.9)
  })
  t.regex(svg, /e &#38; f/)
})

test('peers are named one by one, all or none', t => {
  t.deepEqual(peersNamed('none'), [])
  t.true(peersNamed('all')?.includes('zvec'))
  t.deepEqual(peersNamed('zvec,usearch,zvec'), ['zvec', 'usearch'])
  t.is(peersNamed('faiss'), undefined)
})
