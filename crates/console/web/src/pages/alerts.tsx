import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { alertPage, alert as alertQuery } from '../api/queries'
import type { Schemas } from '../api/client'
import { askAcknowledge, askEscalate, askUnmute, useMuteAsk } from '../lib/alertacts'
import { cli } from '../lib/commands'
import { absolute, moment, words } from '../lib/format'
import { SEVERITIES, alertLook, alertsInOrder, isMuted, severityLook } from '../lib/fleetstates'
import { Act } from '../ui/act'
import { CopyButton, Empty, Fact, Loaded, Panel, Prose, State, Table, Time } from '../ui/basics'
import { FileRequest } from '../ui/filerequest'
import { Page } from '../ui/page'
import { Pager, usePages } from '../ui/pager'
import type { AlertAddress } from '../router'

/** The kinds, as docs/reports.md lists them. */
const KINDS = ['access_lost', 'licence_missing', 'rollout_paused', 'unreachable', 'permission_missing', 'policy_drift', 'sync_stalled', 'no_check_ins', 'rollout_watched', 'objective_missed', 'device_class', 'letters_undelivered', 'credential_expiring', 'freeze_crossed']

/** What should somebody look at? */
export function Alerts() {
  const { tenant } = useParams({ from: '/t/$tenant/alerts' })
  const search = useSearch({ from: '/t/$tenant/alerts' })
  const navigate = useNavigate()
  const pages = usePages(search.after)
  const ended = search.show === 'all'
  const query = useQuery(alertPage(tenant, { severity: search.severity, kind: search.kind, resolved: ended ? true : undefined, page_token: search.after }))
  const go = (change: AlertAddress): void => {
    if (!('after' in change)) pages.reset()
    void navigate({ to: '/t/$tenant/alerts', params: { tenant }, search: { ...search, after: undefined, ...change } })
  }
  const flags = [...(ended ? ['--resolved'] : []), ...(search.kind ? ['--kind', search.kind] : []), ...(search.severity ? ['--severity', search.severity] : [])]
  return (
    <Page
      title="Alerts"
      lead="What somebody should look at. An alert ends by itself, with what it is about."
      aside={
        <CopyButton text={cli('alert', 'list', ...flags)} label="Copy as CLI">
          Copy as CLI
        </CopyButton>
      }
    >
      <Panel title={ended ? 'Open and ended' : 'Open'}>
        <div className="filters" role="search">
          <div className="field">
            <label htmlFor="severity">Severity</label>
            <select id="severity" data-filter value={search.severity ?? ''} onChange={(event) => go({ severity: event.target.value || undefined })}>
              <option value="">Any</option>
              {SEVERITIES.map((one) => (
                <option key={one} value={one}>
                  {severityLook(one).word}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor="kind">Kind</label>
            <select id="kind" value={search.kind ?? ''} onChange={(event) => go({ kind: event.target.value || undefined })}>
              <option value="">Any</option>
              {KINDS.map((one) => (
                <option key={one} value={one}>
                  {words(one)}
                </option>
              ))}
            </select>
          </div>
          <label className="check">
            <input type="checkbox" checked={ended} onChange={(event) => go({ show: event.target.checked ? 'all' : undefined })} />
            With those that have ended
          </label>
        </div>
        <Loaded query={query}>
          {(page) =>
            page.items.length === 0 ? (
              <Empty title={search.severity || search.kind ? 'No such alert' : 'No open alert'}>
                <p>{search.severity || search.kind ? 'Nothing matches.' : 'Nothing has to be looked at. It is computed anew every quarter of an hour.'}</p>
              </Empty>
            ) : (
              <>
                <Table caption="Alerts" head={['Severity', 'What is the matter', 'Kind', 'Opened', 'State', 'Actions']}>
                  {(ended ? page.items.toReversed() : alertsInOrder(page.items)).map((alert) => (
                    <tr key={alert.id} data-row>
                      <td>
                        <State look={severityLook(alert.severity)} />
                      </td>
                      <th scope="row" className="why-cell">
                        <Link to="/t/$tenant/alerts/$alert" params={{ tenant, alert: alert.id }}>
                          {alert.text}
                        </Link>
                      </th>
                      <td className="nowrap">{words(alert.kind)}</td>
                      <td className="nowrap">
                        <Time at={alert.opened_at} />
                      </td>
                      <td>
                        <State look={alertLook(alert)} quiet />
                      </td>
                      <td>{alert.resolved_at ? null : <Actions tenant={tenant} alert={alert} small />}</td>
                    </tr>
                  ))}
                </Table>
                <Pager pages={pages} after={search.after} next={page.next_page_token} go={(after) => go({ after })} />
              </>
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}

function Actions({ tenant, alert, small = false }: { tenant: string; alert: Schemas['Alert']; small?: boolean }) {
  const mute = useMuteAsk(tenant, alert)
  const tone = small ? 'small' : ''
  const of = <span className="sr"> the alert: {alert.text}</span>
  const over = alert.resolved_at ? 'It has ended.' : undefined
  const highest = alert.severity === 'critical' ? 'It is critical already.' : undefined
  return (
    <div className="buttons" {...(small ? {} : { 'data-actions': true, role: 'group', 'aria-label': 'Actions' })}>
      <Act ability="operate" tone={small ? tone : 'primary'} blocked={over ?? (alert.acknowledged_by ? `${alert.acknowledged_by} acknowledged it.` : undefined)} ask={() => askAcknowledge(tenant, alert)}>
        Acknowledge…{of}
      </Act>
      {isMuted(alert) ? (
        <Act ability="operate" tone={tone} blocked={over} ask={() => askUnmute(tenant, alert)}>
          End the mute…{of}
        </Act>
      ) : (
        <Act ability="operate" tone={small ? tone : 'hold'} blocked={over} ask={() => mute}>
          Mute…{of}
        </Act>
      )}
      <Act ability="operate" tone={small ? tone : 'danger'} blocked={over ?? highest} ask={() => askEscalate(tenant, alert)}>
        Escalate…{of}
      </Act>
      {small ? null : <FileRequest about={{ kind: 'alert', id: alert.id }} name={words(alert.kind)} category="other" />}
    </div>
  )
}

/** One alert: what is the matter, what to do, and who has done what. */
export function AlertPage() {
  const { tenant, alert: id } = useParams({ from: '/t/$tenant/alerts/$alert' })
  const query = useQuery(alertQuery(tenant, id))
  return (
    <Loaded query={query} rows={6} title="Alert">
      {(alert) => (
        <Page
          title={words(alert.kind)}
          lead={
            <p className="row">
              <State look={severityLook(alert.severity)} />
              <State look={alertLook(alert)} quiet />
              <span>
                Opened <Time at={alert.opened_at} />
              </span>
              <Link to="/t/$tenant/alerts" params={{ tenant }}>
                All alerts
              </Link>
            </p>
          }
          aside={<Actions tenant={tenant} alert={alert} />}
        >
          <Panel title="What is the matter">
            <p className="summary">{alert.text}</p>
            <p>
              <Subject tenant={tenant} alert={alert} />
            </p>
          </Panel>
          <Panel title="What to do">
            <p>
              <Prose text={alert.fix} />
            </p>
          </Panel>
          <Panel title="What was done">
            <dl className="facts">
              <Fact name="Acknowledged">{alert.acknowledged_at ? <>by {alert.acknowledged_by}, <Time at={alert.acknowledged_at} /></> : <span className="faint">nobody sees to it yet</span>}</Fact>
              <Fact name="Note">{alert.note ?? <span className="faint">none</span>}</Fact>
              <Fact name="Muted">{alert.muted_until ? <>by {alert.muted_by}, until <time title={absolute(alert.muted_until)}>{moment(alert.muted_until)}</time></> : <span className="faint">no</span>}</Fact>
              <Fact name="Escalated">{alert.escalated_at ? <>by {alert.escalated_by}, <Time at={alert.escalated_at} /></> : <span className="faint">no</span>}</Fact>
              <Fact name="Ended">{alert.resolved_at ? <Time at={alert.resolved_at} /> : <span className="faint">it is open</span>}</Fact>
              <Fact name="Id">
                <code>{alert.id}</code>
              </Fact>
            </dl>
            <p className="small-text">
              Everybody&rsquo;s acts are in the <Link to="/t/$tenant/audit" params={{ tenant }}>audit trail</Link>.
            </p>
          </Panel>
        </Page>
      )}
    </Loaded>
  )
}

/** The page where the matter of an alert can be seen. */
function Subject({ tenant, alert }: { tenant: string; alert: Schemas['Alert'] }): ReactNode {
  const params = { tenant }
  switch (alert.kind) {
    case 'rollout_paused':
    case 'rollout_watched':
      return (
        <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: alert.subject }}>
          The rollout
        </Link>
      )
    case 'device_class':
      return (
        <Link to="/t/$tenant/devices" params={params} search={{ reason: alert.subject }}>
          Its devices
        </Link>
      )
    case 'objective_missed':
      return (
        <Link to="/t/$tenant/health" params={params}>
          Service health
        </Link>
      )
    case 'access_lost':
    case 'unreachable':
    case 'no_check_ins':
    case 'sync_stalled':
      return (
        <Link to="/t/$tenant/connection" params={params}>
          Connection
        </Link>
      )
    case 'licence_missing':
    case 'permission_missing':
    case 'policy_drift':
      return (
        <Link to="/t/$tenant/readiness" params={params}>
          Readiness
        </Link>
      )
    case 'letters_undelivered':
      return (
        <Link to="/t/$tenant/notifications" params={params} search={{ state: 'given_up' }}>
          The letters
        </Link>
      )
    case 'freeze_crossed':
      return (
        <Link to="/t/$tenant/calendar" params={params}>
          Calendar
        </Link>
      )
    default:
      return <span className="faint">{alert.subject || 'It is about the tenant.'}</span>
  }
}
