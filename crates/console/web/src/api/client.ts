/* The one door to the API. Paths, parameters and bodies are typed from docs/openapi.json. */
import type { components, paths } from './schema'
import { heard } from '../lib/clock'

export type Schemas = components['schemas']
export type Problem = Schemas['Problem']

/** The service refused, or could not be reached (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail || problem.title)
    this.name = 'ApiError'
  }
  /** Nobody answered: what is on screen may be old, and nothing was changed that we know of. */
  get unreachable(): boolean {
    return this.status === 0
  }
}

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete'
type PathsWith<V extends Verb> = {
  [P in keyof paths]: paths[P] extends { [K in V]: object } ? P : never
}[keyof paths]
type Operation<P extends keyof paths, V extends Verb> = V extends keyof paths[P] ? NonNullable<paths[P][V]> : never
type Content<T> = T extends { content: { 'application/json': infer B } } ? B : never
type Answers<O> = O extends { responses: infer R } ? R : never
type Good<R> = {
  [S in keyof R]: S extends 200 | 201 | 202 ? Content<R[S]> : never
}[keyof R]
export type Answer<P extends keyof paths, V extends Verb> = Good<Answers<Operation<P, V>>>
type Body<O> = O extends { requestBody?: infer B } ? Content<NonNullable<B>> : never
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never

export interface Params {
  /** Whatever is there is meant, whatever was read of it before: an act out of a list. */
  whatever?: true
  path?: Record<string, string | number>
  signal?: AbortSignal
}

/** Fills `{tenant}` and the like, and appends what was given of the query. */
export function address(path: string, params: Params['path'], query?: object): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params?.[name] ?? '')))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `${filled}?${text}` : filled
}

const tags = new Map<string, string>()
const unreachable: Problem = {
  type: '/problems/unreachable',
  title: 'The service does not answer',
  status: 0,
  detail: 'The service does not answer. What is shown may be old.',
  code: 'unreachable',
}

/** One request; throws `ApiError`. Keeps the `ETag` of what was read, for `If-Match` later. */
export async function request(verb: string, url: string, body?: unknown, options: RequestInit = {}): Promise<unknown> {
  const headers = new Headers(options.headers)
  headers.set('Accept', 'application/json')
  headers.set('X-Requested-With', 'concentric')
  if (body !== undefined) headers.set('Content-Type', 'application/json')
  const changes = verb === 'PUT' || verb === 'PATCH' || verb === 'DELETE'
  const known = tags.get(url.split('?')[0] ?? url)
  if (changes && known !== undefined && !headers.has('If-Match')) headers.set('If-Match', known)
  if (verb === 'POST' && !headers.has('Idempotency-Key')) headers.set('Idempotency-Key', crypto.randomUUID())
  let response: Response
  try {
    response = await fetch(url, {
      ...options,
      method: verb,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(0, unreachable)
  }
  heard(response.headers.get('concentric-time'))
  const tag = response.headers.get('etag')
  if (tag && verb === 'GET') tags.set(url.split('?')[0] ?? url, tag)
  if (response.ok) return response.status === 204 ? undefined : readJson(response)
  // Out of a list, whose items have no tags of their own: whatever is there is meant.
  if (response.status === 428 && changes && !headers.has('If-Match')) {
    headers.set('If-Match', '*')
    return request(verb, url, body, { ...options, headers })
  }
  throw new ApiError(response.status, await problemOf(response))
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text()
  return text === '' ? undefined : JSON.parse(text)
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem>
    if (typeof body.title === 'string') return { detail: '', code: '', type: '', status: response.status, ...body } as Problem
  } catch {
    /* Not JSON: a proxy answered. */
  }
  const gateway = response.status >= 502 && response.status <= 504
  return gateway
    ? { ...unreachable, status: response.status }
    : { ...unreachable, status: response.status, title: `The request failed (${response.status})`, detail: response.statusText, code: 'failed' }
}

export function get<P extends PathsWith<'get'>>(
  path: P,
  params: Params & { query?: Query<Operation<P, 'get'>> } = {},
): Promise<Answer<P, 'get'>> {
  const options = params.signal ? { signal: params.signal } : {}
  return request('GET', address(path, params.path, params.query as object), undefined, options) as Promise<Answer<P, 'get'>>
}

type Change = 'post' | 'put' | 'patch' | 'delete'

export function send<V extends Change, P extends PathsWith<V>>(
  verb: V,
  path: P,
  params: Params & { body?: Body<Operation<P, V>>; query?: Query<Operation<P, V>> } = {},
): Promise<Answer<P, V>> {
  const url = address(path, params.path, params.query as object)
  const options = params.whatever ? { headers: { 'If-Match': '*' } } : {}
  return request(verb.toUpperCase(), url, params.body, options) as Promise<Answer<P, V>>
}
