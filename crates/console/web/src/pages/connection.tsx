import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { send, get, type Schemas } from '../api/client'
import { rollouts } from '../api/queries'
import { clockPace, now } from '../lib/clock'
import { cli, curl } from '../lib/commands'
import { count, devices, moment } from '../lib/format'
import { useMay, useTenant } from '../lib/session'
import { connectionLook, type Look } from '../lib/states'
import { Act } from '../ui/act'
import { Fact, Failed, Loaded, Panel, State, Table, Time, useTick } from '../ui/basics'
import { ConnectForm } from '../ui/connect'
import { Page } from '../ui/page'

/** Does the service do its work, and does it see the tenant? */
export function ConnectionPage() {
  const { tenant } = useParams({ from: '/t/$tenant/connection' })
  const about = useTenant()
  const ready = useQuery({
    queryKey: ['readyz'],
    queryFn: async () => {
      const answer = await fetch('/readyz')
      return { ok: answer.ok, text: await answer.text() }
    },
    refetchInterval: 5_000,
  })
  const untold = (useQuery(rollouts(tenant)).data ?? []).flatMap((rollout) => rollout.rings.filter((ring) => ring.told.error ?? ring.told.wanted !== ring.told.accepted).map((ring) => ({ rollout, ring })))
  useTick(1_000)
  return (
    <Page title="Connection" lead="Does the service do its work, and does it see the tenant?">
      <div className="columns">
        <Panel title="Service" aside={<State look={readyLook(ready.data)} />}>
          <dl className="facts">
            <Fact name="Database">{ready.data?.text ?? '…'}</Fact>
            <Fact name="Its clock">{moment(new Date(now()).toISOString())}</Fact>
            {clockPace() === 1 ? null : <Fact name="Its clock runs">{count(Math.round(clockPace()))} times as fast as yours: this is a demo</Fact>}
          </dl>
          <p>
            <a href="/metrics">Metrics for Prometheus</a> · <a href="/docs">The API</a>
          </p>
        </Panel>
        {about ? <Connection tenant={about} /> : null}
      </div>
      <Panel title="What Graph has not accepted yet">
        {untold.length === 0 ? (
          <p className="faint">Nothing: Graph agrees with every ring.</p>
        ) : (
          <Table caption="What Graph has not accepted yet" head={['Rollout', 'Ring', 'Wanted', 'Accepted', 'Why not']}>
            {untold.map(({ rollout, ring }) => (
              <tr key={rollout.id + ring.ring}>
                <th scope="row">{rollout.release_name}</th>
                <td>{ring.name}</td>
                <td>
                  {ring.told.wanted} <Time at={ring.told.wanted_at} />
                </td>
                <td>{ring.told.accepted}</td>
                <td>{ring.told.error ?? 'being told'}</td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
      <Signing />
      <Reconnect tenant={tenant} />
    </Page>
  )
}

function readyLook(ready: { ok: boolean } | undefined): Look {
  if (!ready) return { word: 'Asking', icon: 'clock', tone: 'quiet' }
  return ready.ok ? { word: 'Ready', icon: 'check', tone: 'good' } : { word: 'Not ready', icon: 'cross', tone: 'bad' }
}

function Connection({ tenant }: { tenant: Schemas['Tenant'] }) {
  return (
    <Panel
      title="Microsoft Graph"
      aside={<State look={connectionLook(tenant.connection.state)} />}
    >
      {tenant.connection.error ? <p className="notice bad">{tenant.connection.error}</p> : null}
      <dl className="facts">
        <Fact name="Since">
          <Time at={tenant.connection.since} />
        </Fact>
        <Fact name="Check-ins read up to">
          <Time at={tenant.observed_to} />
        </Fact>
        <Fact name="Everything read">
          <Time at={tenant.synced_at} />
        </Fact>
        <Fact name="Signs in by">{tenant.credential}</Fact>
        <Fact name="Entra tenant">
          <code>{tenant.entra_tenant_id}</code>
        </Fact>
      </dl>
      <div className="buttons" data-actions>
        <Act
          ability="operate"
          ask={() => ({
            title: 'Read everything again',
            explain: <p>Catalogue, devices and groups are read from scratch. It changes nothing.</p>,
            verb: 'Read',
            reason: 'none',
            submit: () => send('post', '/api/v1/tenants/{tenant}/sync', { path: { tenant: tenant.id } }),
            done: 'Everything is being read.',
            cli: () => cli('tenant', 'sync'),
            curl: () => curl('POST', `/api/v1/tenants/${tenant.id}/sync`),
          })}
        >
          Read everything again…
        </Act>
        {tenant.missing_devices ? (
          <Act
            ability="administer"
            tone="danger"
            ask={() => ({
              title: `Remove ${devices(tenant.missing_devices ?? 0)}`,
              explain: <p>Graph did not show them when everything was last read. More than a fifth of a fleet is not believed to be gone until somebody says so.</p>,
              verb: 'They are gone',
              tone: 'danger',
              reason: 'none',
              typed: String(tenant.missing_devices),
              submit: () => send('post', '/api/v1/tenants/{tenant}/remove-missing', { path: { tenant: tenant.id }, body: { devices: tenant.missing_devices ?? 0 } }),
              done: 'They are being removed.',
              cli: () => cli('tenant', 'remove-missing', '--devices', String(tenant.missing_devices)),
            })}
          >
            {devices(tenant.missing_devices)} vanished…
          </Act>
        ) : null}
      </div>
    </Panel>
  )
}

function Signing() {
  const { allowed } = useMay('audit')
  const query = useQuery({ queryKey: ['audit-signing'], queryFn: () => get('/api/v1/audit/signing'), enabled: allowed, refetchInterval: 10_000 })
  if (!allowed) return null
  return (
    <Panel title="Audit trail">
      {query.error ? (
        <Failed error={query.error} />
      ) : (
        <Loaded query={query}>
          {(signing) => (
            <dl className="facts">
              <Fact name="Signed">
                <Time at={signing.signed_at} />
              </Fact>
              <Fact name="Damaged chains">{count(signing.damaged_chains)}</Fact>
              {signing.sinks.map((sink) => (
                <Fact key={sink.name} name={`Copied to ${sink.name}`}>
                  {sink.error ?? <Time at={sink.copied_at} />}
                </Fact>
              ))}
            </dl>
          )}
        </Loaded>
      )}
    </Panel>
  )
}

function Reconnect({ tenant }: { tenant: string }) {
  const { allowed } = useMay('administer')
  const name = useTenant()?.name ?? ''
  if (!allowed) return null
  return (
    <Panel title="Another connection">
      <details>
        <summary>Another application, credential or cloud for {name}</summary>
        <ConnectForm named={false} submit={(body) => send('put', '/api/v1/tenants/{tenant}/connection', { path: { tenant }, body: body.connection })} />
      </details>
    </Panel>
  )
}
