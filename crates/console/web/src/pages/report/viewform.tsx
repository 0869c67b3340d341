import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, send, type Schemas } from '../../api/client'
import { FOR_A_FORM } from '../../api/queries'
import { curl } from '../../lib/commands'
import { viewBody, viewCommand, viewDraft, type ViewDraft } from '../../lib/schedules'
import { Loaded, State } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Check, Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'
import { reportTitle } from './title'

const S = '/api/v1/tenants/{tenant}/report-views'

/** Another name and content for `view`, which is read first: the change is held against that. */
export function ViewForm({ tenant, view, onClose }: { tenant: string; view: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['t', tenant, 'report-views', view, 'edit'],
    queryFn: () => get(`${S}/{report_view}`, { path: { tenant, report_view: view } }),
    ...FOR_A_FORM,
  })
  if (query.data) return <Form tenant={tenant} view={query.data} start={viewDraft(query.data)} onClose={onClose} />
  return (
    <Dialog title="Edit the view" onClose={onClose}>
      <Loaded query={query}>{() => null}</Loaded>
    </Dialog>
  )
}

/** Keeps what a report shows under a name. */
export function SaveView({ tenant, start, onClose }: { tenant: string; start: ViewDraft; onClose: () => void }) {
  return <Form tenant={tenant} start={start} onClose={onClose} />
}

function Form({ tenant, view, start, onClose }: { tenant: string; view?: Schemas['ReportView']; start: ViewDraft; onClose: () => void }) {
  const [draft, setDraft] = useState<ViewDraft>(start)
  const [looked, setLooked] = useState(false)
  const set = (change: Partial<ViewDraft>): void => {
    setDraft({ ...draft, ...change })
    setLooked(false)
  }
  const body = viewBody(draft)
  const path = { tenant, report_view: view?.id ?? '' }
  const ask = (query: { validate_only?: boolean }): Promise<unknown> => (view ? send('put', `${S}/{report_view}`, { path, body, query }) : send('post', S, { path, body, query }))
  // The command replaces the view of that name: under another name it would make one besides.
  const isSame = view === undefined || (view.name === body.name && view.is_shared === draft.is_shared)
  return (
    <FormDialog
      title={view ? `Edit ${view.name}` : 'Save as a view'}
      verb="Save the view"
      ability="operate"
      done={`${draft.name} is saved.`}
      look={{
        verb: 'Check',
        run: async () => {
          await ask({ validate_only: true })
          setLooked(true)
        },
      }}
      submit={() => ask({})}
      seen={looked ? <State look={{ word: 'It would be accepted', icon: 'check', tone: 'good' }} /> : null}
      curl={() => curl(view ? 'PUT' : 'POST', `/api/v1/tenants/${tenant}/report-views${view ? `/${view.id}` : ''}`, body)}
      {...(isSame ? { cli: viewCommand(draft) } : {})}
      onClose={onClose}
    >
      <p>
        A view of the report <strong>{reportTitle(draft.report)}</strong>.
      </p>
      <Text label="Name" value={draft.name} onChange={(name) => set({ name })} required max={100} />
      <Text label="Conditions on columns" value={draft.filter} onChange={(filter) => set({ filter })} placeholder="every row" />
      <div className="columns of-fields">
        <Text label="Order" value={draft.order_by} onChange={(order_by) => set({ order_by })} max={100} hint="A column, and asc or desc behind it. Reports of devices have none." />
        <Text label="Columns" value={draft.columns} onChange={(columns) => set({ columns })} max={2000} hint="With commas between; none: all of them." />
      </div>
      <Check label="For everybody of the tenant; else for yourself" value={draft.is_shared} onChange={(is_shared) => set({ is_shared })} />
      <Text label="Reason (kept in the history)" value={draft.reason} onChange={(reason) => set({ reason })} max={500} />
    </FormDialog>
  )
}
