// Shows how far a long step is: one line that is redrawn in a terminal, a plain line every quarter elsewhere.

const BAR = 30

/**
 * @param {string} label
 * @param {{ isTTY?: boolean, write(text: string): unknown }} [stream]
 * @returns {(done: number, total: number) => void} tell it how many are done, and of how many
 */
export function progress(label, stream = process.stdout) {
  let quarter = 0
  return (done, total) => {
    const share = total === 0 ? 1 : done / total
    if (stream.isTTY) {
      const filled = Math.round(share * BAR)
      const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled)
      stream.write(`\r  ${label}  ${bar}  ${done} of ${total}${done === total ? '\n' : ''}`)
    } else if (Math.floor(share * 4) > quarter) {
      quarter = Math.floor(share * 4)
      stream.write(`  ${label}  ${done} of ${total}\n`)
    }
  }
}
