import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useLive } from '../api/live'
import type { Schemas } from '../api/client'
import { events as eventsQuery, explanation, rollout as rolloutQuery } from '../api/queries'
import { BurnUp } from '../charts/burnup'
import { Legend, RingStrip } from '../charts/ringstrip'
import { abilityOf } from '../lib/access'
import { askCancel, askPromote, askResume, askRollback, usePauseAsk } from '../lib/acts'
import { now } from '../lib/clock'
import { count } from '../lib/format'
import { burnUp, marks } from '../lib/history'
import { useTenant } from '../lib/session'
import { ACTION_WORDS, isOver, phaseLook } from '../lib/states'
import { Act } from '../ui/act'
import { Loaded, Panel, State, Time } from '../ui/basics'
import { FileRequest } from '../ui/filerequest'
import { Page } from '../ui/page'
import { useSay } from '../ui/toast'
import { EvidencePanel, Failures, Segments } from './rollout/evidence'
import { ForecastPanel } from './rollout/forecast'
import { Pauses } from './rollout/pauses'
import { Timeline } from './rollout/timeline'
import { Why } from './rollout/why'

/** How far, is it healthy, and why not further? */
export function Rollout() {
  const { tenant, rollout: id } = useParams({ from: '/t/$tenant/rollouts/$rollout' })
  useLive(tenant, id)
  const query = useQuery(rolloutQuery(tenant, id))
  return <Loaded query={query} rows={8} title="Rollout">{(rollout) => <Whole tenant={tenant} rollout={rollout} />}</Loaded>
}

function Whole({ tenant, rollout }: { tenant: string; rollout: Schemas['Rollout'] }) {
  const explained = useQuery(explanation(tenant, rollout.id))
  useAlarm(rollout)
  return (
    <Page
      title={rollout.release_name}
      lead={
        <p className="row">
          <State look={phaseLook(rollout.phase)} />
          <span>
            since <Time at={rollout.phase.since ?? rollout.created_at} />
          </span>
          <Link to="/t/$tenant/ring-sets/$ringSet" params={{ tenant, ringSet: rollout.ring_set_id }}>
            Ring set
          </Link>
          <Link to="/t/$tenant/rollouts/$rollout/plan" params={{ tenant, rollout: rollout.id }}>
            Plan, revision {rollout.plan_revision}
          </Link>
          <span className="faint">
            Devices read <Time at={rollout.observed_at} />
          </span>
        </p>
      }
      aside={<Actions tenant={tenant} rollout={rollout} explanation={explained.data} />}
    >
      <Pauses pauses={explained.data?.pauses.length ? explained.data.pauses : rollout.pauses} phase={rollout.phase} rollout={rollout} />
      {rollout.superseded_by ? (
        <p className="notice quiet">
          A newer release takes its place:{' '}
          <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.superseded_by }}>
            its rollout
          </Link>
          .
        </p>
      ) : null}
      <section aria-label="Rings" className="strip-box">
        <RingStrip rollout={rollout} tenant={tenant} />
        <Legend />
      </section>
      <div className="columns main-side">
        <Why tenant={tenant} rollout={rollout} query={explained} />
        <EvidencePanel tenant={tenant} rollout={rollout} explanation={explained.data} />
      </div>
      <div className="columns">
        <Progress tenant={tenant} rollout={rollout} />
        <Segments tenant={tenant} rollout={rollout} explanation={explained.data} />
      </div>
      {isOver(rollout.phase.name) ? null : <ForecastPanel explanation={explained.data} />}
      <Failures tenant={tenant} rollout={rollout} />
      <Timeline tenant={tenant} rollout={rollout} />
    </Page>
  )
}

/** Alarms are said at once, and once. */
function useAlarm(rollout: Schemas['Rollout']): void {
  const { alarm } = useSay()
  const before = useRef({ id: rollout.id, phase: rollout.phase.name, level: rollout.level })
  useEffect(() => {
    const { id, phase, level } = before.current
    before.current = { id: rollout.id, phase: rollout.phase.name, level: rollout.level }
    if (id !== rollout.id) return
    if (phase !== 'paused' && rollout.phase.name === 'paused' && rollout.phase.paused_by !== 'person') {
      alarm(`${rollout.release_name} was paused by the service. ${rollout.phase.cause ?? ''}`)
    } else if (level === 'calm' && rollout.level === 'watch') {
      alarm(`${rollout.release_name}: the evidence against it is worth watching. Nothing new is offered.`)
    }
  }, [rollout, alarm])
}

function Actions({ tenant, rollout, explanation: why }: { tenant: string; rollout: Schemas['Rollout']; explanation: Schemas['Explanation'] | undefined }) {
  const blocked = (action: string): string | undefined => {
    const said = why?.actions.find((one) => one.action === action)
    return said && !said.allowed ? said.text : undefined
  }
  const asks = {
    resume: () => askResume(tenant, rollout),
    promote: () => askPromote(tenant, rollout),
    rollback: () => askRollback(tenant, rollout),
    cancel: () => askCancel(tenant, rollout),
  }
  const over = isOver(rollout.phase.name)
  const held = rollout.phase.name === 'paused' || rollout.intent.wish === 'hold'
  const shown = (over ? (['rollback'] as const) : (['resume', 'promote', 'rollback', 'cancel'] as const)).filter((action) => action !== 'resume' || held)
  return (
    <div className="buttons" data-actions role="group" aria-label="Actions">
      {over || held ? null : <PauseAct tenant={tenant} rollout={rollout} blocked={blocked('pause')} />}
      {shown.map((action) => (
        <Act key={action} ability={abilityOf(action, rollout)} ringSet={rollout.ring_set_id} ask={asks[action]} blocked={blocked(action)} tone={action === 'resume' ? 'primary' : action === 'rollback' ? 'danger' : ''}>
          {ACTION_WORDS[action]}…
        </Act>
      ))}
      <FileRequest about={{ kind: 'rollout', id: rollout.id }} name={rollout.release_name} category="updates" />
    </div>
  )
}

function PauseAct({ tenant, rollout, blocked }: { tenant: string; rollout: Schemas['Rollout']; blocked: string | undefined }) {
  const name = useTenant()?.name ?? 'the tenant'
  const ask = usePauseAsk(tenant, name, rollout)
  return (
    <Act ability="pause" ringSet={rollout.ring_set_id} ask={() => ask} blocked={blocked} tone="hold">
      Pause…
    </Act>
  )
}

/** The burn-up of one ring, chosen by the address. */
export function Progress({ tenant, rollout }: { tenant: string; rollout: Schemas['Rollout'] }) {
  const { ring: wanted } = useSearch({ strict: false }) as { ring?: number }
  const navigate = useNavigate()
  const history = useQuery(eventsQuery(tenant, rollout.id))
  const current = rollout.phase.ring ?? 0
  const chosen = wanted !== undefined && wanted >= -1 && wanted < rollout.rings.length ? wanted : current
  const ring = chosen === -1 ? undefined : rollout.rings[chosen]
  const eligible = ring ? ring.eligible : rollout.rings.reduce((sum, one) => sum + one.eligible, 0)
  return (
    <Panel
      title="Progress"
      aside={
        <select aria-label="Ring of the chart" value={chosen} onChange={(event) => void navigate({ to: '.', search: (before: object) => ({ ...before, ring: Number(event.target.value) }), replace: true } as never)}>
          <option value={-1}>All rings</option>
          {rollout.rings.map((one) => (
            <option key={one.ring} value={one.ring}>
              {one.name} ({count(one.eligible)})
            </option>
          ))}
        </select>
      }
    >
      <Loaded query={history}>
        {(events) => {
          const at = isOver(rollout.phase.name) && rollout.phase.since ? Date.parse(rollout.phase.since) : now()
          return <BurnUp points={burnUp(events, rollout, ring?.ring, at)} marks={marks(events)} eligible={eligible} name={ring?.name ?? 'All rings'} />
        }}
      </Loaded>
    </Panel>
  )
}
