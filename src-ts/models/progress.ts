/** Progress of long work on the terminal: one line that is drawn over itself, and nothing at all where no terminal is. */

/** How far a file is. */
export interface ModelProgress {
  /** Name of the file, or of the package that carries the model. */
  readonly file: string
  /** Bytes that are there, those of an earlier attempt included. */
  readonly received: number
  /** Bytes of the whole, if known. */
  readonly total: number | undefined
}

export type OnProgress = (progress: ModelProgress) => void

/** What a bar draws on; `process.stderr` is one. */
export interface Terminal {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface ProgressBarOptions {
  readonly label: string
  /**
   * `bytes` are shown as MB.
   * @default 'items'
   */
  readonly unit?: 'items' | 'bytes'
  /** @default process.stderr */
  readonly terminal?: Terminal
}

export interface ProgressBar {
  /** Draws, at most ten times a second. */
  update(done: number, total: number | undefined): void
  /** Draws the last state and ends the line. */
  end(): void
}

const DRAW_EVERY = 100
const WIDTH = 24
const DEFAULT_COLUMNS = 80

/** A bar for work that is counted. */
export function progressBar(options: ProgressBarOptions): ProgressBar {
  const { label, unit = 'items', terminal = process.stderr } = options
  if (terminal.isTTY !== true) return { update() {}, end() {} }
  const started = performance.now()
  let drawn = Number.NEGATIVE_INFINITY
  let state: readonly [done: number, total: number | undefined] = [0, undefined]
  const draw = () => {
    drawn = performance.now()
    const line = renderBar(label, unit, ...state, (drawn - started) / 1000)
    terminal.write(`\r${line.slice(0, (terminal.columns ?? DEFAULT_COLUMNS) - 1)}\x1b[K`)
  }
  return {
    update(done, total) {
      state = [done, total]
      if (performance.now() - drawn >= DRAW_EVERY) draw()
    },
    end() {
      draw()
      terminal.write('\n')
    },
  }
}

/** Shows the progress of `fetchModel`, a line for each large file. */
export function downloadProgress(terminal: Terminal = process.stderr): OnProgress {
  const smallest = 1_000_000
  let current: { file: string; bar: ProgressBar } | undefined
  return ({ file, received, total }) => {
    if (total !== undefined && total < smallest) return
    if (current?.file !== file) {
      current?.bar.end()
      current = { file, bar: progressBar({ label: file, unit: 'bytes', terminal }) }
    }
    current.bar.update(received, total)
    if (received === total) {
      current.bar.end()
      current = undefined
    }
  }
}

/** `label  ██████░░░░  60 %  54.5/90.9 MB  12.3 MB/s` */
function renderBar(
  label: string,
  unit: 'items' | 'bytes',
  done: number,
  total: number | undefined,
  seconds: number,
): string {
  const show = (amount: number) =>
    unit === 'bytes' ? (amount / 1e6).toFixed(1) : Math.round(amount).toString()
  const suffix = unit === 'bytes' ? ' MB' : ''
  const speed = seconds > 0 ? `  ${show(done / seconds)}${suffix}/s` : ''
  if (total === undefined || total <= 0) return `${label}  ${show(done)}${suffix}${speed}`
  const part = Math.min(1, done / total)
  const filled = Math.round(part * WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
  const percent = Math.floor(part * 100)
  return `${label}  ${bar}  ${percent} %  ${show(done)}/${show(total)}${suffix}${speed}`
}
