/* A plan as it is being changed, and the smallest request that says so. */
import type { Schemas } from '../api/client'
import { cli } from './commands'

type Ring = Schemas['Ring']

export interface PlanDraft {
  starts_at: string
  on_gate_failure: Schemas['OnGateFailure']
  rings: Ring[]
}

export const planDraft = (revision: Schemas['PlanRevision']): PlanDraft => ({ starts_at: revision.starts_at, on_gate_failure: revision.on_gate_failure, rings: revision.rings })

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What of `after` is otherwise than in `before`, as RFC 7396 merges it; none: nothing. */
export function mergePatch(before: Json, after: Json): Json | undefined {
  const patch: Json = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name] ?? null, after[name] ?? null]
    if (isObject(was) && isObject(is)) {
      const inner = mergePatch(was, is)
      if (inner !== undefined) patch[name] = inner
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      patch[name] = is
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

export function planBody(from: Schemas['PlanRevision'], draft: PlanDraft, reason: string, validate_only: boolean): Schemas['RevisePlan'] {
  const rings: Record<string, Json> = {}
  draft.rings.forEach((ring, at) => {
    const was = from.rings[at]
    const patch = was && mergePatch(was as unknown as Json, ring as unknown as Json)
    if (patch) rings[was.name] = patch
  })
  return {
    revision: from.revision,
    reason,
    validate_only,
    ...(draft.starts_at === from.starts_at ? {} : { starts_at: draft.starts_at }),
    ...(draft.on_gate_failure === from.on_gate_failure ? {} : { on_gate_failure: draft.on_gate_failure }),
    ...(Object.keys(rings).length === 0 ? {} : { rings: rings as never }),
  }
}

export const saysSomething = (body: Schemas['RevisePlan']): boolean => body.starts_at != null || body.on_gate_failure != null || Object.keys(body.rings ?? {}).length > 0

/** `--set Fast.gate.bake_hours=48` for each value. */
export function planCommand(rollout: string, body: Schemas['RevisePlan']): string {
  const flags: string[] = []
  const walk = (path: string, value: unknown): void => {
    if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) walk(`${path}.${name}`, inner)
    } else {
      flags.push('--set', `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    }
  }
  if (body.starts_at != null) walk('starts_at', body.starts_at)
  if (body.on_gate_failure != null) walk('on_gate_failure', body.on_gate_failure)
  for (const [ring, fields] of Object.entries(body.rings ?? {})) walk(ring, fields)
  return cli('rollout', 'edit', rollout, ...flags, '--reason', body.reason || '…')
}
