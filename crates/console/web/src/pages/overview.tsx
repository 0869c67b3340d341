import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { alertPage, assessment, explanation, list, one, rollouts, rolloutPart } from '../api/queries'
import type { Schemas } from '../api/client'
import { Legend, RingStrip } from '../charts/ringstrip'
import { askResumeTenant } from '../lib/acts'
import { count, devices, percent } from '../lib/format'
import { alertsInOrder, isMuted, severityLook } from '../lib/fleetstates'
import { useTenant, useTenantId } from '../lib/session'
import { connectionLook, isOver, phaseLook, type Icon as IconName, type Tone } from '../lib/states'
import { Act } from '../ui/act'
import { Empty, Loaded, Panel, State, Time } from '../ui/basics'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'

interface Need {
  key: string
  tone: Tone
  icon: IconName
  text: ReactNode
  act?: ReactNode
}

/** Is anything wrong, and what needs me? */
export function Overview() {
  const tenant = useTenantId()
  const about = useTenant()
  const all = useQuery(rollouts(tenant))
  const running = (all.data ?? []).filter((rollout) => !isOver(rollout.phase.name))
  return (
    <Page title="Overview" lead={about ? <Freshness tenant={about} /> : null}>
      <Needs running={running} ready={all.data !== undefined} />
      <Panel title="Rollouts under way" aside={<Link to="/t/$tenant/rollouts" params={{ tenant }}>All rollouts</Link>}>
        <Loaded query={all}>
          {() =>
            running.length === 0 ? (
              <Empty title="Nothing goes out at the moment" cli="concentric update list">
                <p>
                  Approve an update to make a release: <Link to="/t/$tenant/updates" params={{ tenant }}>Updates</Link>.
                </p>
              </Empty>
            ) : (
              <>
                <ul className="cards">
                  {running.map((rollout) => (
                    <RolloutCard key={rollout.id} rollout={rollout} />
                  ))}
                </ul>
                <Legend />
              </>
            )
          }
        </Loaded>
      </Panel>
      <div className="columns">
        <Fleet />
        <Recent all={all.data ?? []} />
      </div>
    </Page>
  )
}

function Freshness({ tenant }: { tenant: Schemas['Tenant'] }) {
  return (
    <p className="row">
      <State look={connectionLook(tenant.connection.state)} quiet />
      <span>
        Check-ins read <Time at={tenant.observed_to} />
      </span>
      <span>
        Everything read <Time at={tenant.synced_at} />
      </span>
    </p>
  )
}

export function RolloutCard({ rollout }: { rollout: Schemas['Rollout'] }) {
  const tenant = useTenantId()
  return (
    <li className="card" data-row>
      <div className="card-head">
        <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.id }} className="card-title">
          {rollout.release_name}
        </Link>
        <State look={phaseLook(rollout.phase)} />
      </div>
      <RingStrip rollout={rollout} tenant={tenant} small />
      <p className="card-why">
        {rollout.waiting_on ?? 'It moves.'}
        {rollout.next_look ? (
          <span className="faint">
            {' '}
            Looks again <Time at={rollout.next_look} />.
          </span>
        ) : null}
      </p>
    </li>
  )
}

const URGENCY: readonly Tone[] = ['bad', 'hold', 'warn', 'info', 'quiet', 'good']
const MOST_ALERTS = 5
/** Alerts whose matter stands among what needs somebody already, with more about it. */
const SAID = new Set(['rollout_paused', 'rollout_watched', 'access_lost', 'unreachable'])

/** What a person has to look at, worst first. */
function Needs({ running, ready }: { running: readonly Schemas['Rollout'][]; ready: boolean }) {
  const tenant = useTenantId()
  const about = useTenant()
  const pauses = useQuery(list(tenant, 'pauses')).data ?? []
  const checked = useQuery(assessment(tenant)).data
  const registration = useQuery(one(tenant, 'registration')).data
  const alerts = useQuery(alertPage(tenant)).data?.items ?? []
  const approvals = useQueries({ queries: running.map((rollout) => rolloutPart(tenant, rollout.id, 'approvals')) })
  const explained = useQueries({ queries: running.map((rollout) => ({ ...explanation(tenant, rollout.id), refetchInterval: 10_000 })) })
  const needs: Need[] = []
  const link = (rollout: Schemas['Rollout']): ReactNode => (
    <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.id }}>
      {rollout.release_name}
    </Link>
  )
  if (about && about.connection.state !== 'connected' && about.connection.state !== 'unverified') {
    needs.push({
      key: 'connection',
      tone: 'bad',
      icon: 'warning',
      text: (
        <>
          Microsoft Graph: {connectionLook(about.connection.state).word.toLowerCase()}. {about.connection.error}
        </>
      ),
    })
  }
  for (const pause of pauses.filter((one) => one.scope === 'tenant')) {
    needs.push({
      key: pause.id,
      tone: 'hold',
      icon: 'pause',
      text: (
        <>
          Everything is paused by {pause.by}, <Time at={pause.at} />
          {pause.reason ? `: ${pause.reason}` : ''}.
        </>
      ),
      act: (
        <Act ability="release" ask={() => askResumeTenant(tenant, about?.name ?? 'the tenant')}>
          Resume…
        </Act>
      ),
    })
  }
  running.forEach((rollout, at) => {
    if (rollout.phase.name === 'paused') {
      const look = phaseLook(rollout.phase)
      needs.push({ key: rollout.id, tone: look.tone, icon: look.icon, text: <>{link(rollout)} is {look.word.toLowerCase()}. {rollout.phase.cause ?? rollout.intent.reason ?? rollout.waiting_on}</> })
    } else if (rollout.level !== 'calm') {
      needs.push({ key: rollout.id, tone: 'warn', icon: 'warning', text: <>{link(rollout)}: the evidence against it is at {rollout.level.replace('_', ' ')}. Nothing new is offered.</> })
    } else if (rollout.waiting_for === 'person' || rollout.waiting_for === 'review' || rollout.waiting_for === 'removal_review') {
      needs.push({ key: rollout.id, tone: 'warn', icon: 'question', text: <>{link(rollout)} waits for a person. {rollout.waiting_on}</> })
    }
    if (rollout.held_segments.length > 0) {
      needs.push({ key: `${rollout.id}-held`, tone: 'hold', icon: 'pause', text: <>{link(rollout)} holds {rollout.held_segments.map((segment) => segment.name).join(', ')} back.</> })
    }
    for (const ring of approvals[at]?.data?.rings ?? []) {
      if (ring.met || ring.ring !== rollout.phase.ring || rollout.phase.name === 'paused') continue
      needs.push({
        key: `${rollout.id}-approval-${ring.ring}`,
        tone: 'info',
        icon: 'check',
        text: (
          <>
            {link(rollout)}: {ring.name} needs {ring.needed - ring.counted.length} more approval{ring.needed - ring.counted.length === 1 ? '' : 's'}. <Link to="/t/$tenant/approvals" params={{ tenant }}>Approvals</Link>
          </>
        ),
      })
    }
    for (const gate of explained[at]?.data?.gates ?? []) {
      const signals = gate.conditions.find((condition) => condition.name === 'signals')
      if (gate.ring === rollout.phase.ring && signals && (signals.verdict === 'fail' || signals.verdict === 'unknown') && rollout.phase.name !== 'paused') {
        needs.push({ key: `${rollout.id}-signals`, tone: 'warn', icon: 'warning', text: <>{link(rollout)}: {signals.text}</> })
      }
    }
  })
  if (about?.missing_devices) {
    needs.push({ key: 'missing', tone: 'warn', icon: 'question', text: <>{devices(about.missing_devices)} vanished from Graph and are kept until somebody confirms it. <Link to="/t/$tenant/connection" params={{ tenant }}>Connection</Link></> })
  }
  if (checked && checked.level !== 'ready') {
    const failing = checked.findings.filter((finding) => finding.level !== 'ready').length
    needs.push({ key: 'readiness', tone: 'warn', icon: 'warning', text: <><Link to="/t/$tenant/readiness" params={{ tenant }}>Readiness</Link>: {count(failing)} of {count(checked.findings.length)} checks want something done.</> })
  }
  const unready = registration ? registration.devices - (registration.standings.find((one) => one.name === 'ready')?.devices ?? 0) : 0
  if (registration && unready > registration.devices * 0.05) {
    needs.push({ key: 'devices', tone: 'warn', icon: 'warning', text: <><Link to="/t/$tenant/devices" params={{ tenant }} search={{ standing: 'not_ready' }}>{devices(unready)}</Link> are not served.</> })
  }
  const open = alertsInOrder(alerts.filter((alert) => !alert.acknowledged_by && !isMuted(alert) && !SAID.has(alert.kind)))
  for (const alert of open.slice(0, MOST_ALERTS)) {
    const { tone, icon, word } = severityLook(alert.severity)
    needs.push({ key: alert.id, tone, icon, text: <><span className="sr">{word} alert: </span><Link to="/t/$tenant/alerts/$alert" params={{ tenant, alert: alert.id }}>{alert.text}</Link></> })
  }
  if (open.length > MOST_ALERTS) {
    needs.push({ key: 'alerts', tone: 'info', icon: 'arrow', text: <Link to="/t/$tenant/alerts" params={{ tenant }}>{count(open.length - MOST_ALERTS)} more alerts</Link> })
  }
  needs.sort((a, b) => URGENCY.indexOf(a.tone) - URGENCY.indexOf(b.tone))
  return (
    <Panel title="Needs you" className={needs.length === 0 ? 'calm' : ''}>
      {needs.length > 0 ? (
        <ul className="needs">
          {needs.map((need) => (
            <li key={need.key} className={need.tone}>
              <Icon name={need.icon} />
              <span>{need.text}</span>
              {need.act}
            </li>
          ))}
        </ul>
      ) : (
        <p className="nothing">
          <Icon name="check" /> {ready ? 'Nothing needs you.' : 'Looking…'}
        </p>
      )}
    </Panel>
  )
}

function Fleet() {
  const tenant = useTenantId()
  const query = useQuery(one(tenant, 'registration'))
  return (
    <Panel title="Fleet">
      <Loaded query={query}>
        {(fleet) => (
          <>
            <p className="big">
              <Link to="/t/$tenant/devices" params={{ tenant }}>
                {count(fleet.devices)}
              </Link>{' '}
              <span className="faint">devices</span>
            </p>
            <ul className="counts">
              {fleet.standings
                .filter((standing) => standing.devices > 0)
                .map((standing) => (
                  <li key={standing.name}>
                    <Link to="/t/$tenant/devices" params={{ tenant }} search={{ standing: standing.name }}>
                      {standing.title}
                    </Link>
                    <span className="n">{count(standing.devices)}</span>
                    <span className="n faint">{percent(standing.devices, fleet.devices)}</span>
                  </li>
                ))}
              {fleet.reasons.map((reason) => (
                <li key={reason.name} className="sub">
                  <Link to="/t/$tenant/devices" params={{ tenant }} search={{ reason: reason.name }}>
                    {reason.title}
                  </Link>
                  <span className="n">{count(reason.devices)}</span>
                  <span className="n faint">{percent(reason.devices, fleet.devices)}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function Recent({ all }: { all: readonly Schemas['Rollout'][] }) {
  const tenant = useTenantId()
  const over = all.filter((rollout) => isOver(rollout.phase.name)).slice(0, 6)
  return (
    <Panel title="Lately ended">
      {over.length === 0 ? (
        <p className="faint">No rollout has ended yet.</p>
      ) : (
        <ul className="counts">
          {over.map((rollout) => (
            <li key={rollout.id}>
              <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.id }}>
                {rollout.release_name}
              </Link>
              <State look={phaseLook(rollout.phase)} />
              <Time at={rollout.phase.since} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
