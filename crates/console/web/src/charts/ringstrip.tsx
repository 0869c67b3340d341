import { Link } from '@tanstack/react-router'
import type { Schemas } from '../api/client'
import { count, percent } from '../lib/format'
import { ringLook } from '../lib/states'
import { State } from '../ui/basics'

interface Part {
  name: string
  devices: number
}

/** What the bar of a ring is made of, in order. */
export function parts(ring: Schemas['RolloutRing']): Part[] {
  const all: Part[] = [
    { name: 'confirmed', devices: ring.confirmed },
    { name: 'removed', devices: (ring.states.removed ?? 0) + (ring.states.removing ?? 0) },
    { name: 'in-flight', devices: ring.in_flight },
    { name: 'failed', devices: ring.failed },
    { name: 'lost', devices: ring.lost },
  ]
  return all.filter((part) => part.devices > 0)
}

export function Bar({ ring, tall = false }: { ring: Schemas['RolloutRing']; tall?: boolean }) {
  const of = Math.max(ring.eligible, 1)
  return (
    <svg className={tall ? 'bar tall' : 'bar'} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect className="part-rest" x="0" y="0" width="100" height="8" />
      {
        parts(ring).reduce<{ x: number; drawn: React.ReactNode[] }>(
          ({ x, drawn }, part) => {
            // A single failed device must be seen in a ring of thousands.
            const wide = Math.max((100 * part.devices) / of, 0.8)
            const width = Math.min(wide, 100 - x)
            return { x: x + width, drawn: [...drawn, <rect key={part.name} className={`part-${part.name}`} x={x} y="0" width={width} height="8" />] }
          },
          { x: 0, drawn: [] },
        ).drawn
      }
    </svg>
  )
}

export function ringSentence(ring: Schemas['RolloutRing']): string {
  const bad = [ring.failed ? `${count(ring.failed)} failed` : '', ring.lost ? `${count(ring.lost)} lost` : ''].filter(Boolean).join(', ')
  return `${count(ring.confirmed)} of ${count(ring.eligible)} confirmed good${bad ? `, ${bad}` : ''}`
}

/** The rings of a rollout, first to last: how far each is, and where it stands. */
export function RingStrip({ rollout, tenant, small = false }: { rollout: Schemas['Rollout']; tenant: string; small?: boolean }) {
  return (
    <ol className={small ? 'strip small' : 'strip'} aria-label={`Rings of ${rollout.release_name}`}>
      {rollout.rings.map((ring) => {
        const look = ringLook(rollout, ring)
        const isCurrent = ring.ring === rollout.phase.ring
        return (
          <li key={ring.ring} className={`${look.tone}${isCurrent ? ' current' : ''}`} aria-current={isCurrent ? 'step' : undefined}>
            <div className="strip-head">
              <Link to="/t/$tenant/rollouts/$rollout/rings/$ring" params={{ tenant, rollout: rollout.id, ring: String(ring.ring) }}>
                {ring.name}
              </Link>
              {small ? null : <State look={look} />}
            </div>
            <Bar ring={ring} tall={!small} />
            <div className="strip-foot">
              <span>
                {count(ring.confirmed)}
                <span className="faint"> / {count(ring.eligible)}</span>
              </span>
              {small ? (
                <span className="sr">{look.word}</span>
              ) : (
                <span className="faint">{percent(ring.confirmed, ring.eligible)}</span>
              )}
              {ring.failed + ring.lost > 0 ? <span className="text-bad">{count(ring.failed + ring.lost)} bad</span> : null}
            </div>
          </li>
        )
      })}
    </ol>
  )
}

export function Legend() {
  return (
    <ul className="legend" aria-label="Colours of the bars">
      {[
        ['confirmed', 'Confirmed good'],
        ['in-flight', 'Offered, outcome not known'],
        ['failed', 'Failed'],
        ['lost', 'Lost'],
        ['removed', 'Taken back'],
        ['rest', 'Waiting'],
      ].map(([name, text]) => (
        <li key={name}>
          <svg width="12" height="12" aria-hidden="true">
            <rect className={`part-${name}`} width="12" height="12" rx="2" />
          </svg>
          {text}
        </li>
      ))}
    </ul>
  )
}
