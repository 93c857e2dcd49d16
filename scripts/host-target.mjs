// The triple of this machine. The napi CLI always builds for a named target; whoever names the same one to cargo shares what
// is compiled, SQLite and the tokenizers above all.
import { execFileSync } from 'node:child_process'

/** `x86_64-unknown-linux-gnu`, say. */
export function hostTarget() {
  const [, triple] =
    /^host: (\S+)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' })) ?? []
  if (!triple) throw new Error('rustc -vV does not name its host: install Rust again')
  return triple
}
