import { cleanup, render, screen, within } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BurnUp } from '../../src/charts/burnup'
import { Forest, ranked } from '../../src/charts/forest'
import { HaltLine, nextFailure } from '../../src/charts/haltline'
import { parts, ringSentence } from '../../src/charts/ringstrip'
import { ringLook } from '../../src/lib/states'
import { coalesce } from '../../src/lib/coalesce'
import type { Schemas } from '../../src/api/client'

afterEach(cleanup)

const ring = (at: number, more: Partial<Schemas['RolloutRing']> = {}): Schemas['RolloutRing'] => ({
  ring: at,
  name: ['Test', 'First', 'Fast'][at] ?? 'Ring',
  assigned: 100,
  eligible: 100,
  offered: 60,
  in_flight: 20,
  confirmed: 37,
  failed: 2,
  lost: 1,
  set_aside: 0,
  states: { confirmed: 37, failed: 2, lost: 1, offered: 20 },
  waves: 1,
  removal_waves: 0,
  evidence: '',
  told: { wanted: 'open', wanted_at: null, accepted: 'open', accepted_at: null, pending_waves: 0 },
  ...more,
})
const rollout = (phase: Partial<Schemas['Phase']>, pauses: Schemas['PauseState'][] = []): Schemas['Rollout'] =>
  ({ phase: { name: 'offering', ring: 1, since: null, ...phase }, pauses, rings: [ring(0), ring(1), ring(2)] }) as unknown as Schemas['Rollout']

describe('the ring strip', () => {
  it('shows every kind of outcome, and a sentence', () => {
    expect(parts(ring(0)).map((one) => one.name)).toEqual(['confirmed', 'in-flight', 'failed', 'lost'])
    expect(ringSentence(ring(0))).toBe('37 of 100 confirmed good, 2 failed, 1 lost')
  })
  it('says where each ring stands', () => {
    const words = (of: Schemas['Rollout']): string[] => of.rings.map((one) => ringLook(of, one).word)
    expect(words(rollout({}))).toEqual(['Passed', 'Offering', 'Waiting'])
    expect(words(rollout({ name: 'soaking' }))).toEqual(['Passed', 'Soaking', 'Waiting'])
    expect(words(rollout({ name: 'paused', paused_by: 'person' }))).toEqual(['Passed', 'Paused', 'Waiting'])
    expect(words(rollout({ name: 'paused', paused_by: 'service' }))).toEqual(['Passed', 'Stopped', 'Waiting'])
    expect(words(rollout({ name: 'rolled_back' }))).toEqual(['Rolled back', 'Rolled back', 'Not opened'])
    expect(words(rollout({ name: 'completed', ring: 2 }))).toEqual(['Passed', 'Passed', 'Passed'])
    const held = { scope: 'ring', ring: 1, by: 'ana', decided_at: '', take_back: false } as Schemas['PauseState']
    expect(words(rollout({}, [held]))).toEqual(['Passed', 'Paused', 'Waiting'])
  })
})

describe('the halt line', () => {
  const props = { path: [], failures: 3, devices: 100, limit: 0.02, pauseAt: 100 }
  it('says what the next failure would mean', () => {
    // The fourth halts by device 21, the ninth by 110: six more are needed beyond device 100.
    expect(nextFailure(props)).toBe('3 of 100 devices failed. 6 more failures pause the release if they come before device 110.')
    expect(nextFailure({ ...props, failures: 8, devices: 100 })).toContain('The next failure pauses the release')
    expect(nextFailure({ ...props, failures: 20, devices: 100 })).toContain('past the line')
  })
  it('has the same as a table', () => {
    render(<HaltLine {...props} />)
    const table = screen.getByRole('table', { hidden: true })
    expect(within(table).getAllByRole('row', { hidden: true }).length).toBeGreaterThan(5)
    expect(screen.getByRole('img').getAttribute('aria-label')).toContain('3 of 100 devices failed')
  })
})

describe('the burn-up', () => {
  it('draws nothing before the first offer', () => {
    render(<BurnUp points={[]} marks={[]} eligible={10} name="Test" />)
    expect(screen.getByText(/No device of Test/)).toBeTruthy()
  })
  it('says in words what it draws', () => {
    const at = Date.parse('2026-11-10T00:00:00Z')
    const points = [0, 1, 2].map((step) => ({ at: at + step * 3_600_000, offered: 50 + step, confirmed: step * 10, failed: step, lost: 0 }))
    render(<BurnUp points={points} marks={[]} eligible={100} name="Test" />)
    expect(screen.getByRole('img').getAttribute('aria-label')).toBe('Test: 52 devices of 100 offered, 20 confirmed good, 2 failed, 0 lost.')
    expect(document.querySelectorAll('.line').length).toBeGreaterThanOrEqual(4)
  })
})

describe('the forest plot', () => {
  const segment = (more: Partial<Schemas['SegmentState']>): Schemas['SegmentState'] => ({ segment: 0, kind: 'model', name: 'A', devices: 10, offered: 10, failed: 0, lost: 0, ln_e: 0, suspect: false, held: false, ...more })
  it('puts suspects first and leaves out what says nothing', () => {
    const all = [segment({ name: 'quiet' }), segment({ name: 'none', offered: 0 }), segment({ name: 'loud', ln_e: 5 }), segment({ name: 'suspect', suspect: true, ln_e: 4 }), segment({ name: 'held', held: true, offered: 0 })]
    expect(ranked(all).map((one) => one.name)).toEqual(['held', 'suspect', 'loud', 'quiet'])
  })
  it('names suspects in its sentence', () => {
    render(<Forest segments={[segment({ name: 'ElitePad', suspect: true, failed: 4 })]} baseline={0.02} />)
    expect(screen.getByRole('img').getAttribute('aria-label')).toBe('Suspected: model ElitePad (4 of 10 bad).')
  })
})

describe('coalescing', () => {
  it('runs at once, then at most once in a while, and never loses the last call', () => {
    vi.useFakeTimers()
    const run = vi.fn()
    const call = coalesce(run, 250)
    for (let at = 0; at < 10; at += 1) call()
    expect(run).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(250)
    expect(run).toHaveBeenCalledTimes(2)
    vi.advanceTimersByTime(5_000)
    expect(run).toHaveBeenCalledTimes(2)
    call()
    expect(run).toHaveBeenCalledTimes(3)
    vi.useRealTimers()
  })
})
