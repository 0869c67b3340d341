import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, send, type Schemas } from '../../api/client'
import { FOR_A_FORM, list } from '../../api/queries'
import { cli, curl } from '../../lib/commands'
import { NEW_RULE, ruleBody, ruleDraft, type RuleDraft } from '../../lib/drafts'
import { count, words } from '../../lib/format'
import { Loaded, Table, Time } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Amount, Check, Select, Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'

const R = '/api/v1/tenants/{tenant}/rules'

/** A new rule, or another one in the place of `rule`, which is read first: the change is held against that. */
export function RuleForm({ tenant, rule, onClose }: { tenant: string; rule?: string | undefined; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['t', tenant, 'rules', rule, 'edit'],
    queryFn: () => get(`${R}/{rule}`, { path: { tenant, rule: rule ?? '' } }),
    enabled: rule !== undefined,
    ...FOR_A_FORM,
  })
  const sets = useQuery(list(tenant, 'ring-sets'))
  if (sets.data && (rule === undefined || query.data)) return <Form tenant={tenant} rule={query.data} sets={sets.data} onClose={onClose} />
  return (
    <Dialog title={rule === undefined ? 'New rule' : 'Edit the rule'} onClose={onClose}>
      {rule === undefined ? <Loaded query={sets}>{() => null}</Loaded> : <Loaded query={query}>{() => null}</Loaded>}
    </Dialog>
  )
}

function Form({ tenant, rule, sets, onClose }: { tenant: string; rule: Schemas['Rule'] | undefined; sets: readonly Schemas['RingSet'][]; onClose: () => void }) {
  const [draft, setDraft] = useState<RuleDraft>(() => (rule ? ruleDraft(rule) : { ...NEW_RULE, ring_set_id: sets[0]?.id ?? '' }))
  const [preview, setPreview] = useState<Schemas['RulePreview']>()
  const set = (change: Partial<RuleDraft>): void => {
    setDraft({ ...draft, ...change })
    setPreview(undefined)
  }
  const path = { tenant, rule: rule?.id ?? '' }
  const body = ruleBody(draft)
  const quality = draft.kind === 'quality'
  const program = draft.kind === 'edge' || draft.kind === 'microsoft_365_apps'
  return (
    <FormDialog
      title={rule ? `Edit ${rule.name}` : 'New rule'}
      verb={rule ? 'Save the rule' : 'Add the rule'}
      ability="policy"
      done={`${body.name} is ${rule ? 'saved' : 'added'}. What is due by it is approved at once.`}
      look={{ verb: 'Show what it would approve', run: async () => setPreview(await send('post', `${R}/preview`, { path, body })) }}
      submit={() => (rule ? send('put', `${R}/{rule}`, { path, body }) : send('post', R, { path, body }))}
      seen={preview ? <Preview preview={preview} /> : null}
      curl={() => curl(rule ? 'PUT' : 'POST', `/api/v1/tenants/${tenant}/rules${rule ? `/${rule.id}` : ''}`, body)}
      cli={command(rule ? 'replace' : 'create', rule?.name ?? body.name, body)}
      onClose={onClose}
    >
      <p>It makes a release of each update that it is for, and a rollout over its rings. {rule ? 'What it approved goes on.' : 'Look at what it would approve first.'}</p>
      <div className="columns of-fields">
        <Text label="Name" value={draft.name} onChange={(name) => set({ name })} required max={60} />
        <Select label="Rings" value={draft.ring_set_id} onChange={(ring_set_id) => set({ ring_set_id })} options={sets.map((one) => [one.id, one.name] as const)} />
        <Select label="Kind" value={draft.kind} onChange={(kind) => set({ kind })} options={KINDS} />
        <Amount label="Days after its release" value={draft.delay_days} onChange={(delay_days) => set({ delay_days })} required max={60} />
        {quality ? (
          <>
            <Select label="Cadence" value={draft.cadence} onChange={(cadence) => set({ cadence })} options={[['', 'Any'], ['monthly', 'Monthly'], ['outOfBand', 'Out of band']]} />
            <Select label="Classification" value={draft.classification} onChange={(classification) => set({ classification })} options={[['', 'Any'], ['security', 'Security'], ['nonSecurity', 'Not security']]} />
            <Select label="Severity at least" value={draft.min_severity} onChange={(min_severity) => set({ min_severity })} options={[['', 'Any'], ['moderate', 'Moderate'], ['important', 'Important'], ['critical', 'Critical']]} />
            <Select label="Expedite out-of-band updates" value={draft.expedite} onChange={(expedite) => set({ expedite })} options={[['', 'No'], ['0', 'Restart at once'], ['1', 'Restart within a day'], ['2', 'Restart within two days']]} />
          </>
        ) : null}
        {program ? <Text label="Channel" value={draft.channel} onChange={(channel) => set({ channel })} placeholder="any" hint="As the versions are declared." /> : null}
        <Select label="When it goes wrong" value={draft.on_gate_failure} onChange={(on_gate_failure) => set({ on_gate_failure })} options={[['pause', 'Pause'], ['roll_back', 'Roll back by itself, once the evidence is enough']]} />
      </div>
      {quality ? <Check label="Optional previews too" value={draft.previews} onChange={(previews) => set({ previews })} /> : null}
    </FormDialog>
  )
}

const KINDS = [
  ['quality', 'Quality updates'],
  ['feature', 'Feature updates'],
  ['driver', 'Drivers and firmware'],
  ['edge', 'Microsoft Edge'],
  ['microsoft_365_apps', 'Microsoft 365 Apps'],
] as const

function command(verb: 'create' | 'replace', name: string, body: Schemas['CreateRule']): string {
  const flag = (word: string, value: string | number | null | undefined): string[] => (value == null ? [] : [word, String(value)])
  return cli(
    'rule',
    verb,
    name || '…',
    '--ring-set',
    body.ring_set_id,
    '--kind',
    body.kind,
    ...flag('--classification', body.classification),
    ...flag('--cadence', body.cadence),
    ...flag('--channel', body.channel),
    ...flag('--delay', body.delay_days),
    ...flag('--min-severity', body.min_severity),
    ...flag('--expedite', body.expedite),
    ...(body.previews ? ['--previews'] : []),
    ...(body.on_gate_failure === 'roll_back' ? ['--roll-back'] : []),
  )
}

/** How the updates of its kind stand with a rule. */
export function Preview({ preview }: { preview: Schemas['RulePreview'] }) {
  const due = preview.updates.filter((update) => update.standing === 'due').length
  return (
    <>
      <p className="summary">{due === 0 ? 'Nothing is approved now.' : `${count(due)} ${due === 1 ? 'update is' : 'updates are'} approved at once.`}</p>
      <Table caption="How updates stand with the rule" head={['Update', 'Released', 'Stands', 'Why']}>
        {preview.updates.slice(0, 12).map((update) => (
          <tr key={update.update_id}>
            <th scope="row" className="nowrap">
              {update.short_name}
            </th>
            <td className="nowrap">
              <Time at={update.released_at} />
            </td>
            <td>
              {words(update.standing)}
              {update.due_at ? (
                <>
                  {' '}
                  <Time at={update.due_at} />
                </>
              ) : null}
            </td>
            <td>{update.why}</td>
          </tr>
        ))}
      </Table>
    </>
  )
}
