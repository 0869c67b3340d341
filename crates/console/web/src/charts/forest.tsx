import { scaleLinear } from 'd3-scale'
import type { Schemas } from '../api/client'
import { count, evidence, percent } from '../lib/format'
import { wilson } from '../lib/evidence'
import { Figure, State, Table } from '../ui/basics'
import { Chart, type Frame } from './axes'

type Segment = Schemas['SegmentState']

/** Those worth a row: suspects and held ones first, then by evidence; what says nothing is left to the table. */
export function ranked(segments: readonly Segment[]): Segment[] {
  const weight = (one: Segment): number => (one.held ? 2e6 : 0) + (one.suspect ? 1e6 : 0) + one.ln_e
  return segments.filter((one) => one.offered > 0 || one.held).toSorted((a, b) => weight(b) - weight(a))
}

/** The share of failed devices by model, build and category, each with its 95 % band. */
export function Forest({ segments, baseline }: { segments: readonly Segment[]; baseline: number | undefined }) {
  const rows = ranked(segments)
  const shown = rows.slice(0, 12)
  if (shown.length === 0) return <p className="faint">No segment has been offered the update yet.</p>
  const suspects = rows.filter((one) => one.suspect)
  const sentence =
    suspects.length === 0
      ? `No model, build or category stands out among ${count(rows.length)}.`
      : `Suspected: ${suspects.map((one) => `${one.kind} ${one.name} (${count(one.failed + one.lost)} of ${count(one.offered)} bad)`).join('; ')}.`
  const frame: Frame = { width: 640, height: 34 + shown.length * 24, left: 212, right: 78, top: 20, bottom: 14 }
  const highest = Math.max(0.1, ...shown.map((one) => Math.min(1, (one.failed + one.lost) / Math.max(one.offered, 1)) * 1.5))
  const x = scaleLinear([0, Math.min(1, highest)], [frame.left, frame.width - frame.right]).clamp(true)
  return (
    <Figure sentence={sentence} table={<SegmentTable rows={rows} />}>
      <Chart frame={frame} label={sentence}>
        <g className="axis">
          {x.ticks(4).map((tick) => (
            <g key={tick}>
              <line className="grid" x1={x(tick)} x2={x(tick)} y1={frame.top} y2={frame.height - 8} />
              <text x={x(tick)} y={frame.top - 7} textAnchor="middle">
                {Math.round(tick * 100)} %
              </text>
            </g>
          ))}
        </g>
        {baseline === undefined ? null : (
          <line className="baseline" x1={x(baseline)} x2={x(baseline)} y1={frame.top} y2={frame.height - 8}>
            <title>Healthy: {(baseline * 100).toFixed(1)} %</title>
          </line>
        )}
        {shown.map((one, at) => {
          const y = frame.top + 14 + at * 24
          const bad = one.failed + one.lost
          const [low, high] = wilson(bad, one.offered)
          const tone = one.held ? 'hold' : one.suspect ? 'bad' : 'quiet'
          return (
            <g key={one.segment} className={`forest ${tone}`}>
              <text className="forest-name" x={frame.left - 10} y={y} dy="0.32em" textAnchor="end">
                {one.name.length > 30 ? `${one.name.slice(0, 29)}…` : one.name}
              </text>
              {one.offered === 0 ? null : (
                <>
                  <line x1={x(low)} x2={x(high)} y1={y} y2={y} />
                  <rect x={x(bad / one.offered) - 4} y={y - 4} width="8" height="8" rx="1" />
                </>
              )}
              <text x={frame.width - frame.right + 10} y={y} dy="0.32em">
                {one.offered === 0 ? 'held' : `${count(bad)} / ${count(one.offered)}`}
              </text>
            </g>
          )
        })}
      </Chart>
    </Figure>
  )
}

function SegmentTable({ rows }: { rows: readonly Segment[] }) {
  return (
    <Table caption="Segments" head={['Kind', 'Name', '#Offered', '#Failed', '#Lost', '#Share', '#Evidence', 'State']}>
      {rows.slice(0, 100).map((one) => (
        <tr key={one.segment}>
          <td>{one.kind}</td>
          <th scope="row">{one.name}</th>
          <td className="n">{count(one.offered)}</td>
          <td className="n">{count(one.failed)}</td>
          <td className="n">{count(one.lost)}</td>
          <td className="n">{percent(one.failed + one.lost, one.offered)}</td>
          <td className="n">{evidence(one.ln_e)}</td>
          <td>
            {one.held ? (
              <State look={{ word: 'Held', icon: 'pause', tone: 'hold' }} />
            ) : one.suspect ? (
              <State look={{ word: 'Suspect', icon: 'warning', tone: 'bad' }} />
            ) : (
              <span className="faint">Nothing</span>
            )}
          </td>
        </tr>
      ))}
    </Table>
  )
}
