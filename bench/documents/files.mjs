// A folder of documents for the bench: the same kind of text as Markdown, HTML, CSV, PDF and DOCX. PDF and DOCX are written by
// hand, as plainly as their standards allow.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { zip } from './zip.mjs'

/** Sections in a file: about 20 kB of text. */
const SECTIONS = 20
const LINES_ON_PAGE = 50
const COLUMNS = 90

/** @typedef {{ title: string, text: string }} Section */

/** @type {Record<string, (title: string, sections: Section[]) => string | Buffer>} */
export const FORMATS = { md: markdown, html, csv, pdf, docx }

/**
 * Writes files of every format in turn, until the sections are used up.
 * @param {string} folder @param {Section[]} sections
 */
export function writeDocuments(folder, sections) {
  const formats = Object.keys(FORMATS)
  for (let from = 0, file = 0; from < sections.length; from += SECTIONS, file++) {
    const format = formats[file % formats.length]
    const title = `Volume ${file + 1}`
    mkdirSync(join(folder, format), { recursive: true })
    const content = FORMATS[format](title, sections.slice(from, from + SECTIONS))
    writeFileSync(join(folder, format, `volume-${file + 1}.${format}`), content)
  }
}

function markdown(title, sections) {
  return `# ${title}\n\n${sections.map(({ title, text }) => `## ${title}\n\n${text}\n`).join('\n')}`
}

function html(title, sections) {
  const body = sections.map(
    ({ title, text }) => `<h2>${escaped(title)}</h2>\n<p>${escaped(text)}</p>`,
  )
  return `<!doctype html><html><head><title>${title}</title><style>p { margin: 1em }</style></head>
<body><nav><ul><li>Home</li></ul></nav><h1>${title}</h1>\n${body.join('\n')}</body></html>`
}

function csv(_, sections) {
  const cell = text => `"${text.replaceAll('"', '""')}"`
  return `title,text\n${sections.map(({ title, text }) => `${cell(title)},${cell(text)}`).join('\n')}\n`
}

function docx(title, sections) {
  const paragraph = (text, style) =>
    `<w:p>${style ? `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>` : ''}<w:r><w:t xml:space="preserve">${escaped(text)}</w:t></w:r></w:p>`
  const body = sections.map(({ title, text }) => paragraph(title, 'Heading2') + paragraph(text))
  const office = 'http://schemas.openxmlformats.org'
  return zip({
    '[Content_Types].xml': `<?xml version="1.0"?><Types xmlns="${office}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
    '_rels/.rels': `<?xml version="1.0"?><Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="r1" Type="${office}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
    'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="${office}/wordprocessingml/2006/main"><w:body>${paragraph(title, 'Heading1')}${body.join('')}</w:body></w:document>`,
  })
}

function pdf(title, sections) {
  const lines = [title, ...sections.flatMap(({ title, text }) => [title, ...wrapped(text), ''])]
  const pages = Array.from({ length: Math.ceil(lines.length / LINES_ON_PAGE) }, (_, at) =>
    lines.slice(at * LINES_ON_PAGE, (at + 1) * LINES_ON_PAGE),
  )
  const kids = pages.map((_, at) => `${4 + 2 * at} 0 R`).join(' ')
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Count ${pages.length}/Kids[${kids}]>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>',
  ]
  for (const [at, page] of pages.entries()) {
    const shown = page.map(line => `(${latin(line).replaceAll(/[\\()]/g, '\\$&')}) Tj T*`)
    const stream = deflateSync(
      Buffer.from(`BT /F1 10 Tf 14 TL 50 790 Td\n${shown.join('\n')}\nET`, 'latin1'),
    )
    objects.push(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents ${5 + 2 * at} 0 R>>`,
      Buffer.concat([
        Buffer.from(`<</Length ${stream.length}/Filter/FlateDecode>>\nstream\n`),
        stream,
        Buffer.from('\nendstream'),
      ]),
    )
  }
  return pdfFile(objects)
}

/** @param {(string | Buffer)[]} objects the first of which is the catalogue */
function pdfFile(objects) {
  const parts = [Buffer.from('%PDF-1.4\n')]
  const offsets = []
  let length = parts[0].length
  const push = (/** @type {string | Buffer} */ part) => {
    parts.push(Buffer.from(part))
    length += Buffer.byteLength(part)
  }
  for (const [at, object] of objects.entries()) {
    offsets.push(length)
    push(`${at + 1} 0 obj\n`)
    push(object)
    push('\nendobj\n')
  }
  const start = length
  const entries = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  push(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}`)
  push(`trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`)
  return Buffer.concat(parts)
}

/** @param {string} text */
function wrapped(text) {
  return text.match(new RegExp(`.{1,${COLUMNS}}(?:\\s|$)|\\S+`, 'g')) ?? []
}

/** The font has no other characters. @param {string} text */
function latin(text) {
  return text.replaceAll(/[^\x20-\xff]/g, '?')
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
