// Recall against speed as SVG: one line for each engine through the settings that none of its others beats.
//
// Recall is drawn by the share that is missed, on a log scale, because from 0.99 to 0.999 is as far as from 0.9 to 0.99.
// Names stand beside the right edge, each as near the end of its line as its neighbours let it.

import { frontier } from './frontier.mjs'

const WIDTH = 960
const HEIGHT = 600
const AREA = { left: 84, top: 84, right: 790, bottom: 510 }
const RECALLS = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1]
/** Nothing missed has no logarithm; it is drawn as if so much were. */
const LEAST_MISSED = 0.0005
const LOWEST_RECALL = 0.5
const LABEL_HEIGHT = 18
/** Told apart by the colour-blind too (Okabe and Ito 2008). */
const OURS_COLOUR = '#d55e00'
const COLOURS = ['#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#555555']

/**
 * @param {readonly import('./frontier.mjs').Point[]} records
 * @param {{ about: string, where: ReturnType<typeof import('../machine.mjs').machine>, ours: string, k: number }} texts
 */
export function plot(records, { about, where, ours, k }) {
  const engines = [...new Set(records.map(({ engine }) => engine))]
  const lines = engines
    .map(engine => frontier(records.filter(record => record.engine === engine)))
    .map(points => points.filter(({ recall }) => recall >= LOWEST_RECALL))
    .filter(points => points.length > 0)
  const scale = scales(lines.flat())
  const others = engines.filter(engine => engine !== ours)
  const colour = engine =>
    engine === ours ? OURS_COLOUR : COLOURS[others.indexOf(engine) % COLOURS.length]
  // Ours is drawn last and so lies on top.
  lines.sort((a, b) => Number(a[0].engine === ours) - Number(b[0].engine === ours))
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="#333">`,
    `<title>recall@${k} against searches a second: ${escaped(about)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(
      AREA.left,
      34,
      `Searches a second by recall@${k}, one caller`,
      'font-size="18" font-weight="600"',
    ),
    text(
      AREA.left,
      56,
      `${about}; ${where.cpu}, ${where.cores} cores, ${instructions(where)}, Node.js ${where.node}`,
      'fill="#666"',
    ),
    ...grid(scale, k),
    ...lines.flatMap(points =>
      line(points, scale, colour(points[0].engine), points[0].engine === ours),
    ),
    ...labels(lines, scale, colour, ours),
    '</svg>',
  ].join('\n')}\n`
}

/** @typedef {{ x: (recall: number) => number, y: (qps: number) => number, recalls: number[], speeds: number[] }} Scale */

/** @param {readonly import('./frontier.mjs').Point[]} points @returns {Scale} */
function scales(points) {
  const miss = recall => Math.log(Math.max(1 - recall, LEAST_MISSED))
  const lowest = Math.min(0.9, ...points.map(({ recall }) => recall))
  const from = miss(Math.max(...RECALLS.filter(recall => recall <= lowest)))
  const to = miss(1)
  const speeds = points.map(({ qps }) => qps)
  const bottom = Math.log(Math.min(...speeds) / 1.15)
  const top = Math.log(Math.max(...speeds) * 1.15)
  return {
    x: recall => AREA.left + ((miss(recall) - from) / (to - from)) * (AREA.right - AREA.left),
    y: qps => AREA.bottom - ((Math.log(qps) - bottom) / (top - bottom)) * (AREA.bottom - AREA.top),
    recalls: RECALLS.filter(recall => miss(recall) <= from),
    speeds: roundNumbers(Math.exp(bottom), Math.exp(top)),
  }
}

/** 1, 2 and 5 with zeros. @param {number} from @param {number} to */
function roundNumbers(from, to) {
  const numbers = []
  for (let power = 0; 10 ** power <= to; power++) {
    for (const digit of [1, 2, 5]) numbers.push(digit * 10 ** power)
  }
  return numbers.filter(number => number >= from && number <= to)
}

/** @param {Scale} scale @param {number} k */
function grid({ x, y, recalls, speeds }, k) {
  const { left, right, top, bottom } = AREA
  return [
    ...recalls.flatMap(recall => [
      `<path d="M${round(x(recall))} ${top}V${bottom}" stroke="#e6e6e6"/>`,
      text(x(recall), bottom + 22, String(recall), 'text-anchor="middle"'),
    ]),
    ...speeds.flatMap(speed => [
      `<path d="M${left} ${round(y(speed))}H${right}" stroke="#e6e6e6"/>`,
      text(left - 10, y(speed) + 4, speed.toLocaleString('en'), 'text-anchor="end"'),
    ]),
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#999"/>`,
    text(
      (left + right) / 2,
      bottom + 52,
      `recall@${k} (further right is better)`,
      'text-anchor="middle"',
    ),
    `<text transform="translate(22 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">searches a second (higher is better)</text>`,
  ]
}

/** @param {readonly import('./frontier.mjs').Point[]} points @param {Scale} scale */
function line(points, { x, y }, colour, strong) {
  const path = points.map(({ recall, qps }) => `${round(x(recall))} ${round(y(qps))}`).join('L')
  return [
    `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="${strong ? 3.5 : 2}" stroke-linejoin="round"/>`,
    ...points.map(({ engine, variant, setting, recall, qps }) => {
      const name = `${[engine, variant, setting].filter(Boolean).join(', ')}: recall ${recall.toFixed(4)}, ${Math.round(qps)} searches/s`
      return `<circle cx="${round(x(recall))}" cy="${round(y(qps))}" r="${strong ? 4.5 : 3.5}" fill="${colour}"><title>${escaped(name)}</title></circle>`
    }),
  ]
}

/** Names at the ends of lines, moved apart where they would overlap. */
function labels(lines, { x, y }, colour, ours) {
  const ends = lines
    .map(points => points[points.length - 1])
    .map(({ engine, recall, qps }) => ({ engine, x: x(recall), y: y(qps) }))
    .sort((a, b) => a.y - b.y)
  const places = spread(ends.map(end => end.y))
  return ends.flatMap((end, at) => {
    const tone = colour(end.engine)
    const weight = end.engine === ours ? ' font-weight="700"' : ''
    return [
      `<path d="M${round(end.x + 6)} ${round(end.y)}L${AREA.right + 16} ${round(places[at])}" stroke="${tone}" stroke-dasharray="2 3" fill="none"/>`,
      text(AREA.right + 22, places[at] + 4, end.engine, `fill="${tone}"${weight}`),
    ]
  })
}

/** Rising heights, each as near to its own as a distance of one label allows. @param {number[]} heights */
function spread(heights) {
  /** Labels that touch form a block, which is centred on the heights they would have. */
  const blocks = []
  for (const height of heights) {
    let block = { sum: height, count: 1, top: height }
    for (
      let above = blocks.at(-1);
      above && above.top + above.count * LABEL_HEIGHT > block.top;
      above = blocks.at(-1)
    ) {
      blocks.pop()
      const count = above.count + block.count
      const sum = above.sum + block.sum - above.count * block.count * LABEL_HEIGHT
      block = { sum, count, top: sum / count }
    }
    blocks.push(block)
  }
  return blocks.flatMap(({ top, count }) =>
    Array.from({ length: count }, (_, at) => top + at * LABEL_HEIGHT),
  )
}

function instructions({ flags }) {
  const known = { amx_int8: 'AMX', avx512f: 'AVX-512', avx2: 'AVX2', asimd: 'NEON' }
  return Object.entries(known).find(([flag]) => flags.includes(flag))?.[1] ?? process.arch
}

function text(x, y, content, attributes = '') {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`
}

function round(/** @type {number} */ value) {
  return Math.round(value * 10) / 10
}

function escaped(/** @type {string} */ content) {
  return content.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
