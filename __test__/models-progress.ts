// Progress on the terminal.
import test from 'ava'
import { downloadProgress, progressBar } from '../src-ts/models/progress.js'

class Screen {
  text = ''
  constructor(
    readonly isTTY: boolean,
    readonly columns = 100,
  ) {}
  write(text: string) {
    this.text += text
  }
}

test('where no terminal is, nothing is written', t => {
  const screen = new Screen(false)
  const report = downloadProgress(screen)
  report({ file: 'model.safetensors', received: 1, total: 90_000_000 })
  report({ file: 'model.safetensors', received: 90_000_000, total: 90_000_000 })
  const bar = progressBar({ label: 'records', terminal: screen })
  bar.update(1, 2)
  bar.end()
  t.is(screen.text, '')
})

test('a large file has a line that is drawn over itself and ended once', t => {
  const screen = new Screen(true)
  const report = downloadProgress(screen)
  report({ file: 'model.safetensors', received: 0, total: 90_000_000 })
  report({ file: 'model.safetensors', received: 90_000_000, total: 90_000_000 })
  const [first = '', last = ''] = screen.text.split('\r').slice(1)
  t.true(first.startsWith(`model.safetensors  ${'░'.repeat(24)}  0 %  0.0/90.0 MB`), first)
  t.true(last.startsWith(`model.safetensors  ${'█'.repeat(24)}  100 %  90.0/90.0 MB`), last)
  t.is(screen.text.split('\n').length, 2)
  t.true(screen.text.endsWith('\x1b[K\n'))
})

test('small files have no line, and each large one has its own', t => {
  const screen = new Screen(true)
  const report = downloadProgress(screen)
  report({ file: 'config.json', received: 612, total: 612 })
  t.is(screen.text, '')
  for (const file of ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']) {
    report({ file, received: 2_000_000, total: 2_000_000 })
  }
  const lines = screen.text.trimEnd().split('\n')
  t.is(lines.length, 2)
  t.regex(lines[1] ?? '', /model-00002-of-00002\.safetensors/)
})

test('a line never wraps', t => {
  const screen = new Screen(true, 40)
  const bar = progressBar({ label: 'a label that is long', terminal: screen })
  bar.update(1, 3)
  bar.end()
  for (const line of screen.text.split('\r').slice(1)) {
    t.true(line.replace('\x1b[K', '').trimEnd().length < 40, line)
  }
})

test('work of unknown length is counted', t => {
  const screen = new Screen(true)
  const bar = progressBar({ label: 'records', terminal: screen })
  bar.update(7, undefined)
  t.regex(screen.text.replace('\x1b[K', ''), /^\rrecords {2}7 {2}\d+\/s$/)
})
