import { count, percent } from '../lib/format'
import type { ReactNode } from 'react'

export interface Step {
  name: string
  devices: number
  tone: string
  /** The list behind the number. */
  link?: ReactNode
}

/** One bar a row, all of one scale; numbers are text, so it needs no table. */
export function Funnel({ steps, of, label }: { steps: readonly Step[]; of: number; label: string }) {
  return (
    <ul className="funnel" aria-label={label}>
      {steps.map((step) => (
        <li key={step.name}>
          <span className="funnel-name">{step.link ?? step.name}</span>
          <svg className="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect className="part-rest" width="100" height="8" />
            <rect className={`part-${step.tone}`} width={step.devices === 0 ? 0 : Math.max(0.6, (100 * step.devices) / Math.max(of, 1))} height="8" />
          </svg>
          <span className="n">{count(step.devices)}</span>
          <span className="n faint">{percent(step.devices, of)}</span>
        </li>
      ))}
    </ul>
  )
}
