// What it costs to bring a folder into a store: reading and splitting alone, by format; all of it, with the encoder; and once
// more when nothing has changed.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { downloadProgress, loadEncoder, open } from 'hippocamp'
import {
  DOCUMENT_SEPARATORS,
  ingest,
  loadFile,
  RecursiveCharacterTextSplitter,
} from 'hippocamp/documents'
import { FORMATS, writeDocuments } from './documents/files.mjs'
import { documents } from './texts.mjs'

const ROOT = resolve(import.meta.dirname, '..')

export const options = {
  kilobytes: { type: 'number', value: 'N', help: 'text in the folder, in kB', default: 3_000 },
  texts: {
    type: 'string',
    value: 'FILE',
    help: 'objects with title and text, one a line of JSON; the catalogue of the example where it is not there',
    default: resolve(
      ROOT,
      process.env.HIPPOCAMP_EVAL_DIR ?? '../shared',
      'data/scifact/corpus.jsonl',
    ),
  },
  encoder: {
    type: 'string',
    value: 'MODEL',
    help: 'name or folder of the model',
    default: 'sentence-transformers/all-MiniLM-L6-v2',
  },
}

export async function run({ kilobytes, texts, encoder: model }) {
  const encoder = await loadEncoder(model, { onProgress: downloadProgress() })
  mkdirSync(join(ROOT, '.hippocamp'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.hippocamp', 'bench-'))
  try {
    const files = join(folder, 'files')
    writeDocuments(files, sections(kilobytes * 1_000, texts))
    const parsed = []
    for (const format of Object.keys(FORMATS)) parsed.push(await parse(join(files, format), format))
    const store = await open(join(folder, 'store.db'), { encoder })
    const collection = store.collection('docs')
    const rows = []
    for (const run of ['first', 'second']) {
      const { added, skipped, failed, chunks, bytes, ms } = await ingest(files, {
        collection,
        encoder,
      })
      if (failed.length > 0) throw failed[0].error
      const rates = { megabytes: bytes / 1e3 / ms, chunksPerSecond: (1_000 * chunks) / ms }
      rows.push({ run, added, skipped, encoded: chunks, seconds: ms / 1_000, ...rates })
    }
    await store.close()
    return [
      {
        key: 'parse',
        title: 'reading, cleaning and splitting alone, chunks of 1,000 characters; MB of text',
        columns: {
          format: 'format',
          files: 'files',
          chunks: 'chunks',
          bytesOnDisk: 'kB on disk',
          megabytes: { title: 'MB/s', digits: 1 },
          chunksPerSecond: 'chunks/s',
        },
        rows: parsed,
      },
      {
        key: 'ingest',
        title: `the whole ingest into a durable store, with ${encoder.name}; MB of files`,
        columns: {
          run: 'run',
          added: 'added',
          skipped: 'skipped',
          encoded: 'encoded',
          seconds: { title: 'seconds', digits: 2 },
          megabytes: { title: 'MB/s', digits: 2 },
          chunksPerSecond: { title: 'chunks/s', digits: 1 },
        },
        rows,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function parse(folder, format) {
  const splitter = new RecursiveCharacterTextSplitter({ separators: DOCUMENT_SEPARATORS })
  const names = existsSync(folder) ? readdirSync(folder) : []
  let [bytes, bytesOnDisk, chunks, ms] = [0, 0, 0, 0]
  for (const [at, name] of [...names.slice(0, 1), ...names].entries()) {
    const start = performance.now()
    const found = await loadFile(join(folder, name))
    const split = await Promise.all(found.map(({ text }) => splitter.split(text)))
    if (at === 0) continue // which loads the format's library
    ms += performance.now() - start
    chunks += split.flat().length
    bytes += found.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
    bytesOnDisk += readFileSync(join(folder, name)).length / 1_000
  }
  return {
    format,
    files: names.length,
    chunks,
    bytesOnDisk,
    megabytes: bytes / 1e3 / ms,
    chunksPerSecond: (1_000 * chunks) / ms,
  }
}

/** Titles with texts, about so many bytes of them. */
function sections(bytes, file) {
  const all = existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    : documents(Math.ceil(bytes / 600)).map((text, at) => ({ title: `Section ${at + 1}`, text }))
  let size = 0
  const end = all.findIndex(({ title, text }) => {
    size += title.length + text.length
    return size >= bytes
  })
  return end < 0 ? all : all.slice(0, end + 1)
}
