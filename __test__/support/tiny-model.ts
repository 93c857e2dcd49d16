/** A model folder of a few hundred kilobytes: whole by its files, not by its numbers. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'

export type Files = Readonly<Record<string, Buffer>>

/** Files of a sentence-transformers model; the weights are `size` bytes that depend on `seed`. */
export function tinyModel(seed = 1, size = 300_000): Files {
  const weights = Buffer.alloc(size)
  for (let i = 0, state = seed; i < size; i++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    weights[i] = state >> 16
  }
  return {
    'config.json': json({ model_type: 'bert' }),
    'tokenizer.json': json({ version: '1.0' }),
    'modules.json': json([
      { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
      { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    ]),
    '1_Pooling/config.json': json({ pooling_mode_mean_tokens: true }),
    'model.safetensors': weights,
  }
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hippocamp-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

export function gitBlobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value, null, 2))
}
