/** Programs in processes of their own. */
import { execFile } from 'node:child_process'
import { root } from './sources.js'

/** How a program ended. */
export interface Ending {
  status: number | null
  signal: string | null
  out: string
  err: string
}

/** Runs a program with what the package exports, and a path. */
export async function runProgram(
  path: string,
  code: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Ending> {
  const program = `import { configure, HippocampError, loadEncoder, open } from 'hippocamp'\nconst path = process.argv[1]\n${code}`
  const args = ['--expose-gc', '--input-type=module', '--eval', program, path]
  return new Promise(resolve => {
    const options = { cwd: root, env: { ...process.env, ...env } }
    const child = execFile(process.execPath, args, options, (_, out, err) => {
      resolve({ status: child.exitCode, signal: child.signalCode, out, err })
    })
  })
}
