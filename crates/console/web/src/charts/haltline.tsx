import { scaleLinear } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import { haltLine, haltsBy } from '../lib/evidence'
import { count } from '../lib/format'
import { Figure, Table } from '../ui/basics'
import { Chart, FRAME, XAxis, YAxis } from './axes'

export interface HaltProps {
  /** Failed so far against devices that count, oldest first. */
  path: readonly { devices: number; failures: number }[]
  failures: number
  devices: number
  /** The share of failed installs that is healthy. */
  limit: number
  /** The evidence at which failures alone pause the release. */
  pauseAt: number
}

/** What one more failure would mean, in a sentence. */
export function nextFailure({ failures, devices, limit, pauseAt }: Omit<HaltProps, 'path'>): string {
  const threshold = Math.log(pauseAt)
  const seen = `${count(failures)} of ${count(devices)} devices failed`
  if (failures > 0 && haltsBy(failures, limit, threshold) >= devices) return `${seen}: that is past the line at which failures alone pause the release.`
  for (let more = 1; more <= 500; more += 1) {
    const by = haltsBy(failures + more, limit, threshold)
    if (by > devices) {
      return more === 1
        ? `${seen}. The next failure pauses the release if it comes before device ${count(by)}.`
        : `${seen}. ${count(more)} more failures pause the release if they come before device ${count(by)}.`
    }
  }
  return `${seen}.`
}

/** Failures so far against the line at which failures alone pause the release. */
export function HaltLine(props: HaltProps) {
  const { path, failures, devices, limit, pauseAt } = props
  const reach = Math.max(60, Math.ceil(devices * 1.25))
  const halt = haltLine(limit, Math.log(pauseAt), reach)
  const last = halt.at(-1)
  if (!last) return null
  const most = Math.max(6, failures + 1, ...halt.filter((one) => one.by <= reach).map((one) => one.failures))
  const x = scaleLinear([0, reach], [FRAME.left, FRAME.width - FRAME.right])
  const y = scaleLinear([0, most], [FRAME.height - FRAME.bottom, FRAME.top + 6])
  const sentence = nextFailure(props)
  const area = halt.map((one) => ({ x: x(Math.min(one.by, reach)), y: y(Math.min(one.failures, most)) }))
  const start = { x: x(0), y: area[0]?.y ?? 0 }
  const points = [start, ...area]
  const edge = points.map((point) => `${point.x},${point.y}`).join(' ')
  const zone = `${x(0)},${y(most)} ${edge} ${points.at(-1)?.x ?? 0},${y(most)}`
  const walked = line<{ devices: number; failures: number }>(
    (point) => x(point.devices),
    (point) => y(point.failures),
  ).curve(curveStepAfter)([{ devices: 0, failures: 0 }, ...path, { devices, failures }])
  return (
    <Figure
      sentence={sentence}
      table={
        <Table caption="The failure that pauses the release" head={['Failure', '#Pauses if it comes by device']}>
          {halt.slice(0, 40).map((one) => (
            <tr key={one.failures}>
              <th scope="row">{count(one.failures)}</th>
              <td className="n">{count(one.by)}</td>
            </tr>
          ))}
        </Table>
      }
    >
      <Chart label={sentence}>
        <polygon className="halt-zone" points={zone} />
        <YAxis scale={y} frame={FRAME} name="failed" />
        <XAxis scale={x} frame={FRAME} name="devices offered" />
        <polyline className="halt-line" points={edge} />
        <text className="halt-name" x={x(0) + 8} y={FRAME.top + 18}>
          pauses
        </text>
        {walked === null ? null : <path className="line line-failed" d={walked} />}
        <circle className="here" cx={x(devices)} cy={y(failures)} r="4.5" />
      </Chart>
    </Figure>
  )
}
