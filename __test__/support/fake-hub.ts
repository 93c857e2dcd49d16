/**
 * A model hub on 127.0.0.1 that speaks the real one's protocol: the model-info call, small files with git blob ids as
 * ETags, large files by a redirect to another origin, ranges. It can be told to misbehave.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { type Files, gitBlobId, sha256 } from './tiny-model.js'

export const COMMIT = '0123456789abcdef0123456789abcdef01234567'

export interface Seen {
  /** `hub` or `storage`, the origin that large files come from. */
  readonly server: 'hub' | 'storage'
  readonly method: string
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

export interface Misbehaviour {
  /** Status of every answer to the model-info call. */
  infoStatus?: number
  /** Never answers the model-info call. */
  silent?: boolean
  /** The listing has names only. */
  namesOnly?: boolean
  /** Answers a range with the whole file. */
  ignoresRange?: boolean
  /** Breaks the connection after so many bytes, one entry for each request of that file. */
  cuts?: Record<string, number[]>
  /** Statuses given to requests of a file before it is sent, one entry for each request. */
  refusals?: Record<string, number[]>
  /** What is sent in place of a file's content. */
  lies?: Record<string, Buffer>
  /** Sends so many bytes and then nothing, one entry for each request of that file. */
  stalls?: Record<string, number[]>
  /** Where large files are redirected to. */
  redirectTo?: string
}

export class FakeHub {
  readonly seen: Seen[] = []
  behaviour: Misbehaviour = {}
  #storageAddress = ''

  private constructor(
    readonly id: string,
    readonly files: Files,
    readonly address: string,
  ) {}

  /** Starts a hub which has one model. Files of 1,000 bytes and more are large. */
  static async start(t: ExecutionContext, id: string, files: Files): Promise<FakeHub> {
    let hub: FakeHub | undefined
    const address = await listen(t, (request, response) => hub?.answer(request, response))
    hub = new FakeHub(id, files, address)
    hub.#storageAddress = await listen(t, (request, response) =>
      hub?.answerStored(request, response),
    )
    return hub
  }

  /** Requests for a file, to both origins. */
  requestsOf(file: string): Seen[] {
    return this.seen.filter(({ path }) => path.endsWith(`/${file}`))
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#note('hub', request)
    const { pathname } = new URL(request.url ?? '', this.address)
    const info = `/api/models/${this.id}/revision/`
    if (pathname.startsWith('/api/models/')) {
      if (this.behaviour.silent) return
      const revision = decodeURIComponent(pathname.slice(info.length))
      const known = pathname.startsWith(info) && [COMMIT, 'main', 'refs/pr/1'].includes(revision)
      const status = this.behaviour.infoStatus ?? (known ? 200 : 404)
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(status === 200 ? this.#listing() : { error: 'no' }))
      return
    }
    const prefix = `/${this.id}/resolve/${COMMIT}/`
    const file = decodeURIComponent(pathname.slice(prefix.length))
    const content = pathname.startsWith(prefix) ? this.files[file] : undefined
    if (content === undefined) {
      response.writeHead(404).end()
      return
    }
    if (content.length < 1000) {
      response.setHeader('etag', `"${gitBlobId(content)}"`)
      this.#send(file, content, request, response)
      return
    }
    response.writeHead(302, {
      location: this.behaviour.redirectTo ?? `${this.#storageAddress}/objects/${file}`,
      'x-linked-etag': `"${sha256(content)}"`,
      'x-linked-size': content.length,
    })
    response.end()
  }

  answerStored(request: IncomingMessage, response: ServerResponse): void {
    this.#note('storage', request)
    const file = (request.url ?? '').slice('/objects/'.length)
    const content = this.files[file]
    if (content === undefined) response.writeHead(404).end()
    else this.#send(file, content, request, response)
  }

  #listing() {
    return {
      id: this.id,
      sha: COMMIT,
      siblings: Object.entries(this.files).map(([rfilename, content]) => {
        if (this.behaviour.namesOnly) return { rfilename }
        const lfs = { sha256: sha256(content), size: content.length, pointerSize: 130 }
        const common = { rfilename, size: content.length, blobId: gitBlobId(content) }
        return content.length < 1000 ? common : { ...common, lfs }
      }),
    }
  }

  #send(file: string, honest: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.behaviour.refusals?.[file]?.shift()
    if (refusal !== undefined) {
      response.writeHead(refusal).end()
      return
    }
    const content = this.behaviour.lies?.[file] ?? honest
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    const start = range === undefined || this.behaviour.ignoresRange ? 0 : Number(range)
    if (start >= content.length && start > 0) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
      return
    }
    const body = content.subarray(start)
    if (start > 0) {
      response.statusCode = 206
      response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`)
    }
    response.setHeader('content-length', body.length)
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    const stall = this.behaviour.stalls?.[file]?.shift()
    if (stall !== undefined) {
      response.write(body.subarray(0, stall))
      return
    }
    const cut = this.behaviour.cuts?.[file]?.shift()
    if (cut === undefined) response.end(body)
    else {
      // What the client has not taken when the connection breaks is lost to it: a busy machine needs a moment.
      const moment = cut > 0 ? 1_000 : 20
      response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), moment))
    }
  }

  #note(server: Seen['server'], request: IncomingMessage): void {
    const { range, authorization } = request.headers
    const { method = '', url = '' } = request
    this.seen.push({ server, method, path: url.split('?')[0] ?? '', range, authorization })
  }
}

async function listen(
  t: ExecutionContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
