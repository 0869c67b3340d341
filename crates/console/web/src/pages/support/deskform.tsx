import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, send, type Schemas } from '../../api/client'
import { FOR_A_FORM } from '../../api/queries'
import { curl } from '../../lib/commands'
import { DESK_KINDS, NEW_DESK, deskBody, deskCommand, deskDraft, type DeskDraft } from '../../lib/desks'
import { words } from '../../lib/format'
import { CATEGORIES, SUPPORT_SEVERITIES } from '../../lib/support'
import { Loaded, State } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Area, Check, Radios, Select, Some, Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'

const S = '/api/v1/tenants/{tenant}/support-desks'
type Made = (made: Schemas['SupportDeskMade']) => void

/** A new desk, or another one in the place of `desk`, which is read first: the change is held against that. */
export function DeskForm({ tenant, desk, onMade, onClose }: { tenant: string; desk?: string; onMade?: Made; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['t', tenant, 'support-desks', desk, 'edit'],
    queryFn: () => get(`${S}/{support_desk}`, { path: { tenant, support_desk: desk ?? '' } }),
    enabled: desk !== undefined,
    ...FOR_A_FORM,
  })
  if (desk === undefined) return <Form tenant={tenant} {...(onMade ? { onMade } : {})} onClose={onClose} />
  if (query.data) return <Form tenant={tenant} desk={query.data} onClose={onClose} />
  return (
    <Dialog title="Edit the desk" onClose={onClose}>
      <Loaded query={query}>{() => null}</Loaded>
    </Dialog>
  )
}

function Form({ tenant, desk, onMade, onClose }: { tenant: string; desk?: Schemas['SupportDesk']; onMade?: Made; onClose: () => void }) {
  const [draft, setDraft] = useState<DeskDraft>(() => (desk ? deskDraft(desk) : NEW_DESK))
  const [looked, setLooked] = useState(false)
  const set = (change: Partial<DeskDraft>): void => {
    setDraft({ ...draft, ...change })
    setLooked(false)
  }
  const body = deskBody(draft)
  const path = { tenant, support_desk: desk?.id ?? '' }
  const isSystem = draft.kind === 'service_now' || draft.kind === 'jira'
  const submit = async (): Promise<void> => {
    if (desk) await send('put', `${S}/{support_desk}`, { path, body })
    else {
      const made = await send('post', S, { path, body })
      onMade?.(made)
    }
  }
  return (
    <FormDialog
      title={desk ? `Edit ${desk.name}` : 'New desk'}
      verb={desk ? 'Save the desk' : 'Add the desk'}
      ability="administer"
      done={`${draft.name} is ${desk ? 'saved' : 'added'}.`}
      look={{
        verb: 'Check',
        run: async () => {
          const query = { validate_only: true }
          await (desk ? send('put', `${S}/{support_desk}`, { path, body, query }) : send('post', S, { path, body, query }))
          setLooked(true)
        },
      }}
      submit={submit}
      seen={looked ? <State look={{ word: 'It would be accepted', icon: 'check', tone: 'good' }} /> : null}
      curl={() => curl(desk ? 'PUT' : 'POST', `/api/v1/tenants/${tenant}/support-desks${desk ? `/${desk.id}` : ''}`, { ...body, ...(body.secret ? { secret: '…' } : {}) })}
      {...(desk ? {} : { cli: deskCommand(draft) })}
      onClose={onClose}
    >
      <p>Requests that are filed from now on, and that it takes, are handed on to it, and what is said about them afterwards.</p>
      {desk ? null : <Radios legend="What it is" value={draft.kind} onChange={(kind) => set({ kind })} options={DESK_KINDS} />}
      <Text label="Name" value={draft.name} onChange={(name) => set({ name })} required max={100} />
      {draft.kind === 'mail' ? (
        <Area label="E-mail addresses" value={draft.to} onChange={(to) => set({ to })} required hint="One to a line, 20 at most." />
      ) : (
        <Text label="Address" value={draft.url} onChange={(url) => set({ url })} type="url" required placeholder={PLACE[draft.kind] ?? ''} hint={draft.kind === 'webhook' ? 'It is signed. The secret is made by the service and shown once.' : 'Where the ticket system begins.'} />
      )}
      {isSystem ? <System draft={draft} set={set} isNew={desk === undefined} /> : null}
      <Select label="Takes requests that are" value={draft.at_least} onChange={(at_least) => set({ at_least })} options={SUPPORT_SEVERITIES.map(([word, text]) => [word, word === 'critical' ? text : `${text} or worse`] as const).toReversed()} hint="Others are handed on only when somebody says so." />
      <Some legend="Of these categories; none: all of them" value={draft.categories} onChange={(categories) => set({ categories })} options={CATEGORIES.map(([word]) => [word, words(word)] as const)} />
      <Check label="Enabled: it is told what it takes" value={draft.enabled} onChange={(enabled) => set({ enabled })} />
      <Text label="Reason (kept in the history)" value={draft.reason} onChange={(reason) => set({ reason })} max={500} />
    </FormDialog>
  )
}

const PLACE: Record<string, string> = {
  webhook: 'https://chat.example/hook',
  service_now: 'https://example.service-now.com',
  jira: 'https://example.atlassian.net',
}

/** What a ticket system is told besides, and how it knows us. */
function System({ draft, set, isNew }: { draft: DeskDraft; set: (change: Partial<DeskDraft>) => void; isNew: boolean }) {
  return (
    <>
      <div className="columns of-fields">
        {draft.kind === 'jira' ? (
          <>
            <Text label="Project (its key)" value={draft.project} onChange={(project) => set({ project })} required placeholder="UPD" />
            <Text label="Type of the issues" value={draft.issue_type} onChange={(issue_type) => set({ issue_type })} required />
          </>
        ) : (
          <>
            <Text label="Table" value={draft.table} onChange={(table) => set({ table })} required />
            <Text label="Caller" value={draft.caller} onChange={(caller) => set({ caller })} hint="Name, address or sys_id." />
            <Text label="Assignment group" value={draft.assignment_group} onChange={(assignment_group) => set({ assignment_group })} hint="Name or sys_id." />
          </>
        )}
      </div>
      <Radios
        legend="It knows us by"
        value={draft.login}
        onChange={(login) => set({ login })}
        options={[
          ['basic', draft.kind === 'jira' ? 'A user and an API token' : 'A user and a password'],
          ['bearer', 'A token'],
        ]}
      />
      <div className="columns of-fields">
        {draft.login === 'basic' ? <Text label="User" value={draft.user} onChange={(user) => set({ user })} required /> : null}
        <Text
          label={draft.login === 'basic' && draft.kind === 'service_now' ? 'Password' : 'Token'}
          value={draft.secret}
          onChange={(secret) => set({ secret })}
          type="password"
          required={isNew}
          hint={isNew ? 'It is kept sealed and never shown again.' : 'Empty: it stays as it is. It is never shown.'}
        />
      </div>
    </>
  )
}
