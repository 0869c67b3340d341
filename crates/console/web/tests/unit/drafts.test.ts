import { describe, expect, it } from 'vitest'
import type { Schemas } from '../../src/api/client'
import { NEW_RULE, NEW_SIGNAL, ruleBody, ruleDraft, signalBody, signalDraft } from '../../src/lib/drafts'
import { mergePatch, planBody, planCommand, planDraft, saysSomething } from '../../src/lib/plandraft'

describe('a signal that is edited', () => {
  const signal: Schemas['Signal'] = {
    id: 's',
    name: 'VPN logins',
    owner: 'net-ops',
    source: { kind: 'prometheus', url: 'https://prometheus.example', measure: { kind: 'value', query: 'up', most: 25, least: null } },
    has_secret: true,
    no_data: 'fail',
    interval_minutes: 5,
    initial_delay_minutes: 0,
    max_age_minutes: 30,
    failure_limit: 1,
    passes_in_a_row: 2,
    consecutive_error_limit: 3,
    ring_set_id: null,
    runbook: 'https://wiki.example/vpn',
    created_at: '2026-11-10T00:00:00Z',
    changed_at: '2026-11-10T00:00:00Z',
  }
  it('says the same when nothing was changed, and leaves its secret alone', () => {
    expect(signalBody(signalDraft(signal))).toEqual({
      name: 'VPN logins',
      owner: 'net-ops',
      source: { kind: 'prometheus', url: 'https://prometheus.example', measure: { kind: 'value', query: 'up', most: 25 } },
      no_data: 'fail',
      interval_minutes: 5,
      initial_delay_minutes: 0,
      max_age_minutes: 30,
      failure_limit: 1,
      passes_in_a_row: 2,
      consecutive_error_limit: 3,
      ring_set_id: null,
      runbook: 'https://wiki.example/vpn',
      secret: null,
      forget_secret: false,
      reason: null,
    })
  })
  it('leaves out what was left empty, and what its source does not have', () => {
    const draft = { ...NEW_SIGNAL, name: ' A ', owner: 'ana', url: 'https://a.example', failures_query: 'f', devices_query: 'd', failure_limit: '3' }
    const body = signalBody(draft)
    // Of counts no failed reading is put up with.
    expect(body).toEqual({ name: 'A', owner: 'ana', source: { kind: 'prometheus', url: 'https://a.example', measure: { kind: 'counts', failures_query: 'f', devices_query: 'd', limit_percent: 2 } }, no_data: 'hold', runbook: null, ring_set_id: null, secret: null, forget_secret: false, reason: null })
    expect(signalBody({ ...draft, kind: 'webhook' })).toMatchObject({ source: { kind: 'webhook', url: 'https://a.example' }, failure_limit: 3 })
    expect(signalBody({ ...draft, kind: 'kql', workspace_id: 'w' }).source).toMatchObject({ kind: 'kql', workspace_id: 'w', client_id: null })
  })
})

describe('a rule that is edited', () => {
  const rule: Schemas['Rule'] = { id: 'r', name: 'Monthly', ring_set_id: 'set', kind: 'quality', cadence: 'monthly', classification: 'security', channel: null, delay_days: 3, previews: true, min_severity: 'critical', expedite: 0, on_gate_failure: 'roll_back', created_by: 'ana', created_at: '2026-11-10T00:00:00Z', error: null }
  it('says the same when nothing was changed', () => {
    const body = ruleBody(ruleDraft(rule))
    expect({ ...rule, ...body }).toEqual(rule)
    expect(Object.keys(body)).toHaveLength(11)
  })
  it('leaves out what its kind does not have', () => {
    expect(ruleBody({ ...ruleDraft(rule), kind: 'edge', channel: 'stable' })).toMatchObject({ kind: 'edge', channel: 'stable', cadence: null, classification: null, previews: false, min_severity: null, expedite: null })
    expect(ruleBody({ ...NEW_RULE, channel: 'stable' }).channel).toBeNull()
  })
})

describe('a plan that is changed under way', () => {
  const gate = { min_judged_percent: 80, bake_hours: 24, max_failed_percent: 5, success: 'point', max_lost_percent: 2, max_data_age_hours: 12, observation_window_hours: 120 } as const
  const ring = (name: string): Schemas['Ring'] => ({ name, percent: 50, groups: [], deferral_days: 1, deadline_days: 2, grace_days: 2, gate, approvals: { needed: 1, approvers: ['ana'] } })
  const from: Schemas['PlanRevision'] = { revision: 3, rings: [ring('Fast'), ring('Broad')], starts_at: '2026-11-10T18:00:00Z', on_gate_failure: 'pause', changes: [], created_at: '', created_by: 'ana' }
  it('says nothing when nothing was changed', () => {
    expect(saysSomething(planBody(from, planDraft(from), 'why', true))).toBe(false)
  })
  it('says only what is otherwise, by the name of the ring', () => {
    const draft = planDraft(from)
    const fast = { ...ring('Fast'), gate: { ...gate, bake_hours: 48 }, approvals: null }
    const body = planBody(from, { ...draft, rings: [fast, ring('Broad')], on_gate_failure: 'roll_back' }, 'a quiet week', false)
    expect(body).toEqual({ revision: 3, reason: 'a quiet week', validate_only: false, on_gate_failure: 'roll_back', rings: { Fast: { gate: { bake_hours: 48 }, approvals: null } } })
    expect(planCommand('r', body)).toBe("concentric rollout edit r --set on_gate_failure=roll_back --set Fast.gate.bake_hours=48 --set Fast.approvals=null --reason 'a quiet week'")
  })
  it('replaces lists whole, and takes away what is there no more, as RFC 7396 says', () => {
    expect(mergePatch({ a: [1, 2], b: { c: 1, d: 2 }, e: 1 }, { a: [2], b: { c: 1 }, e: 1 })).toEqual({ a: [2], b: { d: null } })
    expect(mergePatch({ a: { b: 1 } }, { a: { b: 1 } })).toBeUndefined()
  })
})
