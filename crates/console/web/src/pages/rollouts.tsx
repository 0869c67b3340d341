import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { rollouts } from '../api/queries'
import { RingStrip } from '../charts/ringstrip'
import { count } from '../lib/format'
import { useTenantId } from '../lib/session'
import { isOver, levelLook, phaseLook } from '../lib/states'
import { Empty, Loaded, State, Table, Time } from '../ui/basics'
import { Page } from '../ui/page'

/** What is running, and what ran? */
export function Rollouts() {
  const tenant = useTenantId()
  const { show } = useSearch({ from: '/t/$tenant/rollouts' })
  const query = useQuery(rollouts(tenant))
  const running = (query.data ?? []).filter((rollout) => !isOver(rollout.phase.name)).length
  return (
    <Page
      title="Rollouts"
      lead={`${count(running)} under way`}
      aside={
        <>
          <Link to="/t/$tenant/rollouts" params={{ tenant }} search={show === 'all' ? {} : { show: 'all' }} className="button">
            {show === 'all' ? 'Only those under way' : 'Those that ended too'}
          </Link>
          <Link to="/t/$tenant/releases/new" params={{ tenant }} className="button primary">
            New release
          </Link>
        </>
      }
    >
      <Loaded query={query}>
        {(all) => {
          const rows = show === 'all' ? all : all.filter((rollout) => !isOver(rollout.phase.name))
          if (rows.length === 0) {
            return (
              <Empty title={all.length === 0 ? 'No rollout yet' : 'Nothing goes out at the moment'} cli="concentric plan create --help">
                <p>
                  <Link to="/t/$tenant/releases/new" params={{ tenant }}>
                    Make a release
                  </Link>{' '}
                  of an update{all.length > 0 ? ', or look at those that ended' : ''}.
                </p>
              </Empty>
            )
          }
          return (
            <Table caption="Rollouts" head={['Release', 'Rings', 'State', 'Evidence', '#Exposed', 'Waits for', 'Since']}>
              {rows.map((rollout) => {
                const offered = rollout.rings.reduce((sum, ring) => sum + ring.offered, 0)
                const eligible = rollout.rings.reduce((sum, ring) => sum + ring.eligible, 0)
                return (
                  <tr key={rollout.id} data-row>
                    <th scope="row">
                      <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.id }}>
                        {rollout.release_name}
                      </Link>
                    </th>
                    <td className="strip-cell">
                      <RingStrip rollout={rollout} tenant={tenant} small />
                    </td>
                    <td>
                      <State look={phaseLook(rollout.phase)} />
                    </td>
                    <td>
                      <State look={levelLook(rollout.level)} quiet />
                    </td>
                    <td className="n">
                      {count(offered)}
                      <span className="faint"> / {count(eligible)}</span>
                    </td>
                    <td className="why-cell">{rollout.waiting_on ?? 'It moves.'}</td>
                    <td>
                      <Time at={rollout.phase.since ?? rollout.created_at} />
                    </td>
                  </tr>
                )
              })}
            </Table>
          )
        }}
      </Loaded>
    </Page>
  )
}
