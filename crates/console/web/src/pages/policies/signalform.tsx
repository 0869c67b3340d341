import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, send, type Schemas } from '../../api/client'
import { FOR_A_FORM, list } from '../../api/queries'
import { curl } from '../../lib/commands'
import { NEW_SIGNAL, signalBody, signalDraft, type SignalDraft } from '../../lib/drafts'
import { Loaded, State } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Amount, Area, Check, Radios, Select, Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'

const S = '/api/v1/tenants/{tenant}/signals'

/** A new signal, or another one in the place of `signal`, which is read first: the change is held against that. */
export function SignalForm({ tenant, signal, onClose }: { tenant: string; signal?: string | undefined; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['t', tenant, 'signals', signal, 'edit'],
    queryFn: () => get(`${S}/{signal}`, { path: { tenant, signal: signal ?? '' } }),
    enabled: signal !== undefined,
    ...FOR_A_FORM,
  })
  if (signal === undefined) return <Form tenant={tenant} onClose={onClose} />
  if (query.data) return <Form tenant={tenant} signal={query.data} onClose={onClose} />
  return (
    <Dialog title="Edit the signal" onClose={onClose}>
      <Loaded query={query}>{() => null}</Loaded>
    </Dialog>
  )
}

function Form({ tenant, signal, onClose }: { tenant: string; signal?: Schemas['Signal']; onClose: () => void }) {
  const [draft, setDraft] = useState<SignalDraft>(() => (signal ? signalDraft(signal) : NEW_SIGNAL))
  const [looked, setLooked] = useState(false)
  const sets = useQuery(list(tenant, 'ring-sets')).data ?? []
  const set = (change: Partial<SignalDraft>): void => {
    setDraft({ ...draft, ...change })
    setLooked(false)
  }
  const path = { tenant, signal: signal?.id ?? '' }
  const ask = (query: { validate_only?: boolean }): Promise<unknown> =>
    signal ? send('put', `${S}/{signal}`, { path, body: signalBody(draft), query }) : send('post', S, { path, body: signalBody(draft), query })
  const hasMeasure = draft.kind !== 'webhook'
  return (
    <FormDialog
      title={signal ? `Edit ${signal.name}` : 'New signal'}
      verb={signal ? 'Save the signal' : 'Add the signal'}
      ability="policy"
      done={`${draft.name} is ${signal ? 'saved' : 'added'}.`}
      look={{
        verb: 'Check',
        run: async () => {
          await ask({ validate_only: true })
          setLooked(true)
        },
      }}
      submit={() => ask({})}
      seen={looked ? <State look={{ word: 'It would be accepted', icon: 'check', tone: 'good' }} /> : null}
      curl={() => curl(signal ? 'PUT' : 'POST', `/api/v1/tenants/${tenant}/signals${signal ? `/${signal.id}` : ''}`, { ...signalBody(draft), ...(draft.secret ? { secret: '…' } : {}) })}
      onClose={onClose}
    >
      {signal ? <p className="notice hold">What was read of it so far is forgotten, and rollouts that listen wait for its next reading.</p> : <p>A signal can hold a ring, or stop it; never open one.</p>}
      <div className="columns of-fields">
        <Text label="Name" value={draft.name} onChange={(name) => set({ name })} required max={100} />
        <Text label="Owner" value={draft.owner} onChange={(owner) => set({ owner })} required max={100} hint="Who is asked when it holds a ring." />
        <Select label="Rollouts that listen" value={draft.ring_set_id} onChange={(ring_set_id) => set({ ring_set_id })} options={[['', 'Every rollout'], ...sets.map((one) => [one.id, `Those over ${one.name}`] as const)]} />
        <Text label="Runbook" value={draft.runbook} onChange={(runbook) => set({ runbook })} type="url" placeholder="https://wiki.example/vpn" />
      </div>
      <Radios
        legend="Source"
        value={draft.kind}
        onChange={(kind) => set({ kind })}
        options={[
          ['prometheus', 'Prometheus'],
          ['webhook', 'A service of your own (webhook)'],
          ['kql', 'Log Analytics workspace'],
        ]}
      />
      {draft.kind === 'kql' ? (
        <div className="columns of-fields">
          <Text label="Workspace id" value={draft.workspace_id} onChange={(workspace_id) => set({ workspace_id })} required />
          <Text label="Application (client) id" value={draft.client_id} onChange={(client_id) => set({ client_id })} hint="None: the tenant's own application asks." />
        </div>
      ) : (
        <Text label="Address" value={draft.url} onChange={(url) => set({ url })} type="url" required placeholder={draft.kind === 'prometheus' ? 'https://prometheus.example' : 'https://checks.example/rollout'} hint={draft.kind === 'prometheus' ? 'What comes before /api/v1/query.' : 'It is asked by POST, and answers pass, fail or hold.'} />
      )}
      {hasMeasure ? <Measure draft={draft} set={set} /> : null}
      <Text
        label={draft.kind === 'prometheus' ? 'Bearer token' : draft.kind === 'webhook' ? 'Signing key (whsec_…)' : 'Secret of the application'}
        value={draft.secret}
        onChange={(secret) => set({ secret })}
        type="password"
        hint={signal?.has_secret ? 'Empty: it stays as it is, while the address does. It is never shown.' : 'Only if the source asks for one. It is never shown again.'}
      />
      {signal?.has_secret ? <Check label="Forget the secret it has" value={draft.forget_secret} onChange={(forget_secret) => set({ forget_secret })} /> : null}
      <details>
        <summary>How it is read and judged</summary>
        <div className="columns of-fields">
          <Amount label="Read every, minutes" value={draft.interval_minutes} onChange={(interval_minutes) => set({ interval_minutes })} placeholder="5" min={1} />
          <Amount label="First reading after, minutes" value={draft.initial_delay_minutes} onChange={(initial_delay_minutes) => set({ initial_delay_minutes })} placeholder="0" />
          <Amount label="Says nothing once older than, minutes" value={draft.max_age_minutes} onChange={(max_age_minutes) => set({ max_age_minutes })} placeholder={draft.kind === 'kql' ? '36 hours' : '30, or 3 intervals'} min={1} />
          {hasMeasure && draft.measure === 'counts' ? null : <Amount label="Failed readings put up with" value={draft.failure_limit} onChange={(failure_limit) => set({ failure_limit })} placeholder="0" />}
          <Amount label="Passes needed in a row" value={draft.passes_in_a_row} onChange={(passes_in_a_row) => set({ passes_in_a_row })} placeholder="1" min={1} />
          <Amount label="Errors in a row put up with" value={draft.consecutive_error_limit} onChange={(consecutive_error_limit) => set({ consecutive_error_limit })} placeholder="3" />
          <Select
            label="When the source has nothing to say"
            value={draft.no_data}
            onChange={(no_data) => set({ no_data })}
            options={[
              ['hold', 'Hold the ring'],
              ['fail', 'Count it as failed'],
              ['ignore', 'Let it pass'],
            ]}
          />
        </div>
      </details>
      <Text label="Reason (kept in the history)" value={draft.reason} onChange={(reason) => set({ reason })} />
    </FormDialog>
  )
}

function Measure({ draft, set }: { draft: SignalDraft; set: (change: Partial<SignalDraft>) => void }) {
  return (
    <>
      <Radios
        legend="What is measured"
        value={draft.measure}
        onChange={(measure) => set({ measure })}
        options={[
          ['counts', 'Counts of devices (better: no chance stop)'],
          ['value', 'A value between limits'],
        ]}
      />
      {draft.measure === 'counts' ? (
        <>
          <Area label="Query of failed devices" value={draft.failures_query} onChange={(failures_query) => set({ failures_query })} required hint={PLACES} />
          <Area label="Query of all devices" value={draft.devices_query} onChange={(devices_query) => set({ devices_query })} required hint="Each device once, since the rollout began." />
          <Amount label="Healthy up to, percent" value={draft.limit_percent} onChange={(limit_percent) => set({ limit_percent })} required max={99} />
        </>
      ) : (
        <>
          <Area label="Query" value={draft.query} onChange={(query) => set({ query })} required hint={PLACES} />
          <div className="columns of-fields">
            <Amount label="At least" value={draft.least} onChange={(least) => set({ least })} min={-1e12} />
            <Amount label="At most" value={draft.most} onChange={(most) => set({ most })} min={-1e12} />
          </div>
        </>
      )}
    </>
  )
}

const PLACES = (
  <>
    It may hold <code>{'${tenant}'}</code>, <code>{'${rollout}'}</code>, <code>{'${release}'}</code> and <code>{'${ring}'}</code>, inside of quotes.
  </>
)
