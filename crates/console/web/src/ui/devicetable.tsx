import { Link } from '@tanstack/react-router'
import type { Schemas } from '../api/client'
import { words } from '../lib/format'
import { standingLook } from '../lib/states'
import { State, Table, Time } from './basics'

export function DeviceTable({ tenant, items }: { tenant: string; items: readonly Schemas['Device'][] }) {
  return (
    <Table caption="Devices" head={['Name', 'Model', 'Build', 'Standing', 'Checked in']}>
      {items.map((device) => (
        <tr key={device.id} data-row>
          <th scope="row">
            <Link to="/t/$tenant/devices/$device" params={{ tenant, device: device.id }}>
              {device.name}
            </Link>
          </th>
          <td>{device.model}</td>
          <td>{device.build ?? <span className="faint">unknown</span>}</td>
          <td>
            <State look={standingLook(device.standing)} quiet />
            {device.reasons.length > 0 ? <span className="faint small-text"> {device.reasons.map(words).join(', ')}</span> : null}
          </td>
          <td>
            <Time at={device.last_sync} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
