import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { list, rollouts } from '../api/queries'
import type { Schemas } from '../api/client'
import { words } from '../lib/format'
import { phaseLook } from '../lib/states'
import { Empty, Loaded, Panel, State, Table, Time } from '../ui/basics'
import { Page } from '../ui/page'

function deliveryWords(delivery: Schemas['Delivery']): string {
  switch (delivery.kind) {
    case 'quality':
      return delivery.expedite == null ? 'Quality' : `Quality, expedited (${delivery.expedite} d)`
    case 'feature':
      return `Feature, back within ${delivery.uninstall_window_days} d`
    case 'microsoft_365_apps':
      return `Microsoft 365 Apps, forced after ${delivery.deadline_days} d`
    default:
      return words(delivery.kind)
  }
}

/** Updates that were approved to go out, and plans not started yet. */
export function Releases() {
  const { tenant } = useParams({ from: '/t/$tenant/releases' })
  const query = useQuery(list(tenant, 'releases'))
  const updates = useQuery(list(tenant, 'updates')).data ?? []
  const all = useQuery(rollouts(tenant)).data ?? []
  const plans = useQuery(list(tenant, 'plans')).data?.filter((plan) => !plan.rollout_id) ?? []
  return (
    <Page
      title="Releases"
      lead="Updates approved to go out, each with its rollouts."
      aside={
        <Link to="/t/$tenant/releases/new" params={{ tenant }} className="button primary">
          New release
        </Link>
      }
    >
      {plans.length > 0 ? (
        <Panel title="Saved plans, not started">
          <Table caption="Saved plans" head={['Release', 'Made by', 'Made', 'Action']}>
            {plans.map((plan) => (
              <tr key={plan.id ?? plan.hash}>
                <th scope="row">{plan.release_name}</th>
                <td>{plan.created_by}</td>
                <td>
                  <Time at={plan.created_at} />
                </td>
                <td>
                  <Link to="/t/$tenant/releases/new" params={{ tenant }} search={{ plan: plan.id ?? '' }} className="button">
                    Look at it<span className="sr">: {plan.release_name}</span>
                  </Link>
                </td>
              </tr>
            ))}
          </Table>
        </Panel>
      ) : null}
      <Panel title="Releases">
        <Loaded query={query}>
          {(releases) =>
            releases.length === 0 ? (
              <Empty title="No release yet" cli="concentric plan create --help">
                <p>
                  Choose an update under <Link to="/t/$tenant/updates" params={{ tenant }}>Updates</Link>, and a ring set to walk through.
                </p>
              </Empty>
            ) : (
              <Table caption="Releases" head={['Release', 'Update', 'Delivered as', 'Rollouts', 'Made by', 'Made']}>
                {releases.map((release) => (
                  <tr key={release.id} data-row>
                    <th scope="row">{release.name}</th>
                    <td>{updates.find((one) => one.id === release.update_id)?.short_name ?? <code>{release.update_id}</code>}</td>
                    <td>{deliveryWords(release.delivery)}</td>
                    <td>
                      {all
                        .filter((rollout) => rollout.release_id === release.id)
                        .map((rollout) => (
                          <div key={rollout.id} className="row">
                            <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.id }}>
                              Its rollout
                            </Link>
                            <State look={phaseLook(rollout.phase)} />
                          </div>
                        ))}
                    </td>
                    <td>{release.created_by}</td>
                    <td>
                      <Time at={release.created_at} />
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
