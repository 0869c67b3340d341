import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { list } from '../api/queries'
import { count } from '../lib/format'
import { Empty, Loaded, Panel, Table, Time } from '../ui/basics'
import { Page } from '../ui/page'

/** What rollouts walk through. */
export function RingSets() {
  const { tenant } = useParams({ from: '/t/$tenant/ring-sets' })
  const query = useQuery(list(tenant, 'ring-sets'))
  return (
    <Page
      title="Ring sets"
      lead="Ordered rings that share the fleet between them."
      aside={
        <Link to="/t/$tenant/ring-sets/$ringSet" params={{ tenant, ringSet: 'new' }} className="button primary">
          New ring set
        </Link>
      }
    >
      <Panel title="Ring sets">
        <Loaded query={query}>
          {(sets) =>
            sets.length === 0 ? (
              <Empty title="No ring set yet" cli="concentric ring-set create --help">
                <p>
                  Start with the usual five: Test, First, Fast, Broad, Last. <Link to="/t/$tenant/ring-sets/$ringSet" params={{ tenant, ringSet: 'new' }}>New ring set</Link>
                </p>
              </Empty>
            ) : (
              <Table caption="Ring sets" head={['Name', 'Rings', '#Devices', 'Placed']}>
                {sets.map((set) => (
                  <tr key={set.id} data-row>
                    <th scope="row">
                      <Link to="/t/$tenant/ring-sets/$ringSet" params={{ tenant, ringSet: set.id }}>
                        {set.name}
                      </Link>
                    </th>
                    <td>{set.rings.map((ring, at) => `${ring.name} ${count(set.members[at] ?? 0)}`).join(' · ')}</td>
                    <td className="n">{count(set.members.reduce((sum, one) => sum + one, 0))}</td>
                    <td>
                      <Time at={set.placed_at} />
                    </td>
                  </tr>
                ))}
              </Table>
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}
