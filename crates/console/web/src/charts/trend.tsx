import { scaleLinear, scaleUtc } from 'd3-scale'
import { line } from 'd3-shape'
import { count } from '../lib/format'
import { Figure, Table } from '../ui/basics'
import { Chart, type Frame } from './axes'

/** How a part of the fleet stood when a day began (UTC). Shares in percent; none: there was nobody to measure. */
export interface Day {
  day: string
  devices: number
  latest: number | null
  quality: number | null
  feature: number | null
}

const LINES = [
  ['latest', 'On the newest quality update'],
  ['quality', 'On the newest one they had time for (95 % wanted)'],
  ['feature', 'On a Windows version in service (99 % wanted)'],
] as const

const DAY = 86_400_000
const share = (value: number | null): string => (value === null ? 'nobody' : `${value.toFixed(1)} %`)

export function trendSentence(days: readonly Day[], name: string): string {
  const last = days.at(-1)
  if (!last) return `No day of ${name} was kept yet.`
  const before = days.find((one) => Date.parse(one.day) >= Date.parse(last.day) - 30 * DAY)
  const now = last.latest === null ? `${name}, ${last.day}: there was nobody to measure` : `${name}, ${last.day}: ${share(last.latest)} of the registered devices are on the newest quality update`
  if (!before || before === last || before.latest === null || last.latest === null) return `${now}.`
  const points = Math.round((last.latest - before.latest) * 10) / 10
  const change = points === 0 ? 'as many as' : `${Math.abs(points).toFixed(1)} points ${points > 0 ? 'more' : 'fewer'} than`
  return `${now}, ${change} on ${before.day}.`
}

/** Shares of the fleet, day by day. */
export function Trend({ days, name }: { days: readonly Day[]; name: string }) {
  const sentence = trendSentence(days, name)
  const first = days[0]
  const last = days.at(-1)
  if (!first || !last) return <p className="faint">The fleet is counted at midnight (UTC). No day of {name} was kept yet.</p>
  const frame: Frame = { width: 900, height: 240, left: 46, right: 18, top: 14, bottom: 30 }
  const start = Date.parse(first.day)
  const end = Math.max(Date.parse(last.day), start + DAY)
  const x = scaleUtc([start, end], [frame.left, frame.width - frame.right])
  const values = days.flatMap((one) => [one.latest, one.quality, one.feature]).filter((one) => one !== null)
  // Shares near 100 % are what people compare: the axis begins below the lowest one.
  const floor = Math.max(0, Math.floor((Math.min(90, ...values) - 5) / 10) * 10)
  const y = scaleLinear([floor, 100], [frame.height - frame.bottom, frame.top])
  const whole = Math.round((end - start) / DAY)
  const step = Math.max(1, Math.ceil(whole / 6))
  const ticks = Array.from({ length: Math.floor(whole / step) + 1 }, (_, at) => new Date(start + at * step * DAY))
  return (
    <Figure
      sentence={floor > 0 ? `${sentence} The axis begins at ${floor} %.` : sentence}
      table={
        <Table caption={`${name}, day by day`} head={['Day', '#Devices', '#On the newest', '#Quality', '#Feature']}>
          {days
            .slice(-400)
            .toReversed()
            .map((one) => (
              <tr key={one.day}>
                <th scope="row">{one.day}</th>
                <td className="n">{count(one.devices)}</td>
                <td className="n">{share(one.latest)}</td>
                <td className="n">{share(one.quality)}</td>
                <td className="n">{share(one.feature)}</td>
              </tr>
            ))}
        </Table>
      }
    >
      <Chart frame={frame} label={sentence} broad>
        <g className="axis">
          {y.ticks(4).map((tick) => (
            <g key={tick}>
              <line className="grid" x1={frame.left} x2={frame.width - frame.right} y1={y(tick)} y2={y(tick)} />
              <text x={frame.left - 7} y={y(tick)} dy="0.32em" textAnchor="end">
                {tick} %
              </text>
            </g>
          ))}
          {ticks.map((tick) => (
            <text key={tick.getTime()} x={x(tick)} y={frame.height - 10} textAnchor={tick.getTime() === start ? 'start' : 'middle'}>
              {tick.toISOString().slice(0, 10)}
            </text>
          ))}
        </g>
        {LINES.map(([key]) => {
          const draw = line<Day>(
            (one) => x(Date.parse(one.day)),
            (one) => y(one[key] ?? 0),
          ).defined((one) => one[key] !== null)
          const path = draw([...days])
          return path === null ? null : <path key={key} className={`line trend-${key}`} d={path} />
        })}
        {days.length === 1
          ? LINES.map(([key]) => {
              const value = first[key]
              return value === null ? null : <circle key={key} className={`trend-dot-${key}`} cx={x(start)} cy={y(value)} r="3.5" />
            })
          : null}
      </Chart>
      <ul className="legend">
        {LINES.map(([key, text]) => (
          <li key={key}>
            <svg width="18" height="10" aria-hidden="true">
              <line className={`line trend-${key}`} x1="0" x2="18" y1="5" y2="5" />
            </svg>
            {text}
          </li>
        ))}
      </ul>
    </Figure>
  )
}
