import { describe, expect, it } from 'vitest'
import type { Schemas } from '../../src/api/client'
import { NEW_CHANNEL, NEW_CONTACT, channelBody, channelCommand, channelDraft, contactBody, contactCommand, contactDraft, letterKind, letterLook, toldLook, trySaid, wantsWords, whereTo } from '../../src/lib/told'

const at = '2026-11-10T00:00:00Z'
const contact: Schemas['Contact'] = { id: 'c', name: 'Ana Ops', email: 'ana@example.com', phone: null, enabled: true, wants: { focus: ['updates'], topics: [], least: 'warning', digest: true }, created_at: at, changed_at: at }
const chat: Schemas['Channel'] = { id: 'c', name: 'Updates', kind: 'teams', host: 'chat.example', addresses: [], enabled: true, failing_since: null, wants: { focus: ['devices', 'updates'], topics: ['incident'], least: 'information', digest: false }, created_at: at, changed_at: at }
const list: Schemas['Channel'] = { ...chat, name: 'Board', kind: 'email', host: null, addresses: ['a@example.com', 'b@example.com'] }

describe('a contact', () => {
  it('says the same when nothing was changed', () => {
    const { name, email, phone, wants, enabled } = contact
    expect(contactBody(contactDraft(contact))).toEqual({ name, email, phone, wants, enabled, reason: null })
  })
  it('reads as a command, made and changed', () => {
    expect(contactCommand({ ...NEW_CONTACT, name: 'Ana Ops', email: 'ana@example.com', focus: ['updates'] })).toBe("concentric contact create 'Ana Ops' --email ana@example.com --focus updates")
    expect(contactCommand({ ...contactDraft(contact), enabled: false, reason: 'on leave' }, 'Ana Ops')).toBe(
      "concentric contact update 'Ana Ops' --name 'Ana Ops' --email ana@example.com --focus updates --all-messages --least warning --digest --disable --reason 'on leave'",
    )
  })
  it('says what it is told, and when', () => {
    expect(wantsWords(contact.wants)).toBe('Updates: warnings and what is critical')
    expect(wantsWords(chat.wants)).toBe('Devices and updates: everything; only incident')
    expect(toldLook(contact).word).toBe('Once a day')
    expect(toldLook({ ...chat, failing_since: at })).toMatchObject({ tone: 'bad' })
    expect(toldLook({ ...chat, enabled: false, failing_since: at }).word).toBe('Disabled')
  })
})

describe('a channel', () => {
  it('keeps the address of its chat unless another is typed', () => {
    expect(channelBody(channelDraft(chat)).to).toEqual({ kind: 'teams', url: null })
    expect(channelBody({ ...channelDraft(chat), url: ' https://chat.example/2 ' }).to).toEqual({ kind: 'teams', url: 'https://chat.example/2' })
    expect(channelBody(channelDraft(list)).to).toEqual({ kind: 'email', addresses: ['a@example.com', 'b@example.com'] })
    expect(whereTo(list)).toBe('a@example.com, b@example.com')
  })
  it('reads as a command, without the address of a chat', () => {
    expect(channelCommand({ ...NEW_CHANNEL, name: 'Updates', url: 'https://chat.example/1', topics: ['incident'] })).toBe('concentric notification channel create Updates --chat teams --url-file - --focus devices --focus updates --message incident')
    expect(channelCommand(channelDraft(list), 'Board')).toBe('concentric notification channel update Board --name Board --address a@example.com --address b@example.com --focus devices --focus updates --message incident --least information --at-once --enable')
    expect(channelCommand(channelDraft(chat), 'Updates')).not.toContain('--url-file')
  })
})

describe('a letter', () => {
  it('says what was answered', () => {
    expect(trySaid({ at, latency_ms: 12, refusal: null, code: 250 })).toBe('taken in 12 ms')
    expect(trySaid({ at, latency_ms: 12, refusal: 'login', code: 535 })).toBe('it refused the login (535)')
    expect(trySaid({ at, latency_ms: 12, refusal: 'moon_phase', code: null })).toBe('moon phase')
  })
  it('has words for its state and its kind', () => {
    expect((['pending', 'delivered', 'given_up'] as const).map((state) => letterLook({ state }).word)).toEqual(['Pending', 'Delivered', 'Given up'])
    expect(letterKind('report')).toBe('Scheduled report')
    expect(letterKind('rollout_paused')).toBe('Rollout paused')
  })
})
