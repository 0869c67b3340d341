/* Desks of support requests: their words, what the form holds, and the body it comes to. */
import type { Schemas } from '../api/client'
import { cli } from './commands'
import { moment, words } from './format'
import type { Look } from './states'
import { addresses } from './addresses'

type Desk = Schemas['SupportDesk']
type Kind = Schemas['DeskWay']['kind']

export const DESK_KINDS: readonly (readonly [Kind, string])[] = [
  ['mail', 'E-mail'],
  ['service_now', 'ServiceNow'],
  ['jira', 'Jira'],
  ['webhook', 'Webhook'],
]

export const deskKind = (kind: string): string => DESK_KINDS.find(([one]) => one === kind)?.[1] ?? words(kind)

export function deskLook(desk: Pick<Desk, 'enabled' | 'failing_since'>): Look {
  if (!desk.enabled) return { word: 'Disabled', icon: 'dash', tone: 'quiet' }
  if (desk.failing_since) return { word: `Fails since ${moment(desk.failing_since)}`, icon: 'warning', tone: 'bad' }
  return { word: 'Enabled', icon: 'check', tone: 'good' }
}

/** `Moderate or worse, of updates and devices`. */
export function takes(desk: Pick<Desk, 'at_least' | 'categories'>): string {
  const of = desk.categories.length === 0 ? '' : `, of ${desk.categories.join(', ')}`
  return `${desk.at_least === 'critical' ? 'Critical' : `${words(desk.at_least)} or worse`}${of}`
}

/** Of e-mail the addresses alone. */
export const whereTo = (desk: Pick<Desk, 'url'>): string => desk.url.replace(/^mailto:/, '').replaceAll(',', ', ')

export interface DeskDraft {
  name: string
  kind: Kind
  /** An address, or where the ticket system begins. */
  url: string
  /** Of e-mail, one to a line or with commas between. */
  to: string
  table: string
  caller: string
  assignment_group: string
  project: string
  issue_type: string
  login: 'basic' | 'bearer'
  user: string
  secret: string
  at_least: Schemas['SupportSeverity']
  categories: Schemas['SupportCategory'][]
  enabled: boolean
  reason: string
}

export const NEW_DESK: DeskDraft = {
  name: '',
  kind: 'mail',
  url: '',
  to: '',
  table: 'incident',
  caller: '',
  assignment_group: '',
  project: '',
  issue_type: 'Task',
  login: 'basic',
  user: '',
  secret: '',
  at_least: 'minimal',
  categories: [],
  enabled: true,
  reason: '',
}

export function deskDraft(desk: Desk): DeskDraft {
  const { way } = desk
  return {
    ...NEW_DESK,
    name: desk.name,
    kind: way.kind,
    ...(way.kind === 'mail' ? { to: whereTo(desk) } : { url: desk.url }),
    ...(way.kind === 'service_now' ? { table: way.table, caller: way.caller ?? '', assignment_group: way.assignment_group ?? '' } : {}),
    ...(way.kind === 'jira' ? { project: way.project, issue_type: way.issue_type } : {}),
    ...('login' in way ? { login: way.login.kind, user: way.login.kind === 'basic' ? way.login.user : '' } : {}),
    at_least: desk.at_least,
    categories: desk.categories,
    enabled: desk.enabled,
  }
}

function wayOf(draft: DeskDraft): Schemas['DeskWay'] {
  const login: Schemas['DeskLogin'] = draft.login === 'basic' ? { kind: 'basic', user: draft.user.trim() } : { kind: 'bearer' }
  switch (draft.kind) {
    case 'service_now':
      return { kind: 'service_now', table: draft.table.trim(), caller: draft.caller.trim() || null, assignment_group: draft.assignment_group.trim() || null, login }
    case 'jira':
      return { kind: 'jira', project: draft.project.trim(), issue_type: draft.issue_type.trim(), login }
    default:
      return { kind: draft.kind }
  }
}

/** A secret that was not typed is left out: a desk that is changed keeps the one it has. */
export function deskBody(draft: DeskDraft): Schemas['CreateSupportDesk'] {
  const hasSecret = draft.kind === 'service_now' || draft.kind === 'jira'
  return {
    name: draft.name.trim(),
    url: draft.kind === 'mail' ? `mailto:${addresses(draft.to).join(',')}` : draft.url.trim(),
    way: wayOf(draft),
    at_least: draft.at_least,
    categories: draft.categories,
    enabled: draft.enabled,
    secret: hasSecret && draft.secret ? draft.secret : null,
    reason: draft.reason.trim() || null,
  }
}

/** A new desk on the command line; its secret comes from a file. */
export function deskCommand(draft: DeskDraft): string {
  const { way, url, name } = deskBody(draft)
  const login = 'login' in way ? [...(way.login.kind === 'basic' ? ['--user', way.login.user] : []), '--secret-file', '-'] : []
  const of =
    way.kind === 'service_now'
      ? ['--table', way.table, ...(way.caller ? ['--caller', way.caller] : []), ...(way.assignment_group ? ['--assignment-group', way.assignment_group] : [])]
      : way.kind === 'jira'
        ? ['--project', way.project, '--issue-type', way.issue_type]
        : []
  const to = way.kind === 'mail' ? addresses(draft.to).join(',') : url
  const taking = [...(draft.at_least === 'minimal' ? [] : ['--at-least', draft.at_least]), ...(draft.categories.length > 0 ? ['--categories', draft.categories.join(',')] : [])]
  return cli('support', 'desk', 'create', way.kind.replaceAll('_', '-'), name || '…', '--to', to || '…', ...of, ...login, ...taking, ...(draft.reason.trim() ? ['--reason', draft.reason.trim()] : []))
}

/** How a delivery stands, as `concentric support desk deliveries` says it. */
export function deliveryLook(delivery: Pick<Schemas['DeskDelivery'], 'state' | 'next_at'>): Look {
  switch (delivery.state) {
    case 'delivered':
      return { word: 'Delivered', icon: 'check', tone: 'good' }
    case 'given_up':
      return { word: 'Given up', icon: 'cross', tone: 'bad' }
    default:
      return { word: delivery.next_at ? `Tried at ${moment(delivery.next_at)}` : 'Pending', icon: 'clock', tone: 'info' }
  }
}
