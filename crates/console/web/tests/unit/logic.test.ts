import { describe, expect, it } from 'vitest'
import type { Schemas } from '../../src/api/client'
import { address } from '../../src/api/client'
import { append } from '../../src/api/live'
import { Parser, follow, type Message } from '../../src/api/sse'
import { may, needs } from '../../src/lib/access'
import { clockPace, forget, heard, now } from '../../src/lib/clock'
import { cli, curl, quote } from '../../src/lib/commands'
import { haltLine, haltsBy, lnE, wilson } from '../../src/lib/evidence'
import { evidence, length, percent, relative } from '../../src/lib/format'
import { burnUp, failurePath } from '../../src/lib/history'
import { moved } from '../../src/pages/ringset/designer'

describe('evidence', () => {
  // The same numbers as in docs/gate-statistics.md: limit 2 %, alpha 1 %.
  it.each([
    [2, 2],
    [3, 11],
    [4, 21],
    [5, 35],
    [6, 51],
    [8, 89],
    [10, 132],
    [15, 258],
    [20, 400],
    [30, 714],
    [40, 1054],
    [60, 1781],
  ])('failure %i halts by device %i', (failures, by) => {
    expect(haltsBy(failures, 0.02, Math.log(100))).toBe(by)
  })
  it('one failure alone never halts', () => expect(haltsBy(1, 0.02, Math.log(100))).toBe(0))
  it('starts at one', () => expect(lnE(0, 0, 0.02)).toBeCloseTo(0, 10))
  it('draws a line that only grows, and reaches the end', () => {
    const line = haltLine(0.02, Math.log(100), 5_000)
    expect(line.at(-1)?.by).toBeGreaterThanOrEqual(5_000)
    for (let at = 1; at < line.length; at += 1) expect(line[at]?.by).toBeGreaterThan(line[at - 1]?.by ?? 0)
  })
  it('knows nothing of no devices', () => expect(wilson(0, 0)).toEqual([0, 1]))
  it('contains the share', () => {
    const [low, high] = wilson(3, 20)
    expect(low).toBeLessThan(0.15)
    expect(high).toBeGreaterThan(0.15)
  })
})

describe('server-sent events', () => {
  it('puts messages together, wherever the stream was cut', () => {
    const text = ': hello\n\nid: 7\nevent: paused\ndata: {"a":\ndata: 1}\n\nid: 8\r\ndata: x\r\n\r\n'
    for (let cut = 1; cut < text.length; cut += 1) {
      const parser = new Parser()
      const all = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]
      // A cut between the two characters of a line end is the one case that a browser's decoder never makes.
      if (text[cut - 1] === '\r') continue
      expect(all).toEqual([
        { id: '7', event: 'paused', data: '{"a":\n1}' },
        { id: '8', event: 'message', data: 'x' },
      ])
    }
  })
  it('comes back with the last event, and says that it was away', async () => {
    const asked: (string | null)[] = []
    const answers = [() => new Response('id: 5\ndata: a\n\n'), () => Promise.reject(new Error('away')), () => new Response('id: 6\ndata: b\n\n')]
    const heardOf: Message[] = []
    const connected: boolean[] = []
    const stop = new AbortController()
    const before = globalThis.fetch
    globalThis.fetch = ((_: string, init: RequestInit) => {
      asked.push(new Headers(init.headers).get('last-event-id'))
      const next = answers.shift()
      if (!next) {
        stop.abort()
        return Promise.reject(new Error('over'))
      }
      return Promise.resolve(next())
    }) as typeof fetch
    const waited: number[] = []
    await follow({
      url: '/events',
      after: 3,
      onMessage: (message) => heardOf.push(message),
      onConnected: (is) => connected.push(is),
      signal: stop.signal,
      wait: (milliseconds) => {
        waited.push(milliseconds)
        return Promise.resolve()
      },
    })
    globalThis.fetch = before
    expect(asked).toEqual(['3', '5', '5', '6'])
    expect(heardOf.map((one) => one.data)).toEqual(['a', 'b'])
    expect(connected).toEqual([true, false, true])
    expect(waited.slice(0, 2)).toEqual([500, 1000])
  })
  it('takes no event twice', () => {
    const event = (seq: number) => ({ seq }) as Schemas['Event']
    expect(append([event(1), event(4)], [event(4), event(6)]).map((one) => one.seq)).toEqual([1, 4, 6])
  })
})

describe('the clock of the service', () => {
  it('is followed, however fast it runs', () => {
    forget()
    heard('2026-11-10T00:00:00Z', 1_000)
    heard('2026-11-10T01:00:00Z', 2_000)
    expect(clockPace()).toBeCloseTo(3600)
    expect(new Date(now(2_500)).toISOString()).toBe('2026-11-10T01:30:00.000Z')
    // An answer that was overtaken turns nothing back.
    heard('2026-11-10T00:30:00Z', 2_600)
    expect(new Date(now(2_500)).toISOString()).toBe('2026-11-10T01:30:00.000Z')
  })
  it('runs as ours does when it nearly does', () => {
    forget()
    heard('2026-11-10T00:00:00Z', 0)
    heard('2026-11-10T00:00:01.100Z', 1_000)
    expect(clockPace()).toBe(1)
  })
})

describe('access', () => {
  const grant = (roles: Schemas['Role'][], tenant_id: string | null = null, ring_set_ids: string[] | null = null) => ({ roles, tenant_id, ring_set_ids })
  it('is what the roles and their reach allow', () => {
    expect(may([grant(['viewer'])], 'pause', 't')).toBe(false)
    expect(may([grant(['operator'])], 'pause', 't')).toBe(true)
    expect(may([grant(['operator'], 'u')], 'pause', 't')).toBe(false)
    expect(may([grant(['operator'], 't', ['s'])], 'pause', 't', 's')).toBe(true)
    expect(may([grant(['operator'], 't', ['s'])], 'pause', 't', 'other')).toBe(false)
    expect(may([grant(['operator'], 't', ['s'])], 'read', 't')).toBe(true)
    expect(may([grant(['approver'])], 'release', 't')).toBe(false)
    expect(may([grant(['a_later_role' as Schemas['Role']])], 'read', 't')).toBe(false)
  })
  it('says which role it takes', () => expect(needs('release')).toContain('release manager'))
})

describe('words', () => {
  it('rounds no device away', () => {
    expect(percent(4_999, 5_000)).toBe('> 99.9 %')
    expect(percent(4_989, 5_000)).toBe('99.8 %')
    expect(percent(1, 5_000)).toBe('< 0.1 %')
    expect(percent(5_000, 5_000)).toBe('100 %')
    expect(percent(0, 0)).toBe('0 %')
  })
  it('tells lengths in two units', () => {
    expect(length(90 * 60_000)).toBe('1 h 30 min')
    expect(length(26 * 3_600_000)).toBe('1 d 2 h')
    expect(relative(0, 3_600_000)).toBe('1 h ago')
    expect(relative(3_600_000, 0)).toBe('in 1 h')
  })
  it('tells evidence', () => {
    expect(evidence(Math.log(3278.8))).toBe('3,279')
    expect(evidence(-1)).toBe('below 1')
    expect(evidence(40)).toBe('10^17')
  })
})

describe('commands', () => {
  it('quotes what a shell would take apart', () => {
    expect(quote('abc-1.2')).toBe('abc-1.2')
    expect(quote("it's $HOME")).toBe("'it'\\''s $HOME'")
    expect(cli('rollout', 'pause', 'x', '--reason', 'bad; rm')).toBe("concentric rollout pause x --reason 'bad; rm'")
    expect(curl('POST', '/api', { reason: "it's" })).toContain(`-d '{"reason":"it'\\''s"}'`)
  })
  it('fills addresses', () => {
    expect(address('/t/{tenant}/x', { tenant: 'a/b' }, { filter: 'a == "b"', none: undefined })).toBe('/t/a%2Fb/x?filter=a+%3D%3D+%22b%22')
  })
})

describe('history', () => {
  const states = { confirmed: 8, failed: 1, offered: 1 }
  const rollout = { rings: [{ states }, { states: {} }] } as unknown as Schemas['Rollout']
  const event = (at: string, ...rings: object[]) => ({ at, body: { evidence: { observations: { rings: rings.map((tally) => ({ tally })) } } } }) as unknown as Schemas['Event']
  it('grows from the first offer to now', () => {
    const points = burnUp([event('2026-11-10T00:00:00Z', { assigned: 10 }), event('2026-11-10T01:00:00Z', { offered: 6, confirmed: 3 }, {}), { at: '2026-11-10T02:00:00Z', body: {} } as Schemas['Event']], rollout, 0, Date.parse('2026-11-10T03:00:00Z'))
    expect(points.map((one) => [one.offered, one.confirmed, one.failed])).toEqual([
      [9, 3, 0],
      [10, 8, 1],
    ])
    expect(failurePath(points)).toEqual([
      { devices: 9, failures: 0 },
      { devices: 10, failures: 1 },
    ])
  })
  it('adds rings up', () => {
    const points = burnUp([event('2026-11-10T01:00:00Z', { offered: 6 }, { offered: 2 })], rollout, undefined, Date.parse('2026-11-10T03:00:00Z'))
    expect(points[0]?.offered).toBe(8)
  })
})

describe('the designer', () => {
  it('moves a ring by one, and not over the ends', () => {
    expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b'])
    expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c'])
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c'])
  })
})
