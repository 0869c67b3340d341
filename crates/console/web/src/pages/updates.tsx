import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { send, type Schemas } from '../api/client'
import { list, one } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { count, words } from '../lib/format'
import type { Look } from '../lib/states'
import { Act } from '../ui/act'
import { Empty, Loaded, Panel, State, Table, Time } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { Page } from '../ui/page'

const KINDS = ['quality', 'feature', 'driver', 'edge', 'microsoft_365_apps']

/** The catalogue: what could go out. */
export function Updates() {
  const { tenant } = useParams({ from: '/t/$tenant/updates' })
  const { kind, old } = useSearch({ from: '/t/$tenant/updates' })
  const query = useQuery(list(tenant, 'updates'))
  const releases = useQuery(list(tenant, 'releases')).data ?? []
  const navigate = useNavigate()
  const go = (change: { kind?: string | undefined; old?: string | undefined }): void =>
    void navigate({ to: '/t/$tenant/updates', params: { tenant }, search: Object.fromEntries(Object.entries({ kind, old, ...change }).filter(([, value]) => value)) as never })
  return (
    <Page
      title="Updates"
      lead="What Microsoft offers, newest first."
      aside={
        <>
          <select aria-label="Kind" value={kind ?? ''} onChange={(event) => go({ kind: event.target.value || undefined })}>
            <option value="">Every kind</option>
            {KINDS.map((name) => (
              <option key={name} value={name}>
                {words(name)}
              </option>
            ))}
          </select>
          <label className="check">
            <input type="checkbox" checked={old === 'yes'} onChange={(event) => go({ old: event.target.checked ? 'yes' : undefined })} />
            Replaced ones too
          </label>
        </>
      }
    >
      <Panel title="Catalogue">
        <Loaded query={query}>
          {(all) => {
            const rows = all.filter((update) => (!kind || update.kind === kind) && (old === 'yes' || !update.superseded_by))
            if (rows.length === 0) {
              return (
                <Empty title="No update of this kind" cli="concentric update list">
                  <p>The catalogue is read with every sync.</p>
                </Empty>
              )
            }
            return (
              <Table caption="Updates" head={['Update', 'Kind', 'Released', 'Severity', 'Builds', 'State', 'Action']}>
                {rows.map((update) => {
                  const release = releases.find((one) => one.update_id === update.id)
                  return (
                    <tr key={update.id} data-row>
                      <th scope="row">
                        {update.short_name || update.title}
                        <div className="faint small-text">{update.title}</div>
                      </th>
                      <td>
                        {words(update.kind)}
                        <div className="faint small-text">{update.servicing ? words(update.servicing) : words(update.classification)}</div>
                      </td>
                      <td>
                        <Time at={update.released_at} />
                      </td>
                      <td>
                        {update.max_severity ? words(update.max_severity) : <span className="faint">none said</span>}
                        {update.exploited_cves?.length ? <div className="text-bad small-text">{count(update.exploited_cves.length)} exploited</div> : null}
                      </td>
                      <td className="small-text">
                        {update.builds.map((build) => build.build).filter((build, at, builds) => builds.indexOf(build) === at).slice(0, 3).map((build) => (
                          <div key={build}>{build}</div>
                        ))}
                        {update.kind === 'feature' ? '' : (update.version ?? '')}
                      </td>
                      <td>
                        <State look={stateOf(update, release)} />
                      </td>
                      <td>
                        <div className="buttons">
                          <Link to="/t/$tenant/releases/new" params={{ tenant }} search={{ update: update.id }} className="button">
                            Release…<span className="sr"> {update.short_name}</span>
                          </Link>
                          {update.declined ? (
                            <Act ability="release" ask={() => askApprove(tenant, update)}>
                              Allow…<span className="sr"> {update.short_name}</span>
                            </Act>
                          ) : (
                            <Act ability="release" ask={() => askDecline(tenant, update)}>
                              Decline…<span className="sr"> {update.short_name}</span>
                            </Act>
                          )}
                        </div>
                      </td>
                    </tr>
                  )
                })}
              </Table>
            )
          }}
        </Loaded>
      </Panel>
      <Floors />
    </Page>
  )
}

function Floors() {
  const { tenant } = useParams({ from: '/t/$tenant/updates' })
  const floors = useQuery(one(tenant, 'version-floors')).data
  if (!floors || floors.builds.length === 0) return null
  return (
    <Panel title="Lowest builds that may be offered">
      <p>{floors.builds.join(', ')}</p>
    </Panel>
  )
}

function stateOf(update: Schemas['Update'], release: Schemas['Release'] | undefined): Look {
  if (update.declined) return { word: 'Declined', icon: 'cross', tone: 'quiet' }
  if (release) return { word: `Released as ${release.name}`, icon: 'check', tone: 'good' }
  if (update.superseded_by) return { word: 'Replaced', icon: 'dash', tone: 'quiet' }
  return { word: 'Not released', icon: 'clock', tone: 'info' }
}

function askDecline(tenant: string, update: Schemas['Update']): Ask {
  const path = { tenant, update: update.id }
  return {
    title: `Decline ${update.short_name}`,
    explain: <p>No rule approves it, and no new release can be made of it. Rollouts of it that run go on.</p>,
    verb: 'Decline',
    tone: 'danger',
    reason: 'optional',
    submit: (reason) => send('post', '/api/v1/tenants/{tenant}/updates/{update}/decline', { path, body: reason ? { reason } : {} }),
    done: `${update.short_name} is declined.`,
    cli: (reason) => cli('update', 'decline', update.id, ...(reason ? ['--reason', reason] : [])),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/updates/${update.id}/decline`, reason ? { reason } : {}),
  }
}

function askApprove(tenant: string, update: Schemas['Update']): Ask {
  return {
    title: `Allow ${update.short_name} again`,
    explain: <p>Releases can be made of it, and rules approve it.</p>,
    verb: 'Allow',
    reason: 'none',
    submit: () => send('post', '/api/v1/tenants/{tenant}/updates/{update}/approve', { path: { tenant, update: update.id } }),
    done: `${update.short_name} may go out.`,
    cli: () => cli('update', 'approve', update.id),
    curl: () => curl('POST', `/api/v1/tenants/${tenant}/updates/${update.id}/approve`),
  }
}
