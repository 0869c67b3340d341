import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { send, type Schemas } from '../../api/client'
import { events as eventsQuery, rolloutPart } from '../../api/queries'
import { Forest } from '../../charts/forest'
import { HaltLine } from '../../charts/haltline'
import { now } from '../../lib/clock'
import { cli, curl } from '../../lib/commands'
import { count, evidence, words } from '../../lib/format'
import { burnUp, failurePath } from '../../lib/history'
import { useTenantId } from '../../lib/session'
import { levelLook } from '../../lib/states'
import { Act } from '../../ui/act'
import { Loaded, Panel, State, Table } from '../../ui/basics'
import type { Ask } from '../../ui/dialog'

type Rollout = Schemas['Rollout']
type Explained = Schemas['Explanation'] | undefined

/** The evidence of the newest gate; it is one for the whole release. */
export const newest = (why: Explained): Schemas['Evidence'] | undefined =>
  why?.gates.flatMap((gate) => gate.conditions).findLast((condition) => condition.evidence)?.evidence ?? undefined

/** What speaks against the release: each signal, and failures against the line that pauses it. */
export function EvidencePanel({ tenant, rollout, explanation }: { tenant: string; rollout: Rollout; explanation: Explained }) {
  const found = newest(explanation)
  const history = useQuery(eventsQuery(tenant, rollout.id))
  if (!found) {
    return (
      <Panel title="Evidence against it">
        <p className="faint">No device was offered the update yet.</p>
      </Panel>
    )
  }
  const failed = found.signals.find((signal) => signal.signal === 'failed')
  const limit = failed?.limit_percent
  const path = failurePath(burnUp(history.data ?? [], rollout, undefined, now())).filter((point) => point.devices <= (failed?.of ?? 0))
  return (
    <Panel title="Evidence against it" aside={<State look={levelLook(found.level)} />}>
      <p>
        <span className="big">E {found.ln_e < 0 ? '' : '= '}{evidence(found.ln_e)}</span>{' '}
        <span className="faint">{found.ln_e <= 0 ? 'Nothing speaks against it.' : `One healthy release in ${evidence(found.ln_e)} gets this far.`}</span>
      </p>
      {failed && limit != null && failed.share != null ? (
        <HaltLine path={path} failures={failed.count} devices={failed.of} limit={limit / 100} pauseAt={found.pause_at / failed.share} />
      ) : null}
      <Table caption="Evidence by signal" head={['Signal', '#Seen on', '#Healthy', '#Evidence by itself']}>
        {found.signals.map((signal) => (
          <tr key={signal.signal}>
            <th scope="row">{words(signal.signal)}</th>
            <td className="n">
              {count(signal.count)} <span className="faint">of {count(signal.of)}</span>
            </td>
            <td className="n">{signal.limit_percent == null ? 'as others' : `${signal.limit_percent.toFixed(1)} %`}</td>
            <td className="n">{evidence(signal.ln_e)}</td>
          </tr>
        ))}
      </Table>
      <p className="faint">
        Watch from {count(found.watch_at)}, pause from {count(found.pause_at)}, roll back from {count(found.roll_back_at)}.
      </p>
    </Panel>
  )
}

/** Failed and lost devices by what they said. */
export function Failures({ tenant, rollout, ring }: { tenant: string; rollout: Rollout; ring?: number }) {
  const query = useQuery(rolloutPart(tenant, rollout.id, 'failures'))
  return (
    <Panel title="Failures by code">
      <Loaded query={query}>
        {({ items }) => {
          const rows = byCode(items.filter((one) => ring === undefined || one.ring === ring))
          if (rows.length === 0) return <p className="faint">No device failed or was lost.</p>
          return (
            <Table caption="Failures by code" head={['Code', 'What it means', 'Rings', '#Devices']}>
              {rows.map(({ one, rings, devices }) => (
                <tr key={`${one.state} ${one.code ?? ''}`}>
                  <th scope="row">
                    <code className="nowrap">{one.code ?? 'no code'}</code>
                  </th>
                  <td>
                    {one.text ?? (one.state === 'lost' ? 'not heard of any more since the install began' : 'not known here')}
                    {one.name ? <div className="faint small-text wrap">{one.name}</div> : null}
                  </td>
                  <td>{rings.join(', ')}</td>
                  <td className="n">
                    <Link to="/t/$tenant/devices" params={{ tenant }} search={{ rollout: rollout.id, state: one.state }}>
                      {count(devices)}
                    </Link>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }}
      </Loaded>
    </Panel>
  )
}

/** The same code of several rings is one row, most devices first. */
function byCode(items: readonly Schemas['Failure'][]): { one: Schemas['Failure']; rings: string[]; devices: number }[] {
  const groups = Map.groupBy(items, (one) => `${one.state} ${one.code ?? ''}`)
  return [...groups.values()]
    .flatMap((group) => {
      const first = group[0]
      return first ? [{ one: first, rings: group.map((one) => one.ring_name), devices: group.reduce((sum, one) => sum + one.devices, 0) }] : []
    })
    .toSorted((a, b) => b.devices - a.devices)
}

const SEGMENT = '/api/v1/tenants/{tenant}/rollouts/{rollout}/segments/{segment}'

/** Which model, build or category fails; each can be held, and let go on. */
export function Segments({ tenant, rollout, explanation }: { tenant: string; rollout: Rollout; explanation: Explained }) {
  const query = useQuery(rolloutPart(tenant, rollout.id, 'segments'))
  const limit = newest(explanation)?.signals.find((signal) => signal.signal === 'failed')?.limit_percent
  return (
    <Panel title="Which model, build or category fails?" id="segments">
      <Loaded query={query}>
        {({ items }) => (
          <>
            <Forest segments={items} baseline={limit == null ? undefined : limit / 100} />
            <ul className="suspects">
              {items
                .filter((one) => one.held || one.suspect)
                .map((one) => (
                  <li key={one.segment}>
                    <State look={one.held ? { word: 'Held', icon: 'pause', tone: 'hold' } : { word: 'Suspect', icon: 'warning', tone: 'bad' }} />
                    <strong>{one.name}</strong>
                    <span className="faint">{count(one.devices)} devices of the fleet</span>
                    {one.held ? <ReleaseSegment rollout={rollout} segment={one} /> : <HoldSegment rollout={rollout} segment={one} />}
                  </li>
                ))}
            </ul>
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function HoldSegment({ rollout, segment }: { rollout: Rollout; segment: Schemas['SegmentState'] }) {
  const tenant = useTenantId()
  const path = { tenant, rollout: rollout.id, segment: segment.segment }
  const ask = (): Ask => ({
    title: `Hold ${segment.name}`,
    explain: <p>Devices of this {segment.kind} are not offered the update and count nowhere; open offers of theirs are taken back. All others go on. {count(segment.devices)} devices.</p>,
    verb: 'Hold',
    tone: 'hold',
    reason: 'required',
    submit: (reason) => send('post', `${SEGMENT}/hold`, { path, body: { reason } }),
    done: `${segment.name} is held.`,
    cli: (reason) => cli('rollout', 'hold-segment', rollout.id, String(segment.segment), '--reason', reason || '…'),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/rollouts/${rollout.id}/segments/${segment.segment}/hold`, { reason }),
  })
  return (
    <Act ability="pause" ringSet={rollout.ring_set_id} ask={ask} tone="hold small">
      Hold…
    </Act>
  )
}

function ReleaseSegment({ rollout, segment }: { rollout: Rollout; segment: Schemas['SegmentState'] }) {
  const tenant = useTenantId()
  const path = { tenant, rollout: rollout.id, segment: segment.segment }
  const ask = (): Ask => ({
    title: `Let ${segment.name} go on`,
    explain: <p>Its devices are offered the update again, and count again. {count(segment.devices)} devices.</p>,
    verb: 'Let go on',
    reason: 'required',
    submit: (reason) => send('post', `${SEGMENT}/release`, { path, body: { reason } }),
    done: `${segment.name} goes on.`,
    cli: (reason) => cli('rollout', 'release-segment', rollout.id, String(segment.segment), '--reason', reason || '…'),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/rollouts/${rollout.id}/segments/${segment.segment}/release`, { reason }),
  })
  return (
    <Act ability="release" ringSet={rollout.ring_set_id} ask={ask} tone="small">
      Let go on…
    </Act>
  )
}
