import type { Schemas } from '../../api/client'
import { moment } from '../../lib/format'
import { Panel, Table } from '../../ui/basics'

/** When its rings open, and when it is through: at the earliest, and as is likely. */
export function ForecastPanel({ explanation }: { explanation: Schemas['Explanation'] | undefined }) {
  const forecast = explanation?.forecast
  if (!forecast) return null
  return <ForecastTable forecast={forecast} />
}

function Said({ expected }: { expected: Schemas['Expected'] }) {
  if (expected.at) {
    return (
      <time dateTime={expected.at} title={expected.text} className={expected.state === 'past' ? 'faint' : undefined}>
        {expected.state === 'past' ? '✓ ' : ''}
        {moment(expected.at)}
      </time>
    )
  }
  return <span className="faint">{expected.text}</span>
}

export function ForecastTable({ forecast }: { forecast: Schemas['Forecast'] }) {
  return (
    <Panel title="Forecast" aside={<span className="faint small-text">Pace {forecast.pace.text}</span>}>
      <Table caption="When rings open" head={['Ring', 'Opens at the earliest', 'Likely', 'Gate passes, likely']}>
        {forecast.rings.map((ring) => (
          <tr key={ring.ring}>
            <th scope="row">{ring.name}</th>
            <td><Said expected={ring.opens.earliest} /></td>
            <td><Said expected={ring.opens.likely} /></td>
            <td><Said expected={ring.gate_passes.likely} /></td>
          </tr>
        ))}
        <tr className="total">
          <th scope="row">Through</th>
          <td><Said expected={forecast.finished.earliest} /></td>
          <td><Said expected={forecast.finished.likely} /></td>
          <td>
            {forecast.compliant_percent} % updated: <Said expected={forecast.compliant.likely} />
          </td>
        </tr>
      </Table>
    </Panel>
  )
}
