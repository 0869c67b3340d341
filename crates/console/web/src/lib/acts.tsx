/* What a person can do to a rollout: the words, the previews, the requests and the same as commands. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { send, type Schemas } from '../api/client'
import { rollbackPreview } from '../api/queries'
import { Loaded } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { cli, curl } from './commands'
import { count, devices } from './format'

type Rollout = Schemas['Rollout']
const R = '/api/v1/tenants/{tenant}/rollouts/{rollout}'
const body = (reason: string): { reason?: string } => (reason === '' ? {} : { reason })

export const short = (id: string): string => id.slice(-12)

function commands(tenant: string, rollout: Rollout, action: string, flags: (reason: string) => (string | undefined)[] = () => []) {
  return {
    cli: (reason: string) => cli('rollout', action, rollout.id, ...(reason ? ['--reason', reason] : []), ...flags(reason)),
    curl: (reason: string) => curl('POST', `/api/v1/tenants/${tenant}/rollouts/${rollout.id}/${action}`, body(reason)),
  }
}

/** The number of devices that were offered the update and have no outcome. */
const inFlight = (rollout: Rollout): number => rollout.rings.reduce((sum, ring) => sum + ring.in_flight, 0)

export function askResume(tenant: string, rollout: Rollout): Ask {
  const path = { tenant, rollout: rollout.id }
  const waiting = rollout.rings.filter((ring) => ring.ring <= (rollout.phase.ring ?? -1)).reduce((sum, ring) => sum + (ring.states.assigned ?? 0), 0)
  return {
    title: `Resume ${rollout.release_name}`,
    explain: (
      <>
        <p>Offers go on where they stopped: {devices(waiting)} of the rings opened so far still wait.</p>
        <p className="faint">If a gate still fails, the service pauses again at its next decision.</p>
      </>
    ),
    verb: 'Resume',
    reason: 'optional',
    submit: (reason) => send('post', `${R}/resume`, { path, body: body(reason) }),
    done: `${rollout.release_name} goes on.`,
    ...commands(tenant, rollout, 'resume', () => ['--yes']),
  }
}

export function askPromote(tenant: string, rollout: Rollout): Ask {
  const ring = rollout.phase.ring ?? 0
  const name = rollout.rings[ring]?.name ?? `ring ${ring}`
  const next = rollout.rings[ring + 1]
  return {
    title: `Promote ${name}`,
    explain: (
      <>
        <p>
          You vouch for {name}: its gate, its evidence and missing approvals no longer hold this rollout.
          {next ? ` ${next.name} opens next, with ${devices(next.eligible)}.` : ' It is the last ring.'}
        </p>
        <p className="faint">Calendars, freezes and pauses still hold. Your name and reason stay in the history.</p>
      </>
    ),
    verb: `Promote ${name}`,
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('post', `${R}/promote`, { path: { tenant, rollout: rollout.id }, body: { ring, reason } }),
    done: `${name} is vouched for.`,
    cli: (reason) => cli('rollout', 'promote', rollout.id, '--ring', String(ring), '--reason', reason || '…', '--yes'),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/rollouts/${rollout.id}/promote`, { ring, reason }),
  }
}

export function askCancel(tenant: string, rollout: Rollout): Ask {
  return {
    title: `Cancel ${rollout.release_name}`,
    explain: (
      <>
        <p>The rollout ends for good. Devices keep what they have; nothing is taken back.</p>
        <p>{devices(inFlight(rollout))} in flight may still install it.</p>
      </>
    ),
    verb: 'Cancel the rollout',
    tone: 'danger',
    reason: 'optional',
    typed: rollout.release_name,
    submit: (reason) => send('post', `${R}/cancel`, { path: { tenant, rollout: rollout.id }, body: body(reason) }),
    done: `${rollout.release_name} is cancelled.`,
    ...commands(tenant, rollout, 'cancel', () => ['--yes']),
  }
}

export function askRollback(tenant: string, rollout: Rollout): Ask {
  return {
    title: `Roll back ${rollout.release_name}`,
    explain: <Preview tenant={tenant} rollout={rollout.id} />,
    verb: 'Roll back',
    tone: 'danger',
    reason: 'required',
    typed: rollout.release_name,
    submit: (reason) => send('post', `${R}/rollback`, { path: { tenant, rollout: rollout.id }, body: body(reason) }),
    done: `${rollout.release_name} is being rolled back.`,
    ...commands(tenant, rollout, 'rollback', () => ['--yes']),
  }
}

function Preview({ tenant, rollout }: { tenant: string; rollout: string }) {
  const query = useQuery(rollbackPreview(tenant, rollout))
  return (
    <Loaded query={query} rows={3}>
      {(preview) => {
        const kept = preview.impossible.reduce((sum, one) => sum + one.devices, 0)
        return (
          <>
            <p>
              Affects <strong>{devices(preview.removable + preview.installing)}</strong>; cannot be undone on <strong>{count(kept)}</strong>.
            </p>
            <dl className="facts">
              <div>
                <dt>Give it back</dt>
                <dd>{count(preview.removable)}</dd>
              </div>
              <div>
                <dt>In the middle of the install, told afterwards</dt>
                <dd>{count(preview.installing)}</dd>
              </div>
              <div>
                <dt>Without it; offers are taken back</dt>
                <dd>{count(preview.not_installed)}</dd>
              </div>
              {preview.impossible.map((one) => (
                <div key={one.why}>
                  <dt>Keep it: {one.text}</dt>
                  <dd>{count(one.devices)}</dd>
                </div>
              ))}
            </dl>
            <p className="faint">{preview.text}</p>
          </>
        )
      }}
    </Loaded>
  )
}

export type Target = 'tenant' | 'rollout'

/** Pausing never asks for more than a reason, and not even for that. */
export function usePauseAsk(tenant: string, tenantName: string, rollout: Rollout | undefined): Ask {
  const [target, setTarget] = useState<Target>(rollout ? 'rollout' : 'tenant')
  const [takeBack, setTakeBack] = useState(false)
  const one = target === 'rollout' ? rollout : undefined
  const wanted = (reason: string): Schemas['Pause'] => ({ ...body(reason), take_back: takeBack })
  const takeBackFlag = takeBack ? '--take-back' : undefined
  const reasonFlag = (reason: string): string[] => (reason ? ['--reason', reason] : [])
  return {
    title: 'Pause',
    explain: <p>From the answer on no new offer is decided. Devices in the middle of an install finish it; all others hear of it at their next check-in, within 8 hours.</p>,
    fields: (
      <fieldset className="choices">
        <legend>What</legend>
        {rollout ? (
          <label>
            <input type="radio" name="target" checked={target === 'rollout'} onChange={() => setTarget('rollout')} />
            This rollout: {rollout.release_name}
          </label>
        ) : null}
        <label>
          <input type="radio" name="target" checked={target === 'tenant'} onChange={() => setTarget('tenant')} />
          Everything of {tenantName}
        </label>
        <label>
          <input type="checkbox" checked={takeBack} onChange={(event) => setTakeBack(event.target.checked)} />
          Also take back offers that no device has acted on
        </label>
      </fieldset>
    ),
    verb: 'Pause now',
    tone: 'hold',
    reason: 'optional',
    submit: (reason) =>
      one
        ? send('post', `${R}/pause`, { path: { tenant, rollout: one.id }, body: wanted(reason) as never })
        : send('post', '/api/v1/tenants/{tenant}/pause', { path: { tenant }, body: wanted(reason) as never }),
    done: one ? `${one.release_name} is paused. No new offer is decided.` : `Everything of ${tenantName} is paused. No new offer is decided.`,
    cli: (reason) =>
      one ? cli('rollout', 'pause', one.id, ...reasonFlag(reason), takeBackFlag) : cli('pause', '--all', ...reasonFlag(reason), takeBackFlag),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}${one ? `/rollouts/${one.id}` : ''}/pause`, wanted(reason)),
  }
}

export function askResumeTenant(tenant: string, name: string): Ask {
  return {
    title: `Resume ${name}`,
    explain: <p>The pause of the whole tenant ends. Rollouts that are paused by themselves stay so.</p>,
    verb: 'Resume',
    reason: 'optional',
    submit: (reason) => send('post', '/api/v1/tenants/{tenant}/resume', { path: { tenant }, body: body(reason) }),
    done: `The pause of ${name} is lifted.`,
    cli: (reason) => cli('resume', '--all', ...(reason ? ['--reason', reason] : []), '--yes'),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/resume`, body(reason)),
  }
}
