import type { ReactNode } from 'react'
import { count, length } from '../lib/format'

export interface Frame {
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
}

export const FRAME: Frame = { width: 640, height: 230, left: 46, right: 14, top: 14, bottom: 34 }

interface Scale {
  (value: number): number
  ticks: (count: number) => number[]
}

export function YAxis({ scale, frame, name }: { scale: Scale; frame: Frame; name: string }) {
  const ticks = scale.ticks(4).filter((tick) => Number.isInteger(tick))
  return (
    <g className="axis">
      {ticks.map((tick) => (
        <g key={tick}>
          <line className="grid" x1={frame.left} x2={frame.width - frame.right} y1={scale(tick)} y2={scale(tick)} />
          <text x={frame.left - 7} y={scale(tick)} dy="0.32em" textAnchor="end">
            {count(tick)}
          </text>
        </g>
      ))}
      <text className="axis-name" x={frame.left} y={frame.top - 3}>
        {name}
      </text>
    </g>
  )
}

export function XAxis({ scale, frame, name, label = count }: { scale: Scale; frame: Frame; name: string; label?: (tick: number) => string }) {
  const y = frame.height - frame.bottom
  return (
    <g className="axis">
      <line className="base" x1={frame.left} x2={frame.width - frame.right} y1={y} y2={y} />
      {scale
        .ticks(5)
        .filter((tick) => label !== count || Number.isInteger(tick))
        .map((tick) => (
          <text key={tick} x={scale(tick)} y={y + 15} textAnchor="middle">
            {label(tick)}
          </text>
        ))}
      <text className="axis-name" x={frame.width - frame.right} y={frame.height - 4} textAnchor="end">
        {name}
      </text>
    </g>
  )
}

/** Time since `start`. */
export const since =
  (start: number) =>
  (at: number): string =>
    at <= start ? '0' : length(at - start)

export function Chart({ frame = FRAME, label, broad = false, children }: { frame?: Frame; label: string; broad?: boolean; children: ReactNode }) {
  return (
    <svg className={broad ? 'chart broad' : 'chart'} viewBox={`0 0 ${frame.width} ${frame.height}`} role="img" aria-label={label}>
      {children}
    </svg>
  )
}
