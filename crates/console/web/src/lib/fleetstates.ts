/* The words of the fleet's health: statuses, objectives, sources, alerts. */
import type { Schemas } from '../api/client'
import { now } from './clock'
import { moment, words } from './format'
import type { Icon, Look, Tone } from './states'

/** Where a device stands with the newest quality update, in the order of docs/reports.md. */
export const STATUSES = ['up_to_date', 'in_progress', 'paused', 'not_up_to_date', 'not_ready', 'not_registered'] as const
export type Status = (typeof STATUSES)[number]

const STATUS_LOOKS: Record<Status, [string, Icon, Tone]> = {
  up_to_date: ['Up to date', 'check', 'good'],
  in_progress: ['In progress', 'arrow', 'info'],
  paused: ['Paused', 'pause', 'hold'],
  not_up_to_date: ['Not up to date', 'cross', 'bad'],
  not_ready: ['Not ready', 'warning', 'warn'],
  not_registered: ['Not registered', 'dash', 'quiet'],
}

const isStatus = (word: string): word is Status => word in STATUS_LOOKS

export function statusLook(status: string): Look {
  if (!isStatus(status)) return { word: words(status), icon: 'question', tone: 'quiet' }
  const [word, icon, tone] = STATUS_LOOKS[status]
  return { word, icon, tone }
}

export function objectiveLook(objective: Schemas['Objective']): Look {
  if (objective.eligible === 0) return { word: 'Nobody to measure', icon: 'dash', tone: 'quiet' }
  return objective.holds ? { word: 'Met', icon: 'check', tone: 'good' } : { word: 'Missed', icon: 'cross', tone: 'bad' }
}

const SOURCES: Record<string, string> = {
  sync: 'Catalogue, devices and groups',
  check_ins: 'Check-ins',
  edge: 'Versions of Microsoft Edge',
  microsoft_365_apps: 'Versions of Microsoft 365 Apps',
  drivers: 'Drivers that devices need',
  readiness: 'Readiness checks',
  drift: 'What enrollment made',
}

export const sourceWords = (name: string): string => SOURCES[name] ?? words(name)

export function sourceLook(source: Schemas['Source']): Look {
  if (!source.read_at) return { word: 'Never read', icon: 'question', tone: source.is_stale ? 'warn' : 'quiet' }
  return source.is_stale ? { word: 'Stale', icon: 'warning', tone: 'warn' } : { word: 'Fresh', icon: 'check', tone: 'good' }
}

export const SEVERITIES = ['critical', 'warning', 'information'] as const

export function severityLook(severity: string): Look {
  switch (severity) {
    case 'critical':
      return { word: 'Critical', icon: 'cross', tone: 'bad' }
    case 'warning':
      return { word: 'Warning', icon: 'warning', tone: 'warn' }
    case 'information':
      return { word: 'Information', icon: 'question', tone: 'info' }
    default:
      return { word: words(severity), icon: 'question', tone: 'quiet' }
  }
}

export const isMuted = (alert: Schemas['Alert']): boolean => alert.muted_until != null && Date.parse(alert.muted_until) > now()

/** As `concentric alert list` says it. */
export function alertLook(alert: Schemas['Alert']): Look {
  if (alert.resolved_at) return { word: `Ended ${moment(alert.resolved_at)}`, icon: 'check', tone: 'quiet' }
  if (alert.muted_until && isMuted(alert)) return { word: `Muted until ${moment(alert.muted_until)}`, icon: 'pause', tone: 'hold' }
  if (alert.acknowledged_by) return { word: `Acknowledged by ${alert.acknowledged_by}`, icon: 'check', tone: 'info' }
  return { word: 'Open', icon: 'warning', tone: 'warn' }
}

/** Worst first; of the same severity, the oldest. */
export function alertsInOrder(alerts: readonly Schemas['Alert'][]): Schemas['Alert'][] {
  const rank = (alert: Schemas['Alert']): number => {
    const at = SEVERITIES.findIndex((one) => one === alert.severity)
    return at < 0 ? SEVERITIES.length : at
  }
  return alerts.toSorted((a, b) => rank(a) - rank(b) || a.opened_at.localeCompare(b.opened_at))
}
