/* Every state as a word, an icon and a tone. A new word of the API is shown as it is. */
import type { Schemas } from '../api/client'
import { words } from './format'

export type Tone = 'good' | 'info' | 'warn' | 'bad' | 'hold' | 'quiet'
export type Icon =
  | 'check' | 'clock' | 'warning' | 'cross' | 'pause' | 'play' | 'undo' | 'dash' | 'question' | 'arrow' | 'lock' | 'search' | 'snow'
export interface Look {
  word: string
  icon: Icon
  tone: Tone
}

const look = (word: string, icon: Icon, tone: Tone): Look => ({ word, icon, tone })

export function phaseLook(phase: Schemas['Phase']): Look {
  switch (phase.name) {
    case 'scheduled':
      return look('Scheduled', 'clock', 'quiet')
    case 'offering':
      return look('Offering', 'arrow', 'info')
    case 'soaking':
      return look('Soaking', 'clock', 'info')
    case 'paused':
      switch (phase.paused_by) {
        case 'service':
          return look('Paused by the service', 'warning', 'bad')
        case 'both':
          return look('Paused by a person and the service', 'warning', 'bad')
        default:
          return look('Paused by a person', 'pause', 'hold')
      }
    case 'completed':
      return look('Completed', 'check', 'good')
    case 'rolling_back':
      return look('Rolling back', 'undo', 'warn')
    case 'rolled_back':
      return look('Rolled back', 'undo', 'warn')
    case 'cancelled':
      return look('Cancelled', 'dash', 'quiet')
    default:
      return look(words(phase.name), 'question', 'quiet')
  }
}

export const isOver = (phase: Schemas['PhaseName']): boolean =>
  phase === 'completed' || phase === 'rolled_back' || phase === 'cancelled'

export function verdictLook(verdict: Schemas['Verdict']): Look {
  switch (verdict) {
    case 'pass':
      return look('Met', 'check', 'good')
    case 'wait':
      return look('Waits', 'clock', 'info')
    case 'fail':
      return look('Failed', 'cross', 'bad')
    case 'unknown':
      return look('Cannot tell', 'question', 'warn')
    default:
      return look(words(verdict), 'question', 'quiet')
  }
}

export function levelLook(level: Schemas['EvidenceLevel']): Look {
  switch (level) {
    case 'calm':
      return look('Calm', 'check', 'good')
    case 'watch':
      return look('Watch', 'warning', 'warn')
    case 'pause':
      return look('Pause', 'warning', 'bad')
    case 'roll_back':
      return look('Roll back', 'undo', 'bad')
    default:
      return look(words(level), 'question', 'quiet')
  }
}

export function attemptLook(state: Schemas['AttemptState']): Look {
  switch (state) {
    case 'assigned':
      return look('Waiting', 'dash', 'quiet')
    case 'offered':
      return look('Offered', 'arrow', 'info')
    case 'installing':
      return look('Installing', 'arrow', 'info')
    case 'installed':
      return look('Installed, not confirmed', 'clock', 'info')
    case 'confirmed':
      return look('Confirmed good', 'check', 'good')
    case 'failed':
      return look('Failed', 'cross', 'bad')
    case 'lost':
      return look('Lost', 'question', 'bad')
    case 'unresolved':
      return look('No outcome', 'question', 'warn')
    case 'withdrawn':
      return look('Offer taken back', 'undo', 'quiet')
    case 'removing':
      return look('Removing', 'undo', 'warn')
    case 'removed':
      return look('Removed', 'undo', 'quiet')
    case 'stranded':
      return look('Could not be removed', 'warning', 'bad')
    case 'excluded':
      return look('Left out', 'dash', 'quiet')
    default:
      return look(words(state), 'question', 'quiet')
  }
}

export function standingLook(standing: string | null | undefined): Look {
  switch (standing) {
    case 'ready':
      return look('Ready', 'check', 'good')
    case 'not_ready':
      return look('Not ready', 'warning', 'warn')
    case 'prerequisite_failed':
      return look('Prerequisite failed', 'cross', 'bad')
    case 'group_conflict':
      return look('Group conflict', 'cross', 'bad')
    case 'excluded':
      return look('Excluded', 'dash', 'quiet')
    case null:
    case undefined:
      return look('Not judged yet', 'clock', 'quiet')
    default:
      return look(words(standing), 'question', 'quiet')
  }
}

export function findingLook(level: Schemas['Level']): Look {
  switch (level) {
    case 'ready':
      return look('Ready', 'check', 'good')
    case 'advisory':
      return look('Advisory', 'warning', 'warn')
    case 'not_ready':
      return look('Not ready', 'cross', 'bad')
    case 'error':
      return look('Could not be checked', 'question', 'warn')
    default:
      return look(words(level), 'question', 'quiet')
  }
}

export function connectionLook(state: Schemas['ConnectionState']): Look {
  switch (state) {
    case 'connected':
      return look('Connected', 'check', 'good')
    case 'unverified':
      return look('Not tried yet', 'clock', 'quiet')
    case 'refused':
      return look('Refused', 'cross', 'bad')
    case 'unreachable':
      return look('Unreachable', 'warning', 'warn')
    default:
      return look(words(state), 'question', 'quiet')
  }
}

/** Where one ring stands in the rollout it belongs to. */
export function ringLook(rollout: Schemas['Rollout'], ring: Schemas['RolloutRing']): Look {
  const { phase } = rollout
  const current = phase.ring ?? -1
  if (rollout.pauses.some((one) => one.scope === 'ring' && one.ring === ring.ring)) return look('Paused', 'pause', 'hold')
  if (ring.ring > current) return isOver(phase.name) ? look('Not opened', 'dash', 'quiet') : look('Waiting', 'dash', 'quiet')
  switch (phase.name) {
    case 'rolling_back':
      return look('Rolling back', 'undo', 'warn')
    case 'rolled_back':
      return look('Rolled back', 'undo', 'warn')
    case 'cancelled':
      return look('Stopped', 'dash', 'quiet')
    case 'paused':
      return ring.ring < current ? look('Passed', 'check', 'good') : phaseLookShort(phase)
    case 'completed':
      return look('Passed', 'check', 'good')
    default:
      if (ring.ring < current) return look('Passed', 'check', 'good')
      if (rollout.pauses.length > 0) return look('Paused', 'pause', 'hold')
      return phase.name === 'soaking' ? look('Soaking', 'clock', 'info') : look('Offering', 'arrow', 'info')
  }
}

function phaseLookShort(phase: Schemas['Phase']): Look {
  return phase.paused_by === 'person' ? look('Paused', 'pause', 'hold') : look('Stopped', 'warning', 'bad')
}

export const ACTION_WORDS: Record<string, string> = {
  pause: 'Pause',
  resume: 'Resume',
  promote: 'Promote',
  rollback: 'Roll back',
  cancel: 'Cancel',
}

/** A condition as it is met, or as it failed. */
export const conditionWords = (name: string, verdict: Schemas['Verdict']): string =>
  (verdict === 'fail' ? FAILED_WORDS[name] : undefined) ?? CONDITION_WORDS[name] ?? words(name)

const FAILED_WORDS: Record<string, string> = {
  success: 'Too many failed',
  no_halt: 'Evidence against it',
  stall: 'Data is old, or devices are silent',
  signals: 'A custom signal failed',
}

const CONDITION_WORDS: Record<string, string> = {
  exposure: 'Enough devices judged',
  bake: 'Watched long enough',
  success: 'Few enough failed',
  no_halt: 'No evidence against it',
  stall: 'Data is fresh, devices answer',
  signals: 'Custom signals',
  approvals: 'Approvals',
  calendar: 'Calendar',
}
