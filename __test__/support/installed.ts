// The package as a user gets it: packed, then installed from its tarballs into an empty project.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { pack } from '../../scripts/pack.mjs'
import { capture, npm } from '../../scripts/run.mjs'
import { root } from './sources.js'

export interface Project {
  folder: string
  /** Where the addon of this platform was installed. */
  platformPackage: string
  /** Writes a program, by a name that may have folders in it, and runs it there; resolves to what it prints. */
  run(name: string, code: string): Promise<string>
  /**
   * Checks the types of programs, by name, as strictly as tsc can; resolves to its complaints.
   * @param options compiler options that are others
   */
  typeErrors(programs: Record<string, string>, options?: object): Promise<string>
  remove(): void
}

/**
 * Nothing is fetched: the tarballs are all there is.
 * @param peers packages that the project has too, as the tests have them; `name@alias` is what the tests have as `alias`
 */
export async function install(peers: readonly string[] = []): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'hippocamp-installed-'))
  const { main, platform } = await pack(folder)
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }
  write('package.json', JSON.stringify({ name: 'somebody', private: true }))
  const command = npm('install', '--offline', '--no-audit', '--no-fund', main.path, platform.path)
  await capture(command, { cwd: folder })
  for (const peer of peers) {
    const [, name = '', alias = name] = /^(@?[^@]+)(?:@(.+))?$/.exec(peer) ?? []
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(join(root, 'node_modules', alias), path, 'junction')
  }

  return {
    folder,
    platformPackage: join(folder, 'node_modules', platform.name),
    run(name, code) {
      const path = write(name, code)
      return node(dirname(path), path)
    },
    async typeErrors(programs, options) {
      for (const [name, text] of Object.entries(programs)) write(name, text)
      write(
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: { ...STRICT, ...options },
          files: Object.keys(programs),
        }),
      )
      return node(folder, join(root, 'node_modules/typescript/bin/tsc')).catch(
        error => error.stdout,
      )
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function node(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd })
  return stdout
}

const STRICT = {
  module: 'node16',
  target: 'es2022',
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
}
