import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Schemas } from '../../src/api/client'
import { StatusBar, statusSentence } from '../../src/charts/stack'
import { Trend, trendSentence, type Day } from '../../src/charts/trend'
import { forget, heard } from '../../src/lib/clock'
import { STATUSES, alertLook, alertsInOrder, isMuted, objectiveLook, sourceLook, statusLook } from '../../src/lib/fleetstates'
import { cellText, conditions, isNumeric, nextOrder, shownColumns } from '../../src/lib/reports'

afterEach(() => {
  cleanup()
  forget()
})

const day = (date: string, latest: number | null): Day => ({ day: date, devices: 100, latest, quality: 97, feature: 99.5 })
const counts = (more: Partial<Schemas['HealthCounts']>): Schemas['HealthCounts'] => {
  const objective = { eligible: 10, met: 10, percent: 100, target_percent: 95, holds: true }
  return { devices: 0, up_to_date: 0, in_progress: 0, paused: 0, not_up_to_date: 0, not_ready: 0, not_registered: 0, latest_percent: null, quality: objective, feature: objective, excluded: [], ...more }
}

describe('the trend', () => {
  it('compares the last day with the one thirty days before, or the first there is', () => {
    expect(trendSentence([day('2026-10-01', 10), day('2026-10-20', 50), day('2026-11-18', 62.5)], 'Fast')).toBe('Fast, 2026-11-18: 62.5 % of the registered devices are on the newest quality update, 12.5 points more than on 2026-10-20.')
    expect(trendSentence([day('2026-11-17', 62.5), day('2026-11-18', 60)], 'Fast')).toContain('2.5 points fewer than on 2026-11-17')
    expect(trendSentence([day('2026-11-17', 60), day('2026-11-18', 60)], 'Fast')).toContain('as many as on 2026-11-17')
    expect(trendSentence([day('2026-11-18', null)], 'Fast')).toBe('Fast, 2026-11-18: there was nobody to measure.')
  })
  it('breaks a line where there was nobody to measure, and begins its axis below the lowest share', () => {
    render(<Trend days={[day('2026-11-16', 96), day('2026-11-17', null), day('2026-11-18', 97)]} name="Fast" />)
    const path = document.querySelector('.trend-latest')?.getAttribute('d') ?? ''
    expect(path.match(/M/g)).toHaveLength(2)
    expect(screen.getByText(/The axis begins at 80 %/)).toBeTruthy()
    expect(document.querySelectorAll('tbody tr')).toHaveLength(3)
  })
  it('has words before the first midnight', () => {
    render(<Trend days={[]} name="The fleet" />)
    expect(screen.getByText(/No day of The fleet was kept yet/)).toBeTruthy()
  })
})

describe('the fleet by status', () => {
  it('shows one device in a million, and never more than the bar', () => {
    render(<StatusBar counts={counts({ devices: 1_000_000, up_to_date: 999_999, not_up_to_date: 1 })} />)
    const width = (status: string): number => Number(document.querySelector(`.status-${status}`)?.getAttribute('width'))
    expect(width('up_to_date')).toBeCloseTo(100, 2)
    const all = STATUSES.map(width).filter((one) => !Number.isNaN(one) && one > 0)
    expect(all.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(100.0001)
    cleanup()
    render(<StatusBar counts={counts({ devices: 1_000_000, up_to_date: 1, not_up_to_date: 999_999 })} />)
    expect(width('up_to_date')).toBe(0.6)
  })
  it('says in words what it draws', () => {
    expect(statusSentence(counts({ devices: 10, up_to_date: 9, not_up_to_date: 1 }), 'Fast')).toBe('Fast: 9 of 10 devices are up to date (90 %), 1 is behind what they should have.')
    expect(statusSentence(counts({}), 'Fast')).toBe('Fast has no devices.')
  })
  it('has a word, an icon and a tone of its own for each status', () => {
    const looks = STATUSES.map(statusLook)
    expect(new Set(looks.map((look) => look.word)).size).toBe(6)
    expect(new Set(looks.map((look) => look.icon)).size).toBe(6)
    expect(statusLook('something_new').word).toBe('Something new')
  })
  it('does not call an objective met that is about nobody', () => {
    const objective = { eligible: 0, met: 0, percent: null, target_percent: 95, holds: true }
    expect(objectiveLook(objective).word).toBe('Nobody to measure')
    expect(objectiveLook({ ...objective, eligible: 3, holds: false }).word).toBe('Missed')
  })
  it('tells stale from never read', () => {
    const source = { name: 'sync', may_be_minutes: 60, is_stale: true, read_at: null }
    expect(sourceLook(source).word).toBe('Never read')
    expect(sourceLook({ ...source, read_at: '2026-11-10T00:00:00Z' }).word).toBe('Stale')
    expect(sourceLook({ ...source, read_at: '2026-11-10T00:00:00Z', is_stale: false }).word).toBe('Fresh')
  })
})

describe('alerts', () => {
  beforeEach(() => heard('2026-11-18T12:00:00Z'))
  const alert = (more: Partial<Schemas['Alert']>): Schemas['Alert'] => ({ id: 'a', kind: 'policy_drift', severity: 'warning', subject: '', text: '', fix: '', opened_at: '2026-11-10T00:00:00Z', ...more })
  it('come worst first, then oldest first', () => {
    const all = [alert({ id: 'new', opened_at: '2026-11-12T00:00:00Z' }), alert({ id: 'old' }), alert({ id: 'news', severity: 'information' }), alert({ id: 'worst', severity: 'critical', opened_at: '2026-11-14T00:00:00Z' })]
    expect(alertsInOrder(all).map((one) => one.id)).toEqual(['worst', 'old', 'new', 'news'])
  })
  it('are muted until then, by the clock of the service', () => {
    const muted = alert({ muted_until: '2026-11-18T13:00:00Z', muted_by: 'ana' })
    expect(isMuted(muted)).toBe(true)
    expect(alertLook(muted).word).toMatch(/^Muted until /)
    heard('2026-11-18T13:00:01Z')
    expect(isMuted(muted)).toBe(false)
    expect(alertLook({ ...muted, acknowledged_by: 'ana' }).word).toBe('Acknowledged by ana')
    expect(alertLook({ ...muted, resolved_at: '2026-11-18T13:00:00Z' }).word).toMatch(/^Ended /)
  })
})

describe('reports', () => {
  it('show the usual columns, those that were asked for, and never none', () => {
    const all = ['objective', 'ring', 'percent']
    expect(shownColumns('compliance', all, undefined)).toEqual(['objective', 'ring', 'percent'])
    expect(shownColumns('compliance', all, 'percent,objective')).toEqual(['percent', 'objective'])
    expect(shownColumns('compliance', all, 'gone')).toEqual(all)
    expect(shownColumns('of_a_later_version', all, undefined)).toEqual(all)
  })
  it('read as words where they are words of the service, and as they are where people wrote them', () => {
    expect(cellText('owner', 'administrator')).toBe('Administrator')
    expect(cellText('name', 'lon_0001')).toBe('lon_0001')
    expect(cellText('percent', 94.9)).toBe('94.9 %')
    expect(cellText('devices', 12345)).toBe('12,345')
    expect(cellText('in_service', false)).toBe('no')
    expect(cellText('since', '2026-11-10T08:00:00Z')).toMatch(/2026-11-10/)
    expect(cellText('name', null)).toBe('')
  })
  it('know columns of numbers by the first value there is', () => {
    expect(isNumeric([{ a: null }, { a: 3 }], 'a')).toBe(true)
    expect(isNumeric([{ a: '3' }], 'a')).toBe(false)
    expect(isNumeric([{ a: null }], 'a')).toBe(false)
  })
  it('say which devices a number counts only where a filter can', () => {
    expect(conditions([['ring_set', 'Head office'], ['status', 'paused']])).toBe('ring_set=Head office and status=paused')
    expect(conditions([['ring', 'Sales and service']])).toBeUndefined()
    expect(conditions([['ring', '']])).toBeUndefined()
  })
  it('are sorted rising, falling, and not at all', () => {
    expect(nextOrder(undefined, 'ring')).toBe('ring')
    expect(nextOrder('ring', 'ring')).toBe('ring desc')
    expect(nextOrder('ring desc', 'ring')).toBeUndefined()
    expect(nextOrder('percent desc', 'ring')).toBe('ring')
  })
})
