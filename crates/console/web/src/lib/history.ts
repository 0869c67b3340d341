/* Counts over time, out of what every decision recorded as seen. */
import type { Schemas } from '../api/client'

export interface Point {
  at: number
  /** Offered at some time, and not taken back. */
  offered: number
  confirmed: number
  failed: number
  lost: number
}

export interface Mark {
  at: number
  kind: string
  text: string
}

type Tally = Partial<Record<string, number>>

function pointOf(at: number, tally: Tally): Point {
  const sum = (...names: string[]): number => names.reduce((total, name) => total + (tally[name] ?? 0), 0)
  return {
    at,
    offered: sum('offered', 'unresolved', 'installing', 'installed', 'lost', 'confirmed', 'failed', 'removing', 'removed', 'stranded'),
    confirmed: sum('confirmed'),
    failed: sum('failed'),
    lost: sum('lost'),
  }
}

function tallies(body: unknown): Tally[] | undefined {
  const evidence = (body as { evidence?: { observations?: { rings?: { tally?: Tally }[] } } } | null)?.evidence
  return evidence?.observations?.rings?.map((ring) => ring.tally ?? {})
}

/** The points of one ring, and now. Without a ring: of all together. */
export function burnUp(events: readonly Schemas['Event'][], rollout: Schemas['Rollout'], ring: number | undefined, now: number): Point[] {
  const points: Point[] = []
  const add = (at: number, rings: readonly Tally[]): void => {
    const chosen = ring === undefined ? rings : rings.slice(ring, ring + 1)
    const total: Tally = {}
    for (const one of chosen) for (const [name, devices] of Object.entries(one)) total[name] = (total[name] ?? 0) + (devices ?? 0)
    const point = pointOf(at, total)
    const before = points.at(-1)
    if (point.offered === 0 && !before) return
    points.push(point)
  }
  for (const event of events) {
    const rings = tallies(event.body)
    if (rings) add(Date.parse(event.at), rings)
  }
  add(Math.max(now, points.at(-1)?.at ?? 0), rollout.rings.map((one) => one.states))
  return points
}

/** Judged so far against failed so far, oldest first, over the rings opened. */
export function failurePath(points: readonly Point[]): { devices: number; failures: number }[] {
  const path: { devices: number; failures: number }[] = []
  for (const point of points) {
    const next = { devices: point.offered, failures: point.failed }
    const before = path.at(-1)
    if (before && before.devices === next.devices && before.failures === next.failures) continue
    path.push(next)
  }
  return path
}

const MARKS = new Set(['paused', 'resumed', 'ring_opened', 'rollback_started', 'completed', 'rolled_back', 'segment_held', 'promoted'])

export function marks(events: readonly Schemas['Event'][]): Mark[] {
  return events.filter((event) => MARKS.has(event.kind)).map((event) => ({ at: Date.parse(event.at), kind: event.kind, text: event.text }))
}
