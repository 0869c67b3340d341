import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { send, type Schemas } from '../../api/client'
import { changed, rollout as rolloutQuery, rolloutPart } from '../../api/queries'
import { curl } from '../../lib/commands'
import { moment } from '../../lib/format'
import { planBody, planCommand, planDraft, saysSomething, type PlanDraft } from '../../lib/plandraft'
import { useMay } from '../../lib/session'
import { isOver, phaseLook } from '../../lib/states'
import { CopyButton, Failed, Loaded, Panel, State, Table, Time } from '../../ui/basics'
import { Numeric, Select, Text } from '../../ui/fields'
import { Page } from '../../ui/page'
import { useSay } from '../../ui/toast'

/** The plan a rollout follows: every revision with what it says differently, and another one to be made. */
export function PlanPage() {
  const { tenant, rollout: id } = useParams({ from: '/t/$tenant/rollouts/$rollout/plan' })
  const rollout = useQuery(rolloutQuery(tenant, id))
  const plans = useQuery(rolloutPart(tenant, id, 'plans'))
  return (
    <Loaded query={rollout} rows={8} title="Plan">
      {(rollout) => (
        <Page
          title={`Plan of ${rollout.release_name}`}
          lead={
            <p className="row">
              <State look={phaseLook(rollout.phase)} />
              <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: id }}>
                The rollout
              </Link>
              <span className="faint">Revision {rollout.plan_revision} is followed</span>
            </p>
          }
        >
          <Loaded query={plans} rows={8}>
            {({ items }) => {
              const last = items.at(-1) as Schemas['PlanRevision'] | undefined
              return (
                <div className="page">
                  {last && !isOver(rollout.phase.name) ? <Editor key={last.revision} tenant={tenant} rollout={rollout} from={last} /> : <p className="notice quiet">The rollout is over: its plan stays as it is.</p>}
                  <Revisions items={items as Schemas['PlanRevision'][]} />
                </div>
              )
            }}
          </Loaded>
        </Page>
      )}
    </Loaded>
  )
}

type Ring = Schemas['Ring']
// The revision in the body says what was looked at.
const P = '/api/v1/tenants/{tenant}/rollouts/{rollout}/plan'

function Editor({ tenant, rollout, from }: { tenant: string; rollout: Schemas['Rollout']; from: Schemas['PlanRevision'] }) {
  const [draft, setDraft] = useState<PlanDraft>(() => planDraft(from))
  const [reason, setReason] = useState('')
  const [difference, setDifference] = useState<Schemas['PlanRevision']>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { say } = useSay()
  const { allowed, why } = useMay('release', rollout.ring_set_id)
  const change = (next: PlanDraft): void => {
    setDraft(next)
    setDifference(undefined)
    setError(undefined)
  }
  const set = (at: number, more: Partial<Ring>): void => change({ ...draft, rings: draft.rings.map((ring, place) => (place === at ? { ...ring, ...more } : ring)) })
  const body = planBody(from, draft, reason.trim(), false)
  const path = { tenant, rollout: rollout.id }
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await work()
    } catch (cause) {
      setError(cause as Error)
    }
    setBusy(false)
  }
  const look = (): Promise<void> => run(async () => setDifference(await send('patch', P, { path, whatever: true, body: planBody(from, draft, reason.trim() || 'to be looked at', true) })))
  const save = (): Promise<void> =>
    run(async () => {
      const made = await send('patch', P, { path, whatever: true, body })
      say(`Revision ${made.revision} counts from the next decision on.`)
      await changed(client, tenant)
      void navigate({ to: '/t/$tenant/rollouts/$rollout', params: { tenant, rollout: rollout.id } })
    })
  const differs = saysSomething(body)
  return (
    <Panel
      title={`Change it: revision ${from.revision + 1}`}
      aside={
        <span className="row">
          <CopyButton text={planCommand(rollout.id, body)} label="Copy as CLI">
            Copy as CLI
          </CopyButton>
          <CopyButton text={curl('PATCH', `/api/v1/tenants/${tenant}/rollouts/${rollout.id}/plan`, body)} label="Copy as curl">
            Copy as curl
          </CopyButton>
        </span>
      }
    >
      <p className="faint">Which rings there are, who is in them, and what evidence is held against stay as they are.</p>
      <ol className="designer">
        {draft.rings.map((ring, at) => (
          <li key={ring.name}>
            <RingFields ring={ring} passed={at < (rollout.phase.ring ?? -1)} onChange={(more) => set(at, more)} />
          </li>
        ))}
      </ol>
      <div className="columns of-fields">
        <Text label="Deferrals count from" type="datetime-local" value={local(draft.starts_at)} onChange={(text) => change({ ...draft, starts_at: text === '' ? from.starts_at : sameMinute(text, from.starts_at) })} />
        <Select
          label="When the evidence against it is overwhelming"
          value={draft.on_gate_failure}
          onChange={(on_gate_failure) => change({ ...draft, on_gate_failure })}
          options={[
            ['pause', 'Pause'],
            ['roll_back', 'Roll back by itself'],
          ]}
        />
      </div>
      {error ? <Failed error={error} /> : null}
      <div className="buttons">
        <button type="button" className={difference ? '' : 'primary'} disabled={busy || !differs} onClick={() => void look()}>
          {busy && !difference ? 'Comparing…' : 'Show the difference'}
        </button>
        <button type="button" disabled={busy || !differs} onClick={() => change(planDraft(from))}>
          As it was
        </button>
        {differs ? null : <span className="faint">Nothing is changed yet.</span>}
      </div>
      {difference ? (
        <section aria-label="The difference" className="page">
          <Changes caption={`What revision ${from.revision + 1} says differently`} changes={difference.changes} rings={from.rings} />
          <p className="notice warn">It counts from the next decision on. Approvals given so far count no more, and you may not approve it.</p>
          <form
            className="filters"
            onSubmit={(event) => {
              event.preventDefault()
              void save()
            }}
          >
            <div className="grow">
              <Text label="Reason" value={reason} onChange={setReason} required />
            </div>
            <button type="submit" className="primary" disabled={busy || !allowed || reason.trim() === ''} title={why || undefined}>
              {busy ? 'Sending…' : `Make revision ${from.revision + 1}`}
            </button>
            {allowed ? null : <span className="faint">{why}</span>}
          </form>
        </section>
      ) : null}
    </Panel>
  )
}

function RingFields({ ring, passed, onChange }: { ring: Ring; passed: boolean; onChange: (more: Partial<Ring>) => void }) {
  const { gate, waves } = ring
  const needed = ring.approvals?.needed ?? 0
  return (
    <>
      <h3 className="designer-name">
        {ring.name}
        {passed ? <span className="faint small-text"> has passed</span> : null}
      </h3>
      <Numeric label="Opens after, days" value={ring.deferral_days} max={30} onChange={(deferral_days) => onChange({ deferral_days })} />
      <Numeric label="Deadline, days" value={ring.deadline_days} max={30} onChange={(deadline_days) => onChange({ deadline_days })} />
      <Numeric label="Grace, days" value={ring.grace_days} max={7} onChange={(grace_days) => onChange({ grace_days })} />
      {gate ? (
        <>
          <Numeric label="Judged %" value={gate.min_judged_percent} max={100} onChange={(min_judged_percent) => onChange({ gate: { ...gate, min_judged_percent } })} />
          <Numeric label="Watched, hours" value={gate.bake_hours} max={2160} onChange={(bake_hours) => onChange({ gate: { ...gate, bake_hours } })} />
          <Numeric label="Failed, at most %" value={gate.max_failed_percent} max={99} onChange={(max_failed_percent) => onChange({ gate: { ...gate, max_failed_percent } })} />
          <Numeric label="Lost, at most %" value={gate.max_lost_percent} max={99} onChange={(max_lost_percent) => onChange({ gate: { ...gate, max_lost_percent } })} />
        </>
      ) : null}
      {waves ? (
        <>
          <Numeric label="In flight, %" value={waves.percent} max={100} onChange={(percent) => onChange({ waves: { ...waves, percent } })} />
          <Numeric label="In flight, at most" value={waves.most} max={1_000_000} onChange={(most) => onChange({ waves: { ...waves, most } })} />
        </>
      ) : null}
      <Numeric label="Approvals" value={needed} max={5} onChange={(count) => onChange({ approvals: count === 0 ? null : { approvers: [], ...ring.approvals, needed: count } })} />
    </>
  )
}

/** Every revision, newest first. */
function Revisions({ items }: { items: readonly Schemas['PlanRevision'][] }) {
  return (
    <Panel title="Revisions">
      <ol className="plain-list" aria-label="Revisions, newest first">
        {items.toReversed().map((one) => (
          <li key={one.revision}>
            <p className="row">
              <strong>Revision {one.revision}</strong>
              <span>by {one.created_by}</span>
              <Time at={one.created_at} />
              {one.reason ? <span>{one.reason}</span> : null}
            </p>
            {one.changes.length > 0 ? <Changes caption={`What revision ${one.revision} said differently`} changes={one.changes} rings={one.rings} /> : <p className="faint">The plan it was started with: deferrals counted from {moment(one.starts_at)}.</p>}
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function Changes({ caption, changes, rings }: { caption: string; changes: readonly Schemas['PlanChange'][]; rings: readonly Ring[] }) {
  return (
    <Table caption={caption} head={['Where', 'What', 'Before', 'After']}>
      {changes.map((change, at) => (
        <tr key={at}>
          <th scope="row">{change.ring == null ? 'The plan' : (rings[change.ring]?.name ?? change.ring)}</th>
          <td>
            <code>{change.field}</code>
          </td>
          <td>
            <del>{said(change.before)}</del>
          </td>
          <td>
            <ins>{said(change.after)}</ins>
          </td>
        </tr>
      ))}
    </Table>
  )
}

const said = (value: unknown): string => (value === null || value === undefined ? 'nothing' : typeof value === 'string' ? (/^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? moment(value) : value) : JSON.stringify(value))

/** As `datetime-local` takes it, by the clock of this browser. */
function local(text: string): string {
  const at = new Date(text)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** What was typed; the moment that stood there before, as long as nobody moved it by a minute. */
function sameMinute(text: string, before: string): string {
  return text === local(before) ? before : new Date(text).toISOString()
}
