/* Who is told what, in the words of `concentric contact` and `concentric notification`; as docs/notifications.md has it. */
import type { Schemas } from '../api/client'
import { addresses } from './addresses'
import { cli } from './commands'
import { moment, words } from './format'
import type { Look } from './states'

type Wants = Schemas['NotificationWants']
type Contact = Schemas['Contact']
type Channel = Schemas['Channel']
type Letter = Schemas['Letter']

export const FOCUS: readonly (readonly [Schemas['Focus'], string])[] = [
  ['devices', 'Devices'],
  ['updates', 'Updates'],
]

export const LEAST: readonly (readonly [Schemas['AlertSeverity'], string])[] = [
  ['information', 'Everything'],
  ['warning', 'Warnings and what is critical'],
  ['critical', 'Only what is critical'],
]

export const CHANNEL_KINDS: readonly (readonly [Schemas['ChannelKind'], string])[] = [
  ['teams', 'Microsoft Teams'],
  ['slack', 'Slack'],
  ['email', 'A list of addresses'],
]

export const channelKind = (kind: string): string => CHANNEL_KINDS.find(([one]) => one === kind)?.[1] ?? words(kind)

/** Besides the sorts of messages: what else goes out. */
export const OTHER_LETTERS: readonly (readonly [string, string])[] = [
  ['digest', 'Digest'],
  ['report', 'Scheduled report'],
  ['support_request', 'Support request'],
  ['test', 'Test'],
]

export const letterKind = (kind: string): string => OTHER_LETTERS.find(([one]) => one === kind)?.[1] ?? words(kind)

/** `Devices and updates: everything`. */
export function wantsWords(wants: Wants): string {
  const { focus, least, topics } = wants
  const messages = topics.length === 0 ? '' : `; only ${topics.map((one) => words(one).toLowerCase()).join(', ')}`
  return `${words(focus.join(' and '))}: ${(LEAST.find(([word]) => word === least)?.[1] ?? least).toLowerCase()}${messages}`
}

/** Whether it is told, and when; as the lists of the command line say it. */
export function toldLook(one: { enabled: boolean; wants: Wants; failing_since?: string | null | undefined }): Look {
  if (!one.enabled) return { word: 'Disabled', icon: 'dash', tone: 'quiet' }
  if (one.failing_since) return { word: `Fails since ${moment(one.failing_since)}`, icon: 'warning', tone: 'bad' }
  return one.wants.digest ? { word: 'Once a day', icon: 'clock', tone: 'info' } : { word: 'At once', icon: 'check', tone: 'good' }
}

export const whereTo = (channel: Pick<Channel, 'host' | 'addresses'>): string => channel.host ?? channel.addresses.join(', ')

export function letterLook(letter: Pick<Letter, 'state'>): Look {
  switch (letter.state) {
    case 'delivered':
      return { word: 'Delivered', icon: 'check', tone: 'good' }
    case 'given_up':
      return { word: 'Given up', icon: 'cross', tone: 'bad' }
    default:
      return { word: 'Pending', icon: 'clock', tone: 'info' }
  }
}

/** The words that a mail server or a chat is heard with; docs/notifications.md lists them. */
const REFUSALS: Record<string, string> = {
  unconfigured: 'this server has no mail server (CONCENTRIC_SMTP_HOST)',
  forbidden: 'its address may not be called',
  unreachable: 'it was not reached',
  timeout: 'it did not answer in time',
  tls: 'no encrypted connection came about',
  login: 'it refused the login',
  later: 'it wants to be asked later',
  refused: 'it refused the message',
  denied: 'it refused the sender',
  gone: 'its address is gone',
  bad_answer: 'it answered what is no answer',
  secret: 'the address cannot be unsealed',
  malformed: 'the message cannot be sent as it is',
}

/** What was said to a try: `taken in 12 ms`, `it refused the login (535)`. */
export function trySaid(tried: Schemas['LetterTry']): string {
  if (!tried.refusal) return `taken in ${tried.latency_ms} ms`
  const text = REFUSALS[tried.refusal] ?? words(tried.refusal).toLowerCase()
  return tried.code == null ? text : `${text} (${tried.code})`
}

export interface ContactDraft extends Wants {
  name: string
  email: string
  phone: string
  enabled: boolean
  reason: string
}

export interface ChannelDraft extends Wants {
  name: string
  kind: Schemas['ChannelKind']
  /** Of a chat. Whoever knows it may post there, so it is never shown again. */
  url: string
  to: string
  enabled: boolean
  reason: string
}

const NEW_WANTS: Wants = { focus: ['devices', 'updates'], least: 'information', topics: [], digest: false }
export const NEW_CONTACT: ContactDraft = { ...NEW_WANTS, name: '', email: '', phone: '', enabled: true, reason: '' }
export const NEW_CHANNEL: ChannelDraft = { ...NEW_WANTS, name: '', kind: 'teams', url: '', to: '', enabled: true, reason: '' }

const wantsOf = ({ focus, least, topics, digest }: Wants): Wants => ({ focus, least, topics, digest })

export const contactDraft = (contact: Contact): ContactDraft => ({ ...wantsOf(contact.wants), name: contact.name, email: contact.email, phone: contact.phone ?? '', enabled: contact.enabled, reason: '' })

export const contactBody = (draft: ContactDraft): Schemas['CreateContact'] => ({
  name: draft.name.trim(),
  email: draft.email.trim(),
  phone: draft.phone.trim() || null,
  wants: wantsOf(draft),
  enabled: draft.enabled,
  reason: draft.reason.trim() || null,
})

export const channelDraft = (channel: Channel): ChannelDraft => ({ ...wantsOf(channel.wants), name: channel.name, kind: channel.kind, url: '', to: channel.addresses.join('\n'), enabled: channel.enabled, reason: '' })

/** The address of a chat is left out where it was not typed: one that is changed keeps it. */
export const channelBody = (draft: ChannelDraft): Schemas['CreateChannel'] => ({
  name: draft.name.trim(),
  to: draft.kind === 'email' ? { kind: 'email', addresses: addresses(draft.to) } : { kind: draft.kind, url: draft.url.trim() || null },
  wants: wantsOf(draft),
  enabled: draft.enabled,
  reason: draft.reason.trim() || null,
})

function wantsFlags(draft: Wants & { reason: string; enabled: boolean }, isNew: boolean): string[] {
  const messages = draft.topics.flatMap((one) => ['--message', one])
  return [
    ...draft.focus.flatMap((one) => ['--focus', one]),
    ...(draft.topics.length > 0 ? messages : isNew ? [] : ['--all-messages']),
    ...(isNew && draft.least === 'information' ? [] : ['--least', draft.least]),
    ...(draft.digest ? ['--digest'] : isNew ? [] : ['--at-once']),
    ...(isNew ? [] : [draft.enabled ? '--enable' : '--disable']),
    ...(draft.reason.trim() ? ['--reason', draft.reason.trim()] : []),
  ]
}

/** A contact on the command line; `known` is the name of one that is changed. */
export function contactCommand(draft: ContactDraft, known?: string): string {
  const { name, email, phone } = contactBody(draft)
  const of = ['--email', email || '…', ...(phone ? ['--phone', phone] : []), ...wantsFlags(draft, known === undefined)]
  return known === undefined ? cli('contact', 'create', name || '…', ...of) : cli('contact', 'update', known, '--name', name, ...of)
}

export function channelCommand(draft: ChannelDraft, known?: string): string {
  const name = draft.name.trim()
  const to = draft.kind === 'email' ? addresses(draft.to).flatMap((one) => ['--address', one]) : [...(known === undefined ? ['--chat', draft.kind] : []), ...(known === undefined || draft.url ? ['--url-file', '-'] : [])]
  const of = [...to, ...wantsFlags(draft, known === undefined)]
  return known === undefined ? cli('notification', 'channel', 'create', name || '…', ...of) : cli('notification', 'channel', 'update', known, '--name', name, ...of)
}
