import type { Schemas } from '../api/client'
import { count, percent } from '../lib/format'
import { STATUSES, statusLook } from '../lib/fleetstates'

/** Devices by status as one bar. What it says stands beside it, in numbers. */
export function StatusBar({ counts, tall = false }: { counts: Schemas['HealthCounts']; tall?: boolean }) {
  const of = Math.max(counts.devices, 1)
  let x = 0
  const drawn = STATUSES.filter((status) => counts[status] > 0).map((status) => {
    // One device must be seen in a fleet of thousands.
    const width = Math.min(Math.max((100 * counts[status]) / of, 0.6), 100 - x)
    const rect = <rect key={status} className={`status-${status}`} x={x} y="0" width={width} height="8" />
    x += width
    return rect
  })
  return (
    <svg className={tall ? 'bar tall' : 'bar'} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect className="part-rest" x="0" y="0" width="100" height="8" />
      {drawn}
    </svg>
  )
}

export function statusSentence(counts: Schemas['HealthCounts'], name: string): string {
  if (counts.devices === 0) return `${name} has no devices.`
  const behind = counts.not_up_to_date === 0 ? 'none is behind what it should have' : `${count(counts.not_up_to_date)} ${counts.not_up_to_date === 1 ? 'is' : 'are'} behind what they should have`
  return `${name}: ${count(counts.up_to_date)} of ${count(counts.devices)} devices are up to date (${percent(counts.up_to_date, counts.devices)}), ${behind}.`
}

export function StatusLegend() {
  return (
    <ul className="legend" aria-label="Colours of the bars">
      {STATUSES.map((status) => (
        <li key={status}>
          <svg width="12" height="12" aria-hidden="true">
            <rect className={`status-${status}`} width="12" height="12" rx="2" />
          </svg>
          {statusLook(status).word}
        </li>
      ))}
    </ul>
  )
}
