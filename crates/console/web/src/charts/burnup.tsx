import { scaleLinear } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import { count, devices, moment } from '../lib/format'
import type { Mark, Point } from '../lib/history'
import { Figure, Table } from '../ui/basics'
import { Chart, FRAME, XAxis, YAxis, since } from './axes'

const LINES = [
  ['offered', 'Offered'],
  ['confirmed', 'Confirmed good'],
  ['failed', 'Failed'],
  ['lost', 'Lost'],
] as const

/** Offered, confirmed, failed and lost devices over time, with what was decided meanwhile. */
export function BurnUp({ points, marks, eligible, name }: { points: readonly Point[]; marks: readonly Mark[]; eligible: number; name: string }) {
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last) return <p className="faint">No device of {name} was offered the update yet.</p>
  const end = Math.max(last.at, first.at + 3_600_000)
  const x = scaleLinear([first.at, end], [FRAME.left, FRAME.width - FRAME.right])
  const y = scaleLinear([0, Math.max(eligible, 1, ...points.map((point) => point.offered))], [FRAME.height - FRAME.bottom, FRAME.top + 6]).nice()
  // Ticks at whole hours or days after the start.
  const span = end - first.at
  const unit = span > 5 * 86_400_000 ? 86_400_000 : span > 36 * 3_600_000 ? 6 * 3_600_000 : 3_600_000
  const steps = Math.max(1, Math.ceil(span / unit / 5))
  const ticks = Array.from({ length: Math.floor(span / unit / steps) + 1 }, (_, at) => first.at + at * steps * unit)
  const time = Object.assign((at: number) => x(at), { ticks: () => ticks })
  // Those of a held segment were offered it before, and are judged no more.
  const offered = last.offered > eligible ? `${devices(last.offered)} offered, ${count(eligible)} of them judged` : `${devices(last.offered)} of ${count(eligible)} offered`
  const sentence = `${name}: ${offered}, ${count(last.confirmed)} confirmed good, ${count(last.failed)} failed, ${count(last.lost)} lost.`
  return (
    <Figure
      sentence={sentence}
      table={
        <Table caption={`Devices of ${name} over time`} head={['Time', '#Offered', '#Confirmed good', '#Failed', '#Lost']}>
          {points.slice(-60).map((point, at) => (
            <tr key={at}>
              <th scope="row">{moment(new Date(point.at).toISOString())}</th>
              <td className="n">{count(point.offered)}</td>
              <td className="n">{count(point.confirmed)}</td>
              <td className="n">{count(point.failed)}</td>
              <td className="n">{count(point.lost)}</td>
            </tr>
          ))}
        </Table>
      }
    >
      <Chart label={sentence}>
        <YAxis scale={y} frame={FRAME} name="devices" />
        <XAxis scale={time} frame={FRAME} name="since the first offer" label={since(first.at)} />
        {marks
          .filter((mark) => mark.at >= first.at && mark.at <= end && mark.kind !== 'ring_opened')
          .map((mark, at) => (
            <g key={at} className={`mark ${mark.kind}`}>
              <line x1={x(mark.at)} x2={x(mark.at)} y1={FRAME.top} y2={FRAME.height - FRAME.bottom} />
              <title>{mark.text}</title>
            </g>
          ))}
        <line className="goal" x1={FRAME.left} x2={FRAME.width - FRAME.right} y1={y(eligible)} y2={y(eligible)} />
        {LINES.map(([key]) => {
          const path = line<Point>(
            (point) => x(point.at),
            (point) => y(point[key]),
          ).curve(curveStepAfter)([...points])
          return path === null ? null : <path key={key} className={`line line-${key}`} d={path} />
        })}
      </Chart>
      <ul className="legend">
        {LINES.map(([key, text]) => (
          <li key={key}>
            <svg width="18" height="10" aria-hidden="true">
              <line className={`line line-${key}`} x1="0" x2="18" y1="5" y2="5" />
            </svg>
            {text}
          </li>
        ))}
      </ul>
    </Figure>
  )
}
