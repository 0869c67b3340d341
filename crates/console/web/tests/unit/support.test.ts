import { describe, expect, it } from 'vitest'
import type { Schemas } from '../../src/api/client'
import { addresses } from '../../src/lib/addresses'
import { NEW_DESK, deliveryLook, deskBody, deskCommand, deskDraft, deskLook, takes, whereTo } from '../../src/lib/desks'
import { aboutFlags, answerLook, commentBlocked, isFollowed, reopenBlocked, stepsOf, supportFilter, supportSeverityLook, supportStatusLook } from '../../src/lib/support'

describe('a search for requests', () => {
  it('shows what is not resolved, like the command line', () => {
    expect(supportFilter({})).toBe('status != "resolved"')
    expect(supportFilter({ status: 'all' })).toBeUndefined()
    expect(supportFilter({ status: 'mitigated', severity: 'critical', late: 'yes' })).toBe('status == "mitigated" && severity == "critical" && is_late')
  })
  it('looks for a text without regard to case, whatever is in it', () => {
    expect(supportFilter({ status: 'all', text: ' HP "Z" ' })).toBe('(title.lowerAscii().contains("hp \\"z\\"") || description.lowerAscii().contains("hp \\"z\\""))')
    expect(supportFilter({ status: 'all', text: 'Ä\\' })).toBe('(title.lowerAscii().contains("Ä\\\\") || description.lowerAscii().contains("Ä\\\\"))')
    expect(supportFilter({ status: 'all', text: '  ' })).toBeUndefined()
  })
})

describe('what may be done to a request', () => {
  const until = '2026-11-18T12:00:00Z'
  const before = Date.parse(until) - 1
  const at = (status: Schemas['SupportStatus']) => ({ status, reopen_until: status === 'mitigated' ? until : null })
  it('is what the service allows', () => {
    expect(stepsOf({ status: 'new' })).toEqual(['in_progress', 'waiting', 'mitigated', 'resolved'])
    expect(stepsOf({ status: 'in_progress' })).not.toContain('in_progress')
    expect(stepsOf({ status: 'waiting' })).not.toContain('waiting')
    expect(stepsOf({ status: 'mitigated' })).toEqual(['resolved'])
    expect(stepsOf({ status: 'resolved' })).toEqual([])
  })
  it('reopens a mitigated one for 24 hours, to the moment', () => {
    expect(reopenBlocked(at('mitigated'), before)).toBeUndefined()
    expect(commentBlocked(at('mitigated'), before)).toBeUndefined()
    expect(reopenBlocked(at('mitigated'), Date.parse(until))).toMatch(/more than 24 hours ago/)
    expect(commentBlocked(at('mitigated'), Date.parse(until))).toMatch(/more than 24 hours ago/)
    expect(isFollowed(at('mitigated'), before)).toBe(false)
    expect(isFollowed(at('mitigated'), Date.parse(until))).toBe(true)
  })
  it('never reopens what is resolved, nor what is open', () => {
    expect(reopenBlocked(at('resolved'), before)).toMatch(/resolved/)
    expect(isFollowed(at('resolved'), before)).toBe(true)
    for (const status of ['new', 'in_progress', 'waiting'] as const) {
      expect(reopenBlocked(at(status), before)).toBe('It is open.')
      expect(commentBlocked(at(status), before)).toBeUndefined()
    }
  })
  it('has words, icons and tones; also for what is not known yet', () => {
    expect(new Set((['new', 'in_progress', 'waiting', 'mitigated', 'resolved'] as const).map((one) => supportStatusLook(one).word)).size).toBe(5)
    expect(supportSeverityLook('critical')).toEqual({ word: 'Critical (A)', icon: 'cross', tone: 'bad' })
    expect(supportSeverityLook('utter_chaos').word).toBe('Utter chaos')
    expect(supportStatusLook('far_away').word).toBe('Far away')
    const due = { answer_by: until, answered_at: null, is_late: false }
    expect(answerLook(due).word).toMatch(/^Answer due by /)
    expect(answerLook({ ...due, is_late: true })).toMatchObject({ tone: 'bad' })
    expect(answerLook({ ...due, is_late: false, answered_at: until }).word).toBe('Answered')
  })
  it('names what a request is about as the command line does', () => {
    expect(aboutFlags({ kind: 'ring_set', id: 'x' })).toEqual(['--ring-set', 'x'])
    expect(aboutFlags({ kind: 'tenant', id: 'x' })).toEqual([])
  })
})

describe('a desk', () => {
  const desk: Schemas['SupportDesk'] = {
    id: 'd',
    name: 'Tickets',
    url: 'https://example.service-now.com',
    way: { kind: 'service_now', table: 'incident', caller: 'concentric', assignment_group: null, login: { kind: 'basic', user: 'concentric' } },
    at_least: 'moderate',
    categories: ['updates', 'devices'],
    enabled: true,
    failing_since: null,
    pending: 0,
    created_at: '2026-11-10T00:00:00Z',
    changed_at: '2026-11-10T00:00:00Z',
  }
  it('says the same when nothing was changed, and keeps its secret', () => {
    const { name, url, way, at_least, categories, enabled } = desk
    expect(deskBody(deskDraft(desk))).toEqual({ name, url, way, at_least, categories, enabled, secret: null, reason: null })
    const jira: Schemas['SupportDesk'] = { ...desk, way: { kind: 'jira', project: 'UPD', issue_type: 'Task', login: { kind: 'bearer' } } }
    expect(deskBody(deskDraft(jira)).way).toEqual(jira.way)
    const mail: Schemas['SupportDesk'] = { ...desk, url: 'mailto:a@example.com,b@example.com', way: { kind: 'mail' } }
    expect(deskBody(deskDraft(mail)).url).toBe(mail.url)
    expect(whereTo(mail)).toBe('a@example.com, b@example.com')
  })
  it('sends a secret only where there is one', () => {
    const draft = { ...deskDraft(desk), secret: 'hunter2' }
    expect(deskBody(draft).secret).toBe('hunter2')
    expect(deskBody({ ...draft, kind: 'webhook' }).secret).toBeNull()
    expect(deskBody({ ...draft, kind: 'mail', to: 'a@example.com' }).secret).toBeNull()
  })
  it('reads as a command, without its secret', () => {
    expect(deskCommand({ ...deskDraft(desk), secret: 'hunter2' })).toBe(
      'concentric support desk create service-now Tickets --to https://example.service-now.com --table incident --caller concentric --user concentric --secret-file - --at-least moderate --categories updates,devices',
    )
    expect(deskCommand({ ...NEW_DESK, name: 'Service desk', to: 'a@example.com\nb@example.com' })).toBe("concentric support desk create mail 'Service desk' --to a@example.com,b@example.com")
  })
  it('says what it takes, and how it stands', () => {
    expect(takes(desk)).toBe('Moderate or worse, of updates, devices')
    expect(takes({ at_least: 'critical', categories: [] })).toBe('Critical')
    expect(deskLook({ enabled: false, failing_since: '2026-11-10T00:00:00Z' }).word).toBe('Disabled')
    expect(deskLook({ enabled: true, failing_since: '2026-11-10T00:00:00Z' }).tone).toBe('bad')
    expect(deliveryLook({ state: 'given_up', next_at: null }).word).toBe('Given up')
    expect(deliveryLook({ state: 'pending', next_at: null }).word).toBe('Pending')
  })
})

describe('addresses as they are typed', () => {
  it('are taken apart, each once', () => {
    expect(addresses(' a@example.com, b@example.com\nb@example.com; ')).toEqual(['a@example.com', 'b@example.com'])
    expect(addresses(' \n')).toEqual([])
  })
})
