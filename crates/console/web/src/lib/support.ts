/* Support requests: their words, what may be done to them, and how they are looked for; as docs/support.md has it. */
import type { Schemas } from '../api/client'
import { moment, words } from './format'
import type { Look } from './states'

type Request = Schemas['SupportRequest']
export type SupportSeverity = Schemas['SupportSeverity']
export type SupportCategory = Schemas['SupportCategory']
export type SupportStep = Schemas['SupportStep']
export type Subject = Schemas['SupportSubjectKind']

/** Worst first. The letters are Autopatch's. */
export const SUPPORT_SEVERITIES: readonly (readonly [SupportSeverity, string, string])[] = [
  ['critical', 'Critical (A)', 'work stands still, or updates do harm: an answer is due within 1 hour'],
  ['moderate', 'Moderate (B)', 'work goes on with difficulty: 4 hours'],
  ['minimal', 'Minimal (C)', 'work goes on: 8 hours'],
]

export const CATEGORIES: readonly (readonly [SupportCategory, string])[] = [
  ['updates', 'Updates, rollouts and gates'],
  ['devices', 'Devices, registration and rings'],
  ['policies', 'Policies and conflicts with them'],
  ['access', 'Connection, licences and roles'],
  ['reports', 'Reports, alerts and notifications'],
  ['other', 'Something else'],
]

export const STATUSES: readonly (readonly [Schemas['SupportStatus'], string])[] = [
  ['new', 'New'],
  ['in_progress', 'In progress'],
  ['waiting', 'Waits for the requester'],
  ['mitigated', 'Mitigated'],
  ['resolved', 'Resolved'],
]

export function supportSeverityLook(severity: string): Look {
  const word = SUPPORT_SEVERITIES.find(([one]) => one === severity)?.[1]
  switch (severity) {
    case 'critical':
      return { word: word ?? severity, icon: 'cross', tone: 'bad' }
    case 'moderate':
      return { word: word ?? severity, icon: 'warning', tone: 'warn' }
    case 'minimal':
      return { word: word ?? severity, icon: 'question', tone: 'info' }
    default:
      return { word: words(severity), icon: 'question', tone: 'quiet' }
  }
}

export function supportStatusLook(status: string): Look {
  const word = STATUSES.find(([one]) => one === status)?.[1] ?? words(status)
  switch (status) {
    case 'new':
      return { word, icon: 'clock', tone: 'warn' }
    case 'in_progress':
      return { word, icon: 'arrow', tone: 'info' }
    case 'waiting':
      return { word, icon: 'pause', tone: 'hold' }
    case 'mitigated':
      return { word, icon: 'check', tone: 'good' }
    case 'resolved':
      return { word, icon: 'check', tone: 'quiet' }
    default:
      return { word, icon: 'question', tone: 'quiet' }
  }
}

/** Whether somebody has answered, as `concentric support list` says it. */
export function answerLook(request: Pick<Request, 'answered_at' | 'is_late' | 'answer_by'>): Look {
  if (request.answered_at) return { word: 'Answered', icon: 'check', tone: 'quiet' }
  if (request.is_late) return { word: `Answer late since ${moment(request.answer_by)}`, icon: 'warning', tone: 'bad' }
  return { word: `Answer due by ${moment(request.answer_by)}`, icon: 'clock', tone: 'quiet' }
}

/** What can be done to bring it on; the first is what usually comes next. */
export function stepsOf(request: Pick<Request, 'status'>): SupportStep[] {
  switch (request.status) {
    case 'new':
      return ['in_progress', 'waiting', 'mitigated', 'resolved']
    case 'in_progress':
      return ['mitigated', 'waiting', 'resolved']
    case 'waiting':
      return ['in_progress', 'mitigated', 'resolved']
    case 'mitigated':
      return ['resolved']
    default:
      return []
  }
}

/** Whether it was mitigated so long ago that it neither takes comments nor is reopened. */
const tooLate = (request: Pick<Request, 'status' | 'reopen_until'>, now: number): boolean =>
  request.status === 'mitigated' && request.reopen_until != null && Date.parse(request.reopen_until) <= now

/** Why nothing can be said about it any more; none: it takes comments. */
export function commentBlocked(request: Pick<Request, 'status' | 'reopen_until'>, now: number): string | undefined {
  if (request.status === 'resolved') return 'It is resolved. File another that follows it.'
  return tooLate(request, now) ? 'It was mitigated more than 24 hours ago. File another that follows it, or resolve it.' : undefined
}

/** Why it cannot be reopened; none: it can. */
export function reopenBlocked(request: Pick<Request, 'status' | 'reopen_until'>, now: number): string | undefined {
  if (request.status === 'resolved') return 'It is resolved, for good. File another that follows it.'
  if (request.status !== 'mitigated') return 'It is open.'
  return tooLate(request, now) ? 'It was mitigated more than 24 hours ago. File another that follows it.' : undefined
}

/** Whether another is filed in its place, because it takes nothing more. */
export const isFollowed = (request: Pick<Request, 'status' | 'reopen_until'>, now: number): boolean => commentBlocked(request, now) !== undefined

export interface SupportSearch {
  status?: string | undefined
  severity?: string | undefined
  text?: string | undefined
  late?: 'yes' | undefined
}

/** A text between quotes, as conditions have it. */
const literal = (text: string): string => JSON.stringify(text)

/** The condition that a search comes to; without a status, what is not resolved. */
export function supportFilter({ status, severity, text, late }: SupportSearch): string | undefined {
  const wanted = text?.trim().replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  const parts = [
    status === undefined ? 'status != "resolved"' : status === 'all' ? undefined : `status == ${literal(status)}`,
    severity ? `severity == ${literal(severity)}` : undefined,
    late ? 'is_late' : undefined,
    wanted ? `(title.lowerAscii().contains(${literal(wanted)}) || description.lowerAscii().contains(${literal(wanted)}))` : undefined,
  ]
  return parts.filter((part) => part !== undefined).join(' && ') || undefined
}

/** How `concentric support create` is told what a request is about. */
export function aboutFlags(about: { kind: Subject; id?: string | null | undefined }): string[] {
  return about.kind === 'tenant' || !about.id ? [] : [`--${about.kind.replaceAll('_', '-')}`, about.id]
}

export const subjectWords = (kind: Subject): string => (kind === 'ring_set' ? 'the ring set' : `the ${kind}`)
