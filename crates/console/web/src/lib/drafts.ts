/* What forms hold while somebody types, and the bodies they come to. */
import type { Schemas } from '../api/client'

type Signal = Schemas['Signal']
type CreateSignal = Schemas['CreateSignal']

export interface SignalDraft {
  name: string
  owner: string
  runbook: string
  ring_set_id: string
  kind: 'prometheus' | 'webhook' | 'kql'
  url: string
  workspace_id: string
  client_id: string
  measure: 'counts' | 'value'
  query: string
  least: string
  most: string
  failures_query: string
  devices_query: string
  limit_percent: string
  secret: string
  forget_secret: boolean
  interval_minutes: string
  initial_delay_minutes: string
  max_age_minutes: string
  failure_limit: string
  passes_in_a_row: string
  consecutive_error_limit: string
  no_data: Schemas['NoDataPolicy']
  reason: string
}

export const NEW_SIGNAL: SignalDraft = {
  name: '',
  owner: '',
  runbook: '',
  ring_set_id: '',
  kind: 'prometheus',
  url: '',
  workspace_id: '',
  client_id: '',
  measure: 'counts',
  query: '',
  least: '',
  most: '',
  failures_query: '',
  devices_query: '',
  limit_percent: '2',
  secret: '',
  forget_secret: false,
  interval_minutes: '',
  initial_delay_minutes: '',
  max_age_minutes: '',
  failure_limit: '',
  passes_in_a_row: '',
  consecutive_error_limit: '',
  no_data: 'hold',
  reason: '',
}

const shown = (value: number | null | undefined): string => (value == null ? '' : String(value))

export function signalDraft(signal: Signal): SignalDraft {
  const { source } = signal
  const measure = 'measure' in source ? source.measure : undefined
  return {
    ...NEW_SIGNAL,
    name: signal.name,
    owner: signal.owner,
    runbook: signal.runbook ?? '',
    ring_set_id: signal.ring_set_id ?? '',
    kind: source.kind,
    url: 'url' in source ? source.url : '',
    workspace_id: 'workspace_id' in source ? source.workspace_id : '',
    client_id: 'client_id' in source ? (source.client_id ?? '') : '',
    measure: measure?.kind ?? 'counts',
    ...(measure?.kind === 'value' ? { query: measure.query, least: shown(measure.least), most: shown(measure.most) } : {}),
    ...(measure?.kind === 'counts' ? { failures_query: measure.failures_query, devices_query: measure.devices_query, limit_percent: shown(measure.limit_percent) } : {}),
    interval_minutes: shown(signal.interval_minutes),
    initial_delay_minutes: shown(signal.initial_delay_minutes),
    max_age_minutes: shown(signal.max_age_minutes),
    failure_limit: shown(signal.failure_limit),
    passes_in_a_row: shown(signal.passes_in_a_row),
    consecutive_error_limit: shown(signal.consecutive_error_limit),
    no_data: signal.no_data,
  }
}

/** Fields that were left empty are left out: the service has its usual values for them. */
function given(fields: Record<string, string>): Record<string, number> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, text]) => (text.trim() === '' ? [] : [[name, Number(text)]])))
}

function sourceOf(draft: SignalDraft): CreateSignal['source'] {
  if (draft.kind === 'webhook') return { kind: 'webhook', url: draft.url.trim() }
  const measure: Schemas['SignalMeasure'] =
    draft.measure === 'counts'
      ? { kind: 'counts', failures_query: draft.failures_query, devices_query: draft.devices_query, limit_percent: Number(draft.limit_percent) }
      : { kind: 'value', query: draft.query, ...given({ least: draft.least, most: draft.most }) }
  return draft.kind === 'prometheus' ? { kind: 'prometheus', url: draft.url.trim(), measure } : { kind: 'kql', workspace_id: draft.workspace_id.trim(), client_id: draft.client_id.trim() || null, measure }
}

export function signalBody(draft: SignalDraft): CreateSignal {
  const { interval_minutes, initial_delay_minutes, max_age_minutes, failure_limit, passes_in_a_row, consecutive_error_limit } = draft
  // Of counts no failed reading is put up with.
  const counts = draft.kind !== 'webhook' && draft.measure === 'counts'
  return {
    name: draft.name.trim(),
    owner: draft.owner.trim(),
    source: sourceOf(draft),
    no_data: draft.no_data,
    runbook: draft.runbook.trim() || null,
    ring_set_id: draft.ring_set_id || null,
    secret: draft.secret || null,
    forget_secret: draft.forget_secret,
    reason: draft.reason.trim() || null,
    ...given({ interval_minutes, initial_delay_minutes, max_age_minutes, passes_in_a_row, consecutive_error_limit, ...(counts ? {} : { failure_limit }) }),
  }
}

export interface RuleDraft {
  name: string
  ring_set_id: string
  kind: Schemas['UpdateKind']
  classification: string
  cadence: string
  channel: string
  delay_days: string
  previews: boolean
  min_severity: '' | Schemas['Severity']
  expedite: string
  on_gate_failure: Schemas['OnGateFailure']
}

export const NEW_RULE: RuleDraft = { name: '', ring_set_id: '', kind: 'quality', classification: '', cadence: 'monthly', channel: '', delay_days: '0', previews: false, min_severity: '', expedite: '', on_gate_failure: 'pause' }

export function ruleDraft(rule: Schemas['Rule']): RuleDraft {
  return {
    name: rule.name,
    ring_set_id: rule.ring_set_id,
    kind: rule.kind,
    classification: rule.classification ?? '',
    cadence: rule.cadence ?? '',
    channel: rule.channel ?? '',
    delay_days: String(rule.delay_days ?? 0),
    previews: rule.previews ?? false,
    min_severity: rule.min_severity ?? '',
    expedite: shown(rule.expedite),
    on_gate_failure: rule.on_gate_failure ?? 'pause',
  }
}

/** What its kind does not have is left out, whatever the form held before the kind was changed. */
export function ruleBody(draft: RuleDraft): Schemas['CreateRule'] {
  const quality = draft.kind === 'quality'
  const program = draft.kind === 'edge' || draft.kind === 'microsoft_365_apps'
  return {
    name: draft.name.trim(),
    ring_set_id: draft.ring_set_id,
    kind: draft.kind,
    delay_days: Number(draft.delay_days),
    on_gate_failure: draft.on_gate_failure,
    classification: (quality && draft.classification) || null,
    cadence: (quality && draft.cadence) || null,
    channel: (program && draft.channel) || null,
    previews: quality && draft.previews,
    min_severity: (quality && draft.min_severity) || null,
    expedite: quality && draft.expedite !== '' ? Number(draft.expedite) : null,
  }
}
