/* What a person can do to an alert, in the words of `concentric alert`. */
import { useState } from 'react'
import { send, type Schemas } from '../api/client'
import type { Ask } from '../ui/dialog'
import { now } from './clock'
import { cli, curl } from './commands'
import { moment, zone } from './format'
import { severityLook } from './fleetstates'

type Alert = Schemas['Alert']
const A = '/api/v1/tenants/{tenant}/alerts/{alert}'
const at = (tenant: string, alert: Alert, verb: string): string => `/api/v1/tenants/${tenant}/alerts/${alert.id}/${verb}`

export function askAcknowledge(tenant: string, alert: Alert): Ask {
  const body = (note: string): Schemas['AcknowledgeAlert'] => (note === '' ? {} : { note })
  return {
    title: 'Acknowledge the alert',
    explain: (
      <>
        <p>{alert.text}</p>
        <p className="faint">You say that you see to it. It stays open until what it is about has ended.</p>
      </>
    ),
    verb: 'Acknowledge',
    reason: 'optional',
    submit: (note) => send('post', `${A}/acknowledge`, { path: { tenant, alert: alert.id }, body: body(note) }),
    done: 'The alert is acknowledged.',
    cli: (note) => cli('alert', 'ack', alert.id, ...(note ? ['--note', note] : [])),
    curl: (note) => curl('POST', at(tenant, alert, 'acknowledge'), body(note)),
  }
}

export function askEscalate(tenant: string, alert: Alert): Ask {
  const next = alert.severity === 'information' ? 'warning' : 'critical'
  return {
    title: 'Escalate the alert',
    explain: (
      <>
        <p>{alert.text}</p>
        <p>
          Its severity goes from {severityLook(alert.severity).word.toLowerCase()} to {severityLook(next).word.toLowerCase()}, for as long as it is open.
        </p>
      </>
    ),
    verb: 'Escalate',
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('post', `${A}/escalate`, { path: { tenant, alert: alert.id }, body: { reason } }),
    done: 'The alert is escalated.',
    cli: (reason) => cli('alert', 'escalate', alert.id, '--reason', reason || '…'),
    curl: (reason) => curl('POST', at(tenant, alert, 'escalate'), { reason }),
  }
}

export function askUnmute(tenant: string, alert: Alert): Ask {
  return {
    title: 'End the mute',
    explain: <p>The alert counts among the open ones again: {alert.text}</p>,
    verb: 'End the mute',
    reason: 'none',
    submit: () => send('post', `${A}/mute`, { path: { tenant, alert: alert.id }, body: { until: null } }),
    done: 'The alert is muted no more.',
    cli: () => cli('alert', 'mute', alert.id, '--end'),
    curl: () => curl('POST', at(tenant, alert, 'mute'), { until: null }),
  }
}

const HOUR = 3_600_000
const LENGTHS = [
  ['4 hours', '4h', 4 * HOUR],
  ['1 day', '1d', 24 * HOUR],
  ['3 days', '3d', 72 * HOUR],
  ['7 days', '7d', 168 * HOUR],
] as const

/** For how long is chosen in the dialog; the moment is counted by the service's clock. */
export function useMuteAsk(tenant: string, alert: Alert): Ask {
  const [length, setLength] = useState('1d')
  const [until, setUntil] = useState('')
  const chosen = LENGTHS.find(([, word]) => word === length)
  const point = (): string => (chosen ? new Date(now() + chosen[2]).toISOString() : until === '' ? '' : new Date(until).toISOString())
  return {
    title: 'Mute the alert',
    explain: (
      <>
        <p>{alert.text}</p>
        <p className="faint">Nobody is told of it, and it counts in no number of open alerts, until then. It ends by itself when the matter does.</p>
      </>
    ),
    fields: (
      <fieldset className="choices">
        <legend>Until</legend>
        {LENGTHS.map(([name, word, milliseconds]) => (
          <label key={word}>
            <input type="radio" name="mute" checked={length === word} onChange={() => setLength(word)} />
            <span>
              For {name} <span className="faint">(to {moment(new Date(now() + milliseconds).toISOString())})</span>
            </span>
          </label>
        ))}
        <label>
          <input type="radio" name="mute" checked={length === ''} onChange={() => setLength('')} />
          Until a moment ({zone()})
        </label>
        {length === '' ? <input type="datetime-local" aria-label="Until" value={until} onChange={(event) => setUntil(event.target.value)} /> : null}
      </fieldset>
    ),
    verb: 'Mute',
    tone: 'hold',
    reason: 'none',
    submit: async () => {
      if (point() === '') throw new Error('Say until when.')
      await send('post', `${A}/mute`, { path: { tenant, alert: alert.id }, body: { until: point() } })
    },
    done: 'The alert is muted.',
    cli: () => cli('alert', 'mute', alert.id, '--until', chosen ? length : point() || '…'),
    curl: () => curl('POST', at(tenant, alert, 'mute'), { until: point() }),
  }
}
