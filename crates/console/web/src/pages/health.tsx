import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Schemas } from '../api/client'
import { tenantHealth } from '../api/queries'
import { StatusBar, StatusLegend, statusSentence } from '../charts/stack'
import { cli } from '../lib/commands'
import { count, length, percent } from '../lib/format'
import { STATUSES, objectiveLook, sourceLook, sourceWords, statusLook, type Status } from '../lib/fleetstates'
import { conditions } from '../lib/reports'
import { CopyButton, Empty, Loaded, Panel, State, Table, Time } from '../ui/basics'
import { Page } from '../ui/page'

/** How the fleet stands: tenant, ring sets, rings; objectives, who is excluded and why; how fresh each source is. */
export function Health() {
  const { tenant } = useParams({ from: '/t/$tenant/health' })
  const query = useQuery(tenantHealth(tenant))
  return (
    <Page
      title="Service health"
      lead="How the fleet stands with what Microsoft publishes, as of now."
      aside={
        <CopyButton text={cli('status')} label="Copy as CLI">
          Copy as CLI
        </CopyButton>
      }
    >
      <Loaded query={query} rows={8}>
        {(health) => (
          <div className="page">
            <Alerts tenant={tenant} open={health.open_alerts} />
            <Panel title="The fleet">
              <p className="summary">{statusSentence(health, 'The tenant')}</p>
              <StatusBar counts={health} tall />
              <ul className="tiles" aria-label="Devices by status">
                {STATUSES.map((status) => (
                  <li key={status} className={statusLook(status).tone}>
                    <State look={statusLook(status)} quiet />
                    <span className="big">
                      <Of tenant={tenant} counts={health} status={status} />
                    </span>
                    <span className="faint small-text">{percent(health[status], health.devices)}</span>
                  </li>
                ))}
              </ul>
            </Panel>
            <Panel title="Objectives">
              <div className="objectives">
                <Goal name="Quality updates" what="on the newest quality update they had time for" objective={health.quality} tenant={tenant} filter="status=not_up_to_date" report="quality-status" />
                <Goal name="Windows version" what="on a Windows version in service" objective={health.feature} tenant={tenant} filter="in_service=false" report="feature-status" />
                <Goal name="Microsoft 365 Apps" what="of those that have them, on a supported version" objective={health.microsoft_365_apps} tenant={tenant} />
              </div>
              <Excluded tenant={tenant} excluded={health.excluded} />
            </Panel>
            {health.ring_sets.length === 0 ? (
              <Panel title="Ring sets">
                <Empty title="No ring set yet" cli="concentric ring-set create --help">
                  <p>
                    Devices are counted by ring once they are in one: <Link to="/t/$tenant/ring-sets" params={{ tenant }}>Ring sets</Link>.
                  </p>
                </Empty>
              </Panel>
            ) : (
              health.ring_sets.map((set) => <SetPanel key={set.ring_set_id} tenant={tenant} set={set} />)
            )}
            {health.unplaced.devices > 0 ? (
              <Panel title="In no ring">
                <p className="summary">{statusSentence(health.unplaced, 'Devices in no ring')}</p>
                <StatusBar counts={health.unplaced} />
              </Panel>
            ) : null}
            <Sources sources={health.sources} at={health.at} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Alerts({ tenant, open }: { tenant: string; open: Schemas['OpenAlerts'] }) {
  const all = open.critical + open.warning + open.information
  if (all === 0) return null
  const parts = [
    ['critical', open.critical],
    ['warning', open.warning],
    ['information', open.information],
  ] as const
  return (
    <p className={`notice ${open.critical > 0 ? 'bad' : 'warn'}`}>
      <span>
        Open alerts:{' '}
        {parts
          .filter(([, number]) => number > 0)
          .map(([severity, number], at) => (
            <span key={severity}>
              {at > 0 ? ', ' : ''}
              <Link to="/t/$tenant/alerts" params={{ tenant }} search={{ severity }}>
                {count(number)} {severity}
              </Link>
            </span>
          ))}
        .
      </span>
    </p>
  )
}

/** A number that leads to its devices, where a filter can say which they are. */
function Of({ tenant, counts, status, set, ring }: { tenant: string; counts: Schemas['HealthCounts']; status: Status; set?: string; ring?: string }) {
  const filter = conditions([...(set === undefined ? [] : [['ring_set', set] as const]), ...(ring === undefined ? [] : [['ring', ring] as const]), ['status', status] as const])
  const text = count(counts[status])
  if (counts[status] === 0) return <span className="faint">0</span>
  if (filter === undefined) return <>{text}</>
  return (
    <Link to="/t/$tenant/reports/$report" params={{ tenant, report: 'quality-status' }} search={{ filter }}>
      {text}
    </Link>
  )
}

function Goal({ name, what, objective, tenant, report, filter }: { name: string; what: string; objective: Schemas['Objective']; tenant: string; report?: string; filter?: string }) {
  const missing = objective.eligible - objective.met
  return (
    <section className="objective" aria-label={name}>
      <div className="row">
        <h3>{name}</h3>
        <State look={objectiveLook(objective)} />
      </div>
      <p>
        <span className="big">{objective.percent == null ? 'none' : `${objective.percent.toFixed(1)} %`}</span> <span className="faint">of {objective.target_percent} % wanted</span>
      </p>
      <p className="small-text">
        {count(objective.met)} of {count(objective.eligible)} devices {what}.{' '}
        {missing > 0 && report && filter ? (
          <Link to="/t/$tenant/reports/$report" params={{ tenant, report }} search={{ filter }}>
            The {count(missing)} others
          </Link>
        ) : null}
      </p>
    </section>
  )
}

/** Who the objectives are not about, by why. */
function Excluded({ tenant, excluded }: { tenant: string; excluded: readonly Schemas['Excluded'][] }) {
  const all = excluded.reduce((sum, one) => sum + one.devices, 0)
  return (
    <details open={excluded.length > 0 && excluded.length <= 4}>
      <summary>
        Not measured: {count(all)} {all === 1 ? 'device' : 'devices'}
      </summary>
      {excluded.length === 0 ? (
        <p className="faint">Everybody is measured.</p>
      ) : (
        <ul className="counts">
          {excluded.map((one) => (
            <li key={one.reason}>
              {WITHOUT_LIST.has(one.reason) ? (
                <span>{one.title}</span>
              ) : (
                <Link to="/t/$tenant/devices" params={{ tenant }} search={{ reason: one.reason }}>
                  {one.title}
                </Link>
              )}
              <span className="n">{count(one.devices)}</span>
              <span className="n faint">{percent(one.devices, all)}</span>
            </li>
          ))}
        </ul>
      )}
    </details>
  )
}

/** They are no reason of registration, so the list of devices cannot be asked for them. */
const WITHOUT_LIST = new Set(['not_judged', 'scheduled_install'])

function SetPanel({ tenant, set }: { tenant: string; set: Schemas['RingSetHealth'] }) {
  return (
    <Panel
      title={
        <Link to="/t/$tenant/ring-sets/$ringSet" params={{ tenant, ringSet: set.ring_set_id }}>
          {set.name}
        </Link>
      }
      aside={
        <Link to="/t/$tenant/reports" params={{ tenant }} search={{ set: set.name }} className="small-text">
          Day by day
        </Link>
      }
    >
      <p className="summary">{statusSentence(set, set.name)}</p>
      <Table
        tight
        caption={`Rings of ${set.name}`}
        head={['Ring', 'Status', '#Devices', ...STATUSES.map((status) => `#${statusLook(status).word}`), '#On the newest', 'Quality objective', 'Windows version', '#Not measured']}
      >
        {set.rings.map((ring) => (
          <tr key={ring.ring}>
            <th scope="row">
              {ring.name}
              {ring.paused_since ? (
                <div className="small-text">
                  <State look={{ word: 'Paused', icon: 'pause', tone: 'hold' }} quiet /> <Time at={ring.paused_since} />
                </div>
              ) : null}
            </th>
            <td className="bar-cell">
              <StatusBar counts={ring} />
            </td>
            <td className="n">
              <Link to="/t/$tenant/devices" params={{ tenant }} search={{ ring_set: set.ring_set_id, ring: ring.ring }}>
                {count(ring.devices)}
              </Link>
            </td>
            {STATUSES.map((status) => (
              <td key={status} className="n">
                <Of tenant={tenant} counts={ring} status={status} set={set.name} ring={ring.name} />
              </td>
            ))}
            <td className="n">{ring.latest_percent == null ? <span className="faint">none</span> : `${ring.latest_percent.toFixed(1)} %`}</td>
            <td>
              <Met objective={ring.quality} />
            </td>
            <td>
              <Met objective={ring.feature} />
            </td>
            <td className="n">
              {count(ring.excluded.reduce((sum, one) => sum + one.devices, 0))}
              <span className="sr"> {ring.excluded.map((one) => `${count(one.devices)} ${one.title}`).join(', ')}</span>
            </td>
          </tr>
        ))}
      </Table>
      <StatusLegend />
    </Panel>
  )
}

function Met({ objective }: { objective: Schemas['Objective'] }): ReactNode {
  return (
    <>
      <State look={objectiveLook(objective)} quiet /> {objective.percent == null ? null : <span className="faint small-text nowrap">{objective.percent.toFixed(1)} %</span>}
    </>
  )
}

function Sources({ sources, at }: { sources: readonly Schemas['Source'][]; at: string }) {
  const stale = sources.filter((source) => source.is_stale)
  return (
    <Panel
      title="How fresh this is"
      aside={
        <span className="faint small-text">
          As of <Time at={at} />
        </span>
      }
    >
      <p className="summary">{stale.length === 0 ? 'Every source that is read is as fresh as it should be.' : `Stale: ${stale.map((source) => sourceWords(source.name).toLowerCase()).join(', ')}.`}</p>
      <Table caption="Sources" head={['Source', 'State', 'Read', 'May be as old as']}>
        {sources.map((source) => (
          <tr key={source.name}>
            <th scope="row">{sourceWords(source.name)}</th>
            <td>
              <State look={sourceLook(source)} quiet />
            </td>
            <td>
              <Time at={source.read_at} />
            </td>
            <td>{length(source.may_be_minutes * 60_000)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  )
}
