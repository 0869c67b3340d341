/* Saved views of reports, and when they are sent; in the words of `concentric report view` and `concentric report schedule`. */
import type { Schemas } from '../api/client'
import { addresses } from './addresses'
import { cli } from './commands'
import { moment } from './format'
import type { Look } from './states'

type View = Schemas['ReportView']
type Schedule = Schemas['ReportSchedule']

export interface ViewDraft {
  name: string
  report: string
  filter: string
  order_by: string
  /** With commas between; none: all of them. */
  columns: string
  is_shared: boolean
  reason: string
}

export const viewDraft = (view: View): ViewDraft => ({ name: view.name, report: view.report, filter: view.filter ?? '', order_by: view.order_by ?? '', columns: view.columns.join(','), is_shared: view.is_shared, reason: '' })

export const viewBody = (draft: ViewDraft): Schemas['SaveReportView'] => ({
  name: draft.name.trim(),
  report: draft.report,
  filter: draft.filter.trim() || null,
  order_by: draft.order_by.trim() || null,
  columns: draft.columns.split(/[\s,]+/).filter((one) => one !== ''),
  is_shared: draft.is_shared,
  reason: draft.reason.trim() || null,
})

/** The address of a report that shows what a view holds. */
export function viewAddress(view: Pick<View, 'filter' | 'order_by' | 'columns'>): { filter?: string; order?: string; columns?: string } {
  return { ...(view.filter ? { filter: view.filter } : {}), ...(view.order_by ? { order: view.order_by } : {}), ...(view.columns.length > 0 ? { columns: view.columns.join(',') } : {}) }
}

export function viewCommand(draft: ViewDraft): string {
  const { name, report, filter, order_by, columns, reason } = viewBody(draft)
  return cli(
    'report', 'view', 'save', name || '…', '--report', report,
    ...(filter ? ['--filter', filter] : []),
    ...(order_by ? ['--order-by', order_by] : []),
    ...((columns ?? []).length > 0 ? ['--columns', (columns ?? []).join(',')] : []),
    ...(draft.is_shared ? ['--share'] : []),
    ...(reason ? ['--reason', reason] : []),
  )
}

export const DAYS = [
  ['MO', 'Mon'],
  ['TU', 'Tue'],
  ['WE', 'Wed'],
  ['TH', 'Thu'],
  ['FR', 'Fri'],
  ['SA', 'Sat'],
  ['SU', 'Sun'],
] as const
export type Day = (typeof DAYS)[number][0]

const isDay = (word: string): word is Day => DAYS.some(([day]) => day === word)

/** The days of every week that a rule comes to; none where it is another sort of rule. */
export function weekdays(rule: string): Day[] | undefined {
  const found = /^FREQ=WEEKLY;BYDAY=([A-Z,]+)$/.exec(rule)?.[1]?.split(',')
  return found?.every(isDay) ? found : undefined
}

/** `Mon, Thu at 07:00, Europe/Zurich`, or the rule where it is no plain week. */
export function whenWords(schedule: Pick<Schedule, 'rule' | 'start' | 'time_zone'>): string {
  const days = weekdays(schedule.rule)
  const words = days === undefined ? schedule.rule : days.length === DAYS.length ? 'Every day' : DAYS.filter(([day]) => days.includes(day)).map(([, name]) => name).join(', ')
  return `${words} at ${schedule.start}, ${schedule.time_zone}`
}

export function scheduleLook(schedule: Pick<Schedule, 'enabled' | 'error' | 'next_at'>): Look {
  if (schedule.error) return { word: 'Fails', icon: 'warning', tone: 'bad' }
  if (!schedule.enabled || !schedule.next_at) return { word: 'Disabled', icon: 'dash', tone: 'quiet' }
  return { word: moment(schedule.next_at), icon: 'clock', tone: 'info' }
}

export interface ScheduleDraft {
  name: string
  view_id: string
  how: 'days' | 'rule'
  days: Day[]
  rule: string
  first_day: string
  start: string
  time_zone: string
  format: Schemas['ExportFormat']
  to: string
  enabled: boolean
  reason: string
}

export const newSchedule = (view: string, timeZone: string): ScheduleDraft => ({ name: '', view_id: view, how: 'days', days: ['MO'], rule: '', first_day: '', start: '07:00', time_zone: timeZone, format: 'csv', to: '', enabled: true, reason: '' })

export function scheduleDraft(schedule: Schedule): ScheduleDraft {
  const days = weekdays(schedule.rule)
  const { name, view_id, start, time_zone, format, enabled } = schedule
  return { name, view_id, how: days ? 'days' : 'rule', days: days ?? ['MO'], rule: days ? '' : schedule.rule, first_day: schedule.first_day ?? '', start, time_zone, format, to: schedule.to.join('\n'), enabled, reason: '' }
}

export function scheduleBody(draft: ScheduleDraft): Schemas['SaveReportSchedule'] {
  const days = DAYS.map(([day]) => day).filter((day) => draft.days.includes(day))
  return {
    name: draft.name.trim(),
    view_id: draft.view_id,
    rule: draft.how === 'days' ? `FREQ=WEEKLY;BYDAY=${days.join(',')}` : draft.rule.trim(),
    first_day: draft.how === 'rule' && draft.first_day ? draft.first_day : null,
    start: draft.start,
    time_zone: draft.time_zone.trim(),
    format: draft.format,
    to: addresses(draft.to),
    enabled: draft.enabled,
    reason: draft.reason.trim() || null,
  }
}

export function scheduleCommand(draft: ScheduleDraft): string {
  const { name, rule, first_day, start, time_zone, format, to, reason } = scheduleBody(draft)
  const days = DAYS.filter(([day]) => draft.days.includes(day)).map(([, word]) => word.toLowerCase())
  return cli(
    'report', 'schedule', 'create', name || '…', '--view', draft.view_id,
    ...(draft.how === 'days' ? ['--days', days.join(',')] : ['--rule', rule]),
    ...(first_day ? ['--first-day', first_day] : []),
    '--at', start, '--zone', time_zone, '--to', to.join(',') || '…',
    ...(format === 'csv' || format === undefined ? [] : ['--format', format]),
    ...(reason ? ['--reason', reason] : []),
  )
}
