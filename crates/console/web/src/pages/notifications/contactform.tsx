import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, send, type Schemas } from '../../api/client'
import { FOR_A_FORM } from '../../api/queries'
import { curl } from '../../lib/commands'
import { NEW_CONTACT, contactBody, contactCommand, contactDraft, type ContactDraft } from '../../lib/told'
import { Loaded, State } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'
import { WantsFields } from './wants'

const S = '/api/v1/tenants/{tenant}/contacts'

/** A new contact, or another one in the place of `contact`, which is read first: the change is held against that. */
export function ContactForm({ tenant, contact, onClose }: { tenant: string; contact?: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['t', tenant, 'contacts', contact, 'edit'],
    queryFn: () => get(`${S}/{contact}`, { path: { tenant, contact: contact ?? '' } }),
    enabled: contact !== undefined,
    ...FOR_A_FORM,
  })
  if (contact === undefined) return <Form tenant={tenant} onClose={onClose} />
  if (query.data) return <Form tenant={tenant} contact={query.data} onClose={onClose} />
  return (
    <Dialog title="Edit the contact" onClose={onClose}>
      <Loaded query={query}>{() => null}</Loaded>
    </Dialog>
  )
}

function Form({ tenant, contact, onClose }: { tenant: string; contact?: Schemas['Contact']; onClose: () => void }) {
  const [draft, setDraft] = useState<ContactDraft>(() => (contact ? contactDraft(contact) : NEW_CONTACT))
  const [looked, setLooked] = useState(false)
  const set = (change: Partial<ContactDraft>): void => {
    setDraft({ ...draft, ...change })
    setLooked(false)
  }
  const body = contactBody(draft)
  const path = { tenant, contact: contact?.id ?? '' }
  const ask = (query: { validate_only?: boolean }): Promise<unknown> => (contact ? send('put', `${S}/{contact}`, { path, body, query }) : send('post', S, { path, body, query }))
  return (
    <FormDialog
      title={contact ? `Edit ${contact.name}` : 'New contact'}
      verb={contact ? 'Save the contact' : 'Add the contact'}
      ability="administer"
      done={`${draft.name} is ${contact ? 'saved' : 'added'}.`}
      look={{
        verb: 'Check',
        run: async () => {
          await ask({ validate_only: true })
          setLooked(true)
        },
      }}
      submit={() => ask({})}
      seen={looked ? <State look={{ word: 'It would be accepted', icon: 'check', tone: 'good' }} /> : null}
      curl={() => curl(contact ? 'PUT' : 'POST', `/api/v1/tenants/${tenant}/contacts${contact ? `/${contact.id}` : ''}`, body)}
      cli={contactCommand(draft, contact?.name)}
      onClose={onClose}
    >
      <div className="columns of-fields">
        <Text label="Name" value={draft.name} onChange={(name) => set({ name })} required max={100} />
        <Text label="E-mail address" value={draft.email} onChange={(email) => set({ email })} type="email" required max={254} />
        <Text label="Phone" value={draft.phone} onChange={(phone) => set({ phone })} type="tel" max={50} hint="For people to read; nobody is called." />
      </div>
      <WantsFields draft={draft} set={set} />
      <Text label="Reason (kept in the history)" value={draft.reason} onChange={(reason) => set({ reason })} max={500} />
    </FormDialog>
  )
}
