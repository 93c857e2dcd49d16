// The Cargo workspace as cargo sees it.
import { execFileSync } from 'node:child_process'
import { root } from './sources.js'

export interface Crate {
  /** Without the `hippocamp-` prefix. */
  name: string
  version: string
  /** Names of the crates which it declares, of every kind: normal, build and test. */
  dependencies: string[]
  /** The root files of its library and programs, relative to the project's root. */
  roots: string[]
}

interface Metadata {
  packages: {
    id: string
    name: string
    version: string
    dependencies: { name: string }[]
    targets: { kind: string[]; src_path: string }[]
  }[]
  workspace_members: string[]
  resolve: {
    nodes: { id: string; deps: { pkg: string; dep_kinds: { kind: string | null }[] }[] }[]
  }
}

let metadata: Metadata | undefined

/** The workspace's own crates. */
export function crates(): Crate[] {
  const { packages, workspace_members } = load()
  return packages
    .filter(({ id }) => workspace_members.includes(id))
    .map(({ name, version, dependencies, targets }) => ({
      name: own(name),
      version,
      dependencies: dependencies.map(dependency => own(dependency.name)),
      roots: targets
        .filter(({ kind }) => kind.some(kind => ['lib', 'cdylib', 'bin'].includes(kind)))
        .map(({ src_path }) => src_path.slice(root.length + 1).replaceAll('\\', '/')),
    }))
}

/** Every crate that is linked into the addon, by name. */
export function linkedCrates(): Set<string> {
  const { packages, resolve } = load()
  const nameOf = new Map(packages.map(({ id, name }) => [id, name]))
  const nodeOf = new Map(resolve.nodes.map(node => [node.id, node]))
  const linked = new Set<string>()
  const visit = (id: string) => {
    const name = nameOf.get(id) ?? id
    if (linked.has(name)) return
    linked.add(name)
    for (const { pkg, dep_kinds } of nodeOf.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg)
    }
  }
  visit(packages.find(({ name }) => name === 'hippocamp-node')?.id ?? '')
  return linked
}

function load(): Metadata {
  metadata ??= JSON.parse(
    execFileSync('cargo', ['metadata', '--format-version', '1', '--locked'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    }),
  ) as Metadata
  return metadata
}

function own(name: string): string {
  return name.replace(/^hippocamp-/, '')
}
