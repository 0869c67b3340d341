import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { get, send, type Schemas } from '../api/client'
import { changed, list } from '../api/queries'
import { cli } from '../lib/commands'
import { count, moment, words } from '../lib/format'
import { useMay } from '../lib/session'
import { Command, Failed, Loaded, Panel, State, Table } from '../ui/basics'
import { Page } from '../ui/page'
import { useSay } from '../ui/toast'
import { ForecastTable } from './rollout/forecast'

/** An update, rings, and what that will come to; nothing starts before it was looked at. */
export function NewRelease() {
  const { tenant } = useParams({ from: '/t/$tenant/releases/new' })
  const { update, plan: saved } = useSearch({ from: '/t/$tenant/releases/new' })
  const [plan, setPlan] = useState<Schemas['SavedPlan']>()
  const loaded = useQuery({
    queryKey: ['t', tenant, 'plans', saved],
    queryFn: () => get('/api/v1/tenants/{tenant}/plans/{plan}', { path: { tenant, plan: saved ?? '' } }),
    enabled: saved !== undefined,
  })
  const shown = plan ?? loaded.data
  return (
    <Page title="New release" lead="Choose an update and the rings it walks through. The plan then says what each ring can prove, who is left out and when it is through; start it from there.">
      {saved === undefined ? <Chooser tenant={tenant} update={update} onPlan={setPlan} /> : loaded.data ? null : <Loaded query={loaded}>{() => null}</Loaded>}
      {shown ? <Plan tenant={tenant} plan={shown} /> : null}
    </Page>
  )
}

function Chooser({ tenant, update, onPlan }: { tenant: string; update: string | undefined; onPlan: (plan: Schemas['SavedPlan']) => void }) {
  const updates = useQuery(list(tenant, 'updates'))
  const sets = useQuery(list(tenant, 'ring-sets'))
  const client = useQueryClient()
  const [chosen, setChosen] = useState(update ?? '')
  const [error, setError] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const { allowed, why } = useMay('release')
  const all = updates.data ?? []
  const offered = all.filter((one) => (!one.superseded_by && !one.declined) || one.id === update)
  const selected = all.find((one) => one.id === (chosen || offered[0]?.id))
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    if (!selected) return
    setBusy(true)
    setError(undefined)
    const start = String(form.get('start') ?? '')
    const body: Schemas['CreatePlan'] = {
      update_id: selected.id,
      release_name: String(form.get('name')).trim(),
      ring_set_id: String(form.get('set')),
      on_gate_failure: form.get('rollback') ? 'roll_back' : 'pause',
      ...(start ? { starts_at: new Date(start).toISOString() } : {}),
      ...(form.get('expedite') ? { delivery: { kind: 'quality' as const, expedite: 1 } } : {}),
    }
    try {
      onPlan(await send('post', '/api/v1/tenants/{tenant}/plans', { path: { tenant }, body }))
      void client.invalidateQueries({ queryKey: ['t', tenant, 'plans'] })
    } catch (cause) {
      setError(cause as Error)
    }
    setBusy(false)
  }
  return (
    <Panel title="1. What, and through which rings">
      <form className="form" onSubmit={(event) => void submit(event)}>
        <div className="columns">
          <div className="field">
            <label htmlFor="update">Update</label>
            <select id="update" value={selected?.id ?? ''} onChange={(event) => setChosen(event.target.value)}>
              {offered.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.short_name || one.title} ({words(one.kind)})
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor="name">Name of the release</label>
            <input id="name" name="name" key={selected?.id ?? ''} defaultValue={selected?.short_name ?? ''} required maxLength={100} autoComplete="off" />
          </div>
          <div className="field">
            <label htmlFor="set">Ring set</label>
            <select id="set" name="set" required>
              {(sets.data ?? []).map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name} ({one.rings.map((ring) => ring.name).join(', ')})
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor="start">Deferrals count from</label>
            <input id="start" name="start" type="datetime-local" aria-describedby="start-hint" />
            <p className="faint" id="start-hint">
              Not given: the day the update came out.
            </p>
          </div>
        </div>
        <fieldset className="choices">
          <legend>When the evidence against it is overwhelming</legend>
          <label>
            <input type="checkbox" name="rollback" />
            Roll back by itself (it always pauses)
          </label>
          {selected?.is_expeditable ? (
            <label>
              <input type="checkbox" name="expedite" />
              Expedite: devices restart within a day
            </label>
          ) : null}
        </fieldset>
        {error ? <Failed error={error} /> : null}
        <div className="buttons">
          <button type="submit" className="primary" disabled={busy || !allowed || !selected} title={why || undefined}>
            {busy ? 'Working it out…' : 'Show what it will come to'}
          </button>
          {allowed ? null : <span className="faint">{why}</span>}
        </div>
      </form>
    </Panel>
  )
}

function Plan({ tenant, plan }: { tenant: string; plan: Schemas['SavedPlan'] }) {
  const navigate = useNavigate()
  const client = useQueryClient()
  const { say } = useSay()
  const [accept, setAccept] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const { allowed, why } = useMay('release', plan.ring_set_id)
  const refused = plan.rings.some((ring) => ring.proof?.refused)
  const moved = plan.membership_changes.length > 0
  const total = plan.rings.reduce((sum, ring) => sum + ring.devices, 0)
  const out = plan.rings.reduce((sum, ring) => sum + ring.excluded.reduce((devices, one) => devices + one.devices, 0), 0)
  const start = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const rollout = await send('post', '/api/v1/tenants/{tenant}/plans/{plan}/start', { path: { tenant, plan: plan.id ?? '' }, body: { hash: plan.hash, accept_changes: accept } })
      say(`${plan.release_name} is started.`)
      await changed(client, tenant)
      void navigate({ to: '/t/$tenant/rollouts/$rollout', params: { tenant, rollout: rollout.id } })
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
    }
  }
  return (
    <>
      <Panel
        title="2. What it will come to"
        aside={<State look={refused ? { word: 'Cannot start', icon: 'cross', tone: 'bad' } : plan.rings.some((ring) => ring.proof?.notes.length) ? { word: 'Read the notes', icon: 'warning', tone: 'warn' } : { word: 'Sound', icon: 'check', tone: 'good' }} />}
      >
        <p>
          {count(total - out)} of {count(total)} devices are offered {plan.release_name}; {count(out)} are left out. Healthy is up to {plan.healthy_failed_percent.toFixed(1)} % failed installs.
        </p>
        <Table caption="Rings of the plan" head={['Ring', '#Devices', 'Left out', 'Opens at the earliest', 'Stops a release that fails on', 'Notes']}>
          {plan.rings.map((ring) => (
            <tr key={ring.settings.name}>
              <th scope="row">{ring.settings.name}</th>
              <td className="n">{count(ring.devices)}</td>
              <td>
                {ring.excluded.length === 0 ? <span className="faint">nobody</span> : ring.excluded.map((one) => <div key={one.reason}>{count(one.devices)} {words(one.reason).toLowerCase()}</div>)}
              </td>
              <td>{moment(ring.opens_at)}</td>
              <td>{ring.proof?.smallest_percent == null ? 'nothing can be shown' : `${ring.proof.smallest_percent.toFixed(1)} % or more`}</td>
              <td>
                {ring.proof?.refused ? <p className="text-bad">Its gate could never pass.</p> : null}
                {ring.proof?.notes.map((note) => (
                  <p key={note} className="small-text">
                    {note}
                  </p>
                ))}
              </td>
            </tr>
          ))}
        </Table>
      </Panel>
      {plan.forecast ? <ForecastTable forecast={plan.forecast} /> : null}
      <Panel title="3. Start exactly this">
        {moved ? (
          <div className="notice warn">
            <p className="notice-title">Rings have other members by now</p>
            <ul>
              {plan.membership_changes.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
            <label className="check">
              <input type="checkbox" checked={accept} onChange={(event) => setAccept(event.target.checked)} />
              Start it all the same
            </label>
          </div>
        ) : null}
        {error ? <Failed error={error} /> : null}
        <div className="buttons">
          <button type="button" className="primary" disabled={busy || !allowed || refused || !plan.id || (moved && !accept)} title={why || undefined} onClick={() => void start()}>
            {busy ? 'Starting…' : `Start ${plan.release_name}`}
          </button>
          <span className="faint small-text">
            Saved as <code>{plan.hash.slice(0, 12)}</code>; it starts as shown, or not at all.
          </span>
        </div>
        {plan.id ? <Command label="On the command line" text={cli('plan', 'start', plan.id)} /> : null}
      </Panel>
    </>
  )
}
