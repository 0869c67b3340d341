import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useLive } from '../api/live'
import { send, type Schemas } from '../api/client'
import { devicePage, events as eventsQuery, explanation, rollout as rolloutQuery } from '../api/queries'
import { BurnUp } from '../charts/burnup'
import { Funnel, type Step } from '../charts/funnel'
import { now } from '../lib/clock'
import { cli, curl } from '../lib/commands'
import { count, devices } from '../lib/format'
import { burnUp, marks } from '../lib/history'
import { attemptLook, isOver, ringLook } from '../lib/states'
import { Act } from '../ui/act'
import { Fact, Loaded, Panel, State, Time } from '../ui/basics'
import { DeviceTable } from '../ui/devicetable'
import type { Ask } from '../ui/dialog'
import { Page } from '../ui/page'
import { Failures, Segments } from './rollout/evidence'
import { Pauses } from './rollout/pauses'

/** Who is in this ring, and what happened to them? */
export function RingPage() {
  const { tenant, rollout: id, ring } = useParams({ from: '/t/$tenant/rollouts/$rollout/rings/$ring' })
  useLive(tenant, id)
  const query = useQuery(rolloutQuery(tenant, id))
  return (
    <Loaded query={query} rows={8} title="Ring">
      {(rollout) => {
        const one = rollout.rings[Number(ring)]
        return one ? <Whole tenant={tenant} rollout={rollout} ring={one} /> : <p>This rollout has no such ring.</p>
      }}
    </Loaded>
  )
}

const ORDER: Schemas['AttemptState'][] = ['assigned', 'offered', 'installing', 'installed', 'confirmed', 'failed', 'lost', 'unresolved', 'withdrawn', 'removing', 'removed', 'stranded', 'excluded']
const TONE: Partial<Record<Schemas['AttemptState'], string>> = { confirmed: 'confirmed', failed: 'failed', lost: 'lost', offered: 'in-flight', installing: 'in-flight', installed: 'in-flight', removed: 'removed', removing: 'removed', stranded: 'failed' }

function Whole({ tenant, rollout, ring }: { tenant: string; rollout: Schemas['Rollout']; ring: Schemas['RolloutRing'] }) {
  const history = useQuery(eventsQuery(tenant, rollout.id))
  const explained = useQuery(explanation(tenant, rollout.id))
  const search = { rollout: rollout.id, ring_set: rollout.ring_set_id, ring: ring.ring }
  const steps: Step[] = ORDER.filter((state) => (ring.states[state] ?? 0) > 0).map((state) => ({
    name: attemptLook(state).word,
    devices: ring.states[state] ?? 0,
    tone: TONE[state] ?? 'quiet',
    link: (
      <Link to="/t/$tenant/devices" params={{ tenant }} search={{ ...search, state }}>
        {attemptLook(state).word}
      </Link>
    ),
  }))
  const members = useQuery(devicePage(tenant, { ring_set_id: rollout.ring_set_id, ring: ring.ring }, 10))
  const pauses = rollout.pauses.filter((pause) => pause.scope === 'ring' && pause.ring === ring.ring)
  const end = isOver(rollout.phase.name) && rollout.phase.since ? Date.parse(rollout.phase.since) : now()
  const opened = ring.ring <= (rollout.phase.ring ?? -1)
  return (
    <Page
      title={`${ring.name} of ${rollout.release_name}`}
      lead={
        <p className="row">
          <State look={ringLook(rollout, ring)} />
          <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.id }}>
            The rollout
          </Link>
          <span className="faint">
            Ring {ring.ring + 1} of {rollout.rings.length}
          </span>
        </p>
      }
      aside={
        isOver(rollout.phase.name) ? null : (
          <div className="buttons" data-actions>
            {pauses.length > 0 ? (
              <Act ability="operate" ringSet={rollout.ring_set_id} ask={() => askRing('resume', tenant, rollout, ring)} tone="primary">
                Resume this ring…
              </Act>
            ) : (
              <Act ability="pause" ringSet={rollout.ring_set_id} ask={() => askRing('pause', tenant, rollout, ring)} tone="hold">
                Pause this ring…
              </Act>
            )}
          </div>
        )
      }
    >
      <Pauses pauses={pauses} phase={rollout.phase} rollout={rollout} />
      <div className="columns">
        <Panel title="Where its devices are">
          <Funnel steps={steps} of={ring.assigned} label={`Devices of ${ring.name} by state`} />
          <p className="faint small-text">
            {count(ring.assigned)} assigned, {count(ring.eligible)} can be judged, {count(ring.set_aside)} set aside.
          </p>
        </Panel>
        <Panel title="What Graph was told">
          <dl className="facts">
            <Fact name="Wanted">
              {ring.told.wanted} <Time at={ring.told.wanted_at} />
            </Fact>
            <Fact name="Accepted by Graph">
              {ring.told.accepted} <Time at={ring.told.accepted_at} />
            </Fact>
            <Fact name="Waves decided">{count(ring.waves)}</Fact>
            <Fact name="Waves Graph does not know yet">{count(ring.told.pending_waves)}</Fact>
            {ring.removal_waves > 0 ? <Fact name="Removal waves">{count(ring.removal_waves)}</Fact> : null}
          </dl>
          {ring.told.error ? <p className="notice bad">{ring.told.error}</p> : null}
        </Panel>
      </div>
      {opened ? (
        <div className="columns">
          <Panel title="Progress">
            <Loaded query={history}>{(events) => <BurnUp points={burnUp(events, rollout, ring.ring, end)} marks={marks(events)} eligible={ring.eligible} name={ring.name} />}</Loaded>
          </Panel>
          <Failures tenant={tenant} rollout={rollout} ring={ring.ring} />
        </div>
      ) : null}
      {opened ? <Segments tenant={tenant} rollout={rollout} explanation={explained.data} /> : null}
      <Panel
        title="Members"
        aside={
          <Link to="/t/$tenant/devices" params={{ tenant }} search={{ ring_set: rollout.ring_set_id, ring: ring.ring }}>
            All {count(ring.assigned)}
          </Link>
        }
      >
        <Loaded query={members}>{(page) => <DeviceTable tenant={tenant} items={page.items} />}</Loaded>
      </Panel>
    </Page>
  )
}

function askRing(action: 'pause' | 'resume', tenant: string, rollout: Schemas['Rollout'], ring: Schemas['RolloutRing']): Ask {
  const path = { tenant, rollout: rollout.id, ring: ring.ring }
  const body = (reason: string) => (reason ? { reason } : {})
  const url = `/api/v1/tenants/${tenant}/rollouts/${rollout.id}/rings/${ring.ring}/${action}`
  const flags = (reason: string): string[] => ['--rollout', rollout.id, '--ring', String(ring.ring), ...(reason ? ['--reason', reason] : [])]
  return action === 'pause'
    ? {
        title: `Pause ${ring.name}`,
        explain: <p>No new offer is decided in this ring, and the next one does not open. Other rings go on. {devices(ring.in_flight)} in flight.</p>,
        verb: 'Pause this ring',
        tone: 'hold',
        reason: 'optional',
        submit: (reason) => send('post', '/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/pause', { path, body: body(reason) as never }),
        done: `${ring.name} is paused.`,
        cli: (reason) => cli('pause', ...flags(reason)),
        curl: (reason) => curl('POST', url, body(reason)),
      }
    : {
        title: `Resume ${ring.name}`,
        explain: <p>Offers of this ring go on.</p>,
        verb: 'Resume this ring',
        reason: 'optional',
        submit: (reason) => send('post', '/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/resume', { path, body: body(reason) as never }),
        done: `${ring.name} goes on.`,
        cli: (reason) => cli('resume', ...flags(reason), '--yes'),
        curl: (reason) => curl('POST', url, body(reason)),
      }
}
