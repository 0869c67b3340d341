import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, send, type Schemas } from '../../api/client'
import { FOR_A_FORM, whole } from '../../api/queries'
import { curl } from '../../lib/commands'
import { zone } from '../../lib/format'
import { DAYS, newSchedule, scheduleBody, scheduleCommand, scheduleDraft, type ScheduleDraft } from '../../lib/schedules'
import { Loaded, State } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Area, Check, Radios, Select, Some, Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'
import { reportTitle } from './title'

const S = '/api/v1/tenants/{tenant}/report-schedules'

/** A new schedule (of `view`, if that is known), or another one in the place of `schedule`, which is read first. */
export function ScheduleForm({ tenant, view, schedule, onClose }: { tenant: string; view?: string; schedule?: string; onClose: () => void }) {
  const views = useQuery(whole(tenant, 'report-views'))
  const query = useQuery({
    queryKey: ['t', tenant, 'report-schedules', schedule, 'edit'],
    queryFn: () => get(`${S}/{report_schedule}`, { path: { tenant, report_schedule: schedule ?? '' } }),
    enabled: schedule !== undefined,
    ...FOR_A_FORM,
  })
  if (views.data && schedule === undefined) return <Form tenant={tenant} views={views.data} start={newSchedule(view ?? views.data[0]?.id ?? '', zone())} onClose={onClose} />
  if (views.data && query.data) return <Form tenant={tenant} views={views.data} schedule={query.data} start={scheduleDraft(query.data)} onClose={onClose} />
  return (
    <Dialog title={schedule ? 'Edit the schedule' : 'New schedule'} onClose={onClose}>
      {views.data ? <Loaded query={query}>{() => null}</Loaded> : <Loaded query={views}>{() => null}</Loaded>}
    </Dialog>
  )
}

function Form({ tenant, views, schedule, start, onClose }: { tenant: string; views: readonly Schemas['ReportView'][]; schedule?: Schemas['ReportSchedule']; start: ScheduleDraft; onClose: () => void }) {
  const [draft, setDraft] = useState<ScheduleDraft>(start)
  const [looked, setLooked] = useState(false)
  const set = (change: Partial<ScheduleDraft>): void => {
    setDraft({ ...draft, ...change })
    setLooked(false)
  }
  const body = scheduleBody(draft)
  const path = { tenant, report_schedule: schedule?.id ?? '' }
  const ask = (query: { validate_only?: boolean }): Promise<unknown> => (schedule ? send('put', `${S}/{report_schedule}`, { path, body, query }) : send('post', S, { path, body, query }))
  return (
    <FormDialog
      title={schedule ? `Edit ${schedule.name}` : 'New schedule'}
      verb={schedule ? 'Save the schedule' : 'Add the schedule'}
      ability="administer"
      done={`${draft.name} is ${schedule ? 'saved' : 'added'}.`}
      look={{
        verb: 'Check',
        run: async () => {
          await ask({ validate_only: true })
          setLooked(true)
        },
      }}
      submit={() => ask({})}
      seen={looked ? <State look={{ word: 'It would be accepted', icon: 'check', tone: 'good' }} /> : null}
      curl={() => curl(schedule ? 'PUT' : 'POST', `/api/v1/tenants/${tenant}/report-schedules${schedule ? `/${schedule.id}` : ''}`, body)}
      {...(schedule ? {} : { cli: scheduleCommand(draft) })}
      onClose={onClose}
    >
      {schedule ? <p>From now on its reports are those that you see.</p> : null}
      <div className="columns of-fields">
        <Text label="Name" value={draft.name} onChange={(name) => set({ name })} required max={100} />
        <Select label="View that is sent" value={draft.view_id} onChange={(view_id) => set({ view_id })} options={viewOptions(views, schedule)} />
        <Select
          label="As"
          value={draft.format}
          onChange={(format) => set({ format })}
          options={[
            ['csv', 'CSV'],
            ['json', 'JSON'],
            ['xlsx', 'XLSX'],
          ]}
        />
      </div>
      <Radios
        legend="On"
        value={draft.how}
        onChange={(how) => set({ how })}
        options={[
          ['days', 'Days of every week'],
          ['rule', 'The days of a recurrence rule (RFC 5545)'],
        ]}
      />
      {draft.how === 'days' ? (
        <Some legend="Days" value={draft.days} onChange={(days) => set({ days })} options={DAYS} />
      ) : (
        <div className="columns of-fields">
          <Text label="Rule" value={draft.rule} onChange={(rule) => set({ rule })} required placeholder="FREQ=MONTHLY;BYDAY=4TU" />
          <Text label="First day" value={draft.first_day} onChange={(first_day) => set({ first_day })} type="date" hint="What a rule with INTERVAL counts from." />
        </div>
      )}
      <div className="columns of-fields">
        <Text label="At" value={draft.start} onChange={(start) => set({ start })} type="time" required />
        <Text label="By the clock of" value={draft.time_zone} onChange={(time_zone) => set({ time_zone })} required hint="A name of the IANA database: Europe/Zurich." />
      </div>
      <Area label="E-mail addresses" value={draft.to} onChange={(to) => set({ to })} required hint="One to a line. A file that is too large for a mail comes as a link." />
      <Check label="Enabled: it is sent" value={draft.enabled} onChange={(enabled) => set({ enabled })} />
      <Text label="Reason (kept in the history)" value={draft.reason} onChange={(reason) => set({ reason })} max={500} />
    </FormDialog>
  )
}

/** The views that one sees, and the one that is sent, if it is somebody else's own. */
function viewOptions(views: readonly Schemas['ReportView'][], schedule: Schemas['ReportSchedule'] | undefined): (readonly [string, string])[] {
  const seen = views.map((one) => [one.id, `${one.name} (${reportTitle(one.report)})`] as const)
  return schedule && !views.some((one) => one.id === schedule.view_id) ? [[schedule.view_id, schedule.view], ...seen] : seen
}
