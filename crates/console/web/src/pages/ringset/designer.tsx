import { useId } from 'react'
import type { Schemas } from '../../api/client'
import { Numeric, Text } from '../../ui/fields'

type Draft = Schemas['CreateRingSet']
type Ring = Schemas['Ring']
type Gate = NonNullable<Ring['gate']>

const GATE: Gate = { min_judged_percent: 80, bake_hours: 24, max_failed_percent: 5, success: 'point', max_lost_percent: 2, max_data_age_hours: 12, observation_window_hours: 120 }
const ring = (name: string, percent: number, deferral_days: number, deadline_days: number, grace_days: number): Ring => ({ name, percent, groups: [], deferral_days, deadline_days, grace_days, gate: GATE })

/** The rings that Windows Autopatch starts with. */
export const USUAL: Draft = { name: '', rings: [ring('Test', 1, 0, 0, 0), ring('First', 4, 1, 2, 2), ring('Fast', 20, 5, 2, 2), ring('Broad', 70, 9, 5, 2), ring('Last', 5, 10, 3, 2)] }

/** Moves an entry by one place; the ends stay. */
export function moved<T>(list: readonly T[], at: number, by: -1 | 1): T[] {
  const next = [...list]
  const other = at + by
  const [a, b] = [next[at], next[other]]
  if (a === undefined || b === undefined) return next
  next[at] = b
  next[other] = a
  return next
}

/** Rings in order, each with its numbers. Order is changed by buttons, so a keyboard is enough. */
export function Designer({ draft, onChange }: { draft: Draft; onChange: (draft: Draft) => void }) {
  const nameId = useId()
  const set = (at: number, change: Partial<Ring>): void => onChange({ ...draft, rings: draft.rings.map((one, place) => (place === at ? { ...one, ...change } : one)) })
  const sum = draft.rings.reduce((total, one) => total + one.percent, 0)
  return (
    <div className="form">
      <div className="field">
        <label htmlFor={nameId}>Name of the set</label>
        <input id={nameId} value={draft.name} maxLength={64} required onChange={(event) => onChange({ ...draft, name: event.target.value })} />
      </div>
      <ol className="designer">
        {draft.rings.map((one, at) => (
          <li key={at}>
            <Text label="Ring" value={one.name} required max={64} onChange={(name) => set(at, { name })} />
            <Numeric label="Share %" value={one.percent} max={100} onChange={(percent) => set(at, { percent })} />
            <Numeric label="Opens after, days" value={one.deferral_days} max={30} onChange={(deferral_days) => set(at, { deferral_days })} />
            <Numeric label="Deadline, days" value={one.deadline_days} max={30} onChange={(deadline_days) => set(at, { deadline_days })} />
            <Numeric label="Grace, days" value={one.grace_days} max={7} onChange={(grace_days) => set(at, { grace_days })} />
            <Numeric label="Judged %" value={one.gate?.min_judged_percent ?? 80} max={100} onChange={(min_judged_percent) => set(at, { gate: { ...GATE, ...one.gate, min_judged_percent } })} />
            <Numeric label="Watched, hours" value={one.gate?.bake_hours ?? 24} max={2160} onChange={(bake_hours) => set(at, { gate: { ...GATE, ...one.gate, bake_hours } })} />
            <Numeric label="Failed, at most %" value={one.gate?.max_failed_percent ?? 5} max={99} onChange={(max_failed_percent) => set(at, { gate: { ...GATE, ...one.gate, max_failed_percent } })} />
            <Numeric label="Approvals" value={one.approvals?.needed ?? 0} max={5} onChange={(needed) => set(at, { approvals: needed === 0 ? null : { approvers: [], ...one.approvals, needed } })} />
            <div className="buttons">
              <button type="button" className="small" disabled={at === 0} aria-label={`Move ${one.name} up`} onClick={() => onChange({ ...draft, rings: moved(draft.rings, at, -1) })}>
                ↑
              </button>
              <button type="button" className="small" disabled={at === draft.rings.length - 1} aria-label={`Move ${one.name} down`} onClick={() => onChange({ ...draft, rings: moved(draft.rings, at, 1) })}>
                ↓
              </button>
              <button type="button" className="small" disabled={draft.rings.length <= 2} aria-label={`Remove ${one.name}`} onClick={() => onChange({ ...draft, rings: draft.rings.filter((_, place) => place !== at) })}>
                ✕
              </button>
            </div>
          </li>
        ))}
      </ol>
      <div className="buttons">
        <button type="button" disabled={draft.rings.length >= 15} onClick={() => onChange({ ...draft, rings: [...draft.rings, ring(`Ring ${draft.rings.length + 1}`, 0, 10, 3, 2)] })}>
          Add a ring
        </button>
        <span className={sum === 100 ? 'faint' : 'text-bad'}>Shares add up to {sum} %{sum === 100 ? '.' : '; they must be 100 %.'}</span>
      </div>
    </div>
  )
}
