import { describe, expect, it } from 'vitest'
import type { Schemas } from '../../src/api/client'
import { newSchedule, scheduleBody, scheduleCommand, scheduleDraft, scheduleLook, viewAddress, viewBody, viewCommand, viewDraft, weekdays, whenWords } from '../../src/lib/schedules'

const at = '2026-11-10T00:00:00Z'
const view: Schemas['ReportView'] = { id: 'v', name: 'Behind', report: 'quality-status', filter: 'status=not_up_to_date', order_by: null, columns: ['name', 'ring'], owner: 'ana', is_shared: true, created_at: at, changed_at: at }
const schedule: Schemas['ReportSchedule'] = {
  id: 's',
  name: 'Monday',
  view: 'Behind',
  view_id: 'v',
  rule: 'FREQ=WEEKLY;BYDAY=TH,MO',
  first_day: null,
  start: '07:00',
  time_zone: 'Europe/Zurich',
  format: 'csv',
  to: ['ana@example.com', 'ben@example.com'],
  enabled: true,
  error: null,
  last_at: null,
  next_at: at,
  owner: 'ana',
  created_at: at,
  changed_at: at,
}
const monthly = { ...schedule, rule: 'FREQ=MONTHLY;BYDAY=4TU', first_day: '2026-11-01' }

describe('a saved view', () => {
  it('says the same when nothing was changed', () => {
    const { name, report, filter, order_by, columns, is_shared } = view
    expect(viewBody(viewDraft(view))).toEqual({ name, report, filter, order_by, columns, is_shared, reason: null })
    expect(viewBody({ ...viewDraft(view), columns: ' name,  serial ' }).columns).toEqual(['name', 'serial'])
    expect(viewBody({ ...viewDraft(view), columns: '' }).columns).toEqual([])
  })
  it('opens as it was saved', () => {
    expect(viewAddress(view)).toEqual({ filter: 'status=not_up_to_date', columns: 'name,ring' })
    expect(viewAddress({ filter: null, order_by: 'day desc', columns: [] })).toEqual({ order: 'day desc' })
  })
  it('reads as a command', () => {
    expect(viewCommand(viewDraft(view))).toBe('concentric report view save Behind --report quality-status --filter status=not_up_to_date --columns name,ring --share')
    expect(viewCommand({ ...viewDraft(view), name: '', filter: '', columns: '', is_shared: false })).toBe("concentric report view save '…' --report quality-status")
  })
})

describe('a schedule', () => {
  it('knows the days of a plain week, and leaves other rules as they are', () => {
    expect(weekdays('FREQ=WEEKLY;BYDAY=MO,TH')).toEqual(['MO', 'TH'])
    for (const rule of ['FREQ=WEEKLY;BYDAY=MO;INTERVAL=2', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO', 'FREQ=MONTHLY;BYDAY=4TU', 'FREQ=WEEKLY;BYDAY=MO,XX', 'FREQ=DAILY']) expect(weekdays(rule)).toBeUndefined()
    expect(whenWords(schedule)).toBe('Mon, Thu at 07:00, Europe/Zurich')
    expect(whenWords({ ...schedule, rule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU' })).toBe('Every day at 07:00, Europe/Zurich')
    expect(whenWords(monthly)).toBe('FREQ=MONTHLY;BYDAY=4TU at 07:00, Europe/Zurich')
  })
  it('says the same when nothing was changed', () => {
    const { name, view_id, start, time_zone, format, to, enabled } = schedule
    const same = { name, view_id, start, time_zone, format, to, enabled, reason: null }
    expect(scheduleBody(scheduleDraft(schedule))).toEqual({ ...same, rule: 'FREQ=WEEKLY;BYDAY=MO,TH', first_day: null })
    expect(scheduleBody(scheduleDraft(monthly))).toEqual({ ...same, rule: monthly.rule, first_day: monthly.first_day })
  })
  it('counts from a day only by a rule', () => {
    expect(scheduleBody({ ...scheduleDraft(monthly), how: 'days' }).first_day).toBeNull()
  })
  it('reads as a command', () => {
    expect(scheduleCommand({ ...newSchedule('v', 'UTC'), name: 'Monday', to: 'ana@example.com', days: ['TH', 'MO'] })).toBe('concentric report schedule create Monday --view v --days mon,thu --at 07:00 --zone UTC --to ana@example.com')
    expect(scheduleCommand({ ...scheduleDraft(monthly), format: 'xlsx' })).toBe(
      "concentric report schedule create Monday --view v --rule 'FREQ=MONTHLY;BYDAY=4TU' --first-day 2026-11-01 --at 07:00 --zone Europe/Zurich --to ana@example.com,ben@example.com --format xlsx",
    )
  })
  it('says when it is next, or why not', () => {
    expect(scheduleLook(schedule).word).toContain('2026-11-')
    expect(scheduleLook({ ...schedule, enabled: false, next_at: null }).word).toBe('Disabled')
    expect(scheduleLook({ ...schedule, error: 'the view is gone' })).toMatchObject({ word: 'Fails', tone: 'bad' })
  })
})
