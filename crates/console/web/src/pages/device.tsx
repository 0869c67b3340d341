import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { send, type Schemas } from '../api/client'
import { device as deviceQuery, deviceExplanation, rollouts } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { moment, words } from '../lib/format'
import { statusLook } from '../lib/fleetstates'
import { attemptLook, isOver, standingLook } from '../lib/states'
import { Act } from '../ui/act'
import { Fact, Loaded, Panel, Prose, State, Table, Time } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { FileRequest } from '../ui/filerequest'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'

/** What happened to this one, why, and what is next? */
export function DevicePage() {
  const { tenant, device: id } = useParams({ from: '/t/$tenant/devices/$device' })
  const query = useQuery(deviceQuery(tenant, id))
  const why = useQuery(deviceExplanation(tenant, id))
  const known = useQuery(rollouts(tenant)).data ?? []
  return (
    <Loaded query={query} rows={8} title="Device">
      {(device) => (
        <Page
          title={device.name}
          lead={
            <p className="row">
              <State look={standingLook(device.standing)} />
              {device.status ? <State look={statusLook(device.status)} quiet /> : null}
              <span>{device.model}</span>
              <span>
                Checked in <Time at={device.last_sync} />
              </span>
            </p>
          }
          aside={<Actions tenant={tenant} device={device} why={why.data} />}
        >
          <div className="columns">
            <Panel title="Why is it served, or not?">
              <Loaded query={why}>{(explained) => <Reasons tenant={tenant} why={explained} device={device} known={known} />}</Loaded>
            </Panel>
            <Panel title="What it is">
              <dl className="facts">
                <Fact name="Build">{device.build ?? 'unknown'}</Fact>
                <Fact name="Edition">{device.edition || 'unknown'}</Fact>
                <Fact name="Architecture">{device.architecture || 'unknown'}</Fact>
                <Fact name="Manufacturer">{device.manufacturer}</Fact>
                <Fact name="Serial number">{device.serial}</Fact>
                <Fact name="Owner">{words(device.owner)}</Fact>
                <Fact name="Managed by">{words(device.agent)}</Fact>
                <Fact name="Joined">{words(device.join)}</Fact>
                <Fact name="Category">{device.category || 'none'}</Fact>
                <Fact name="Intune id">
                  <code>{device.intune_id ?? 'none'}</code>
                </Fact>
                <Fact name="Entra device id">
                  <code>{device.entra_device_id ?? 'none'}</code>
                </Fact>
              </dl>
            </Panel>
          </div>
          <Panel title="What happened to it">
            {device.attempts.length === 0 ? (
              <p className="faint">No rollout has had it yet.</p>
            ) : (
              <Table caption="Attempts" head={['Since', 'Rollout', 'Ring', 'State', 'Code', '#Wave']}>
                {device.attempts.map((attempt) => {
                  const rollout = known.find((one) => one.id === attempt.rollout_id)
                  return (
                    <tr key={attempt.rollout_id}>
                      <td>{moment(attempt.since)}</td>
                      <th scope="row">
                        <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: attempt.rollout_id }}>
                          {rollout?.release_name ?? 'A rollout'}
                        </Link>
                      </th>
                      <td>{rollout?.rings[attempt.ring]?.name ?? attempt.ring + 1}</td>
                      <td>
                        <State look={attemptLook(attempt.state)} />
                      </td>
                      <td>{attempt.code ? <code>{attempt.code}</code> : <span className="faint">none</span>}</td>
                      <td className="n">{attempt.wave ?? ''}</td>
                    </tr>
                  )
                })}
              </Table>
            )}
          </Panel>
        </Page>
      )}
    </Loaded>
  )
}

/** In one sentence: what comes next for it. */
function nextOf(device: Schemas['DeviceDetail'], known: readonly Schemas['Rollout'][]): string {
  const open = device.attempts.find((attempt) => known.some((rollout) => rollout.id === attempt.rollout_id && !isOver(rollout.phase.name)))
  if (!open) return 'Nothing goes out to it at the moment.'
  const rollout = known.find((one) => one.id === open.rollout_id)
  const name = rollout?.release_name ?? 'a rollout'
  switch (open.state) {
    case 'assigned':
      return `It waits for ${name}: its ring ${open.ring > (rollout?.phase.ring ?? -1) ? 'has not opened yet' : 'is open, and a wave will have it'}.`
    case 'offered':
      return `It was offered ${name} and installs it at one of its next check-ins.`
    case 'installing':
      return `It is installing ${name}.`
    case 'installed':
      return `It has ${name}, and is confirmed once it checks in healthy some hours later.`
    case 'failed':
    case 'lost':
      return `${attemptLook(open.state).word} in ${name}. Retry it once the cause is mended.`
    default:
      return `${attemptLook(open.state).word} in ${name}.`
  }
}

/** The one thing that has to change first, before it is up to date. */
function Primary({ tenant, reason }: { tenant: string; reason: Schemas['PrimaryReason'] }) {
  return (
    <dl className="facts next">
      <Fact name="Why it is not up to date">{reason.title}</Fact>
      <Fact name="Whose turn it is">{words(reason.owner)}</Fact>
      <Fact name="What they do about it">
        <Prose text={reason.fix} />
      </Fact>
      {reason.evidence ? <Fact name="Found by">{reason.evidence}</Fact> : null}
      {reason.since ? (
        <Fact name="Since">
          <Time at={reason.since} />
        </Fact>
      ) : null}
      {reason.rollout_id ? (
        <Fact name="In">
          <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: reason.rollout_id }}>
            its rollout
          </Link>
        </Fact>
      ) : null}
    </dl>
  )
}

function Reasons({ tenant, why, device, known }: { tenant: string; why: Schemas['DeviceExplanation']; device: Schemas['DeviceDetail']; known: readonly Schemas['Rollout'][] }) {
  return (
    <>
      <p className="summary">{why.summary}</p>
      <p>
        <strong>Next:</strong> {nextOf(device, known)}
      </p>
      {why.primary_reason ? <Primary tenant={tenant} reason={why.primary_reason} /> : null}
      {why.reasons.length > 0 ? (
        <ul className="conditions">
          {why.reasons.map((reason) => (
            <li key={reason.reason} className="warn">
              <Icon name="warning" />
              <div>
                <p>
                  <strong>{reason.title}</strong>
                </p>
                <p className="condition-text">
                  {reason.remedy} <span>It is the turn of: {reason.turn}.</span>
                </p>
              </div>
            </li>
          ))}
        </ul>
      ) : null}
      <ul className="plain-list">
        {why.rings.map((ring) => (
          <li key={ring.ring_set_id}>
            <Link to="/t/$tenant/ring-sets/$ringSet" params={{ tenant, ringSet: ring.ring_set_id }}>
              {ring.ring_set}
            </Link>
            : {ring.summary}
          </li>
        ))}
        {why.controls.map((control) => (
          <li key={control.control + control.since}>
            <strong>{words(control.control)}</strong> by {control.owner} <Time at={control.since} />
            {control.reason ? `: ${control.reason}` : ''}
          </li>
        ))}
      </ul>
    </>
  )
}

function Actions({ tenant, device, why }: { tenant: string; device: Schemas['Device']; why: Schemas['DeviceExplanation'] | undefined }) {
  const act = (name: string, doing: (reason: string) => Schemas['DeviceAction'], words: Pick<Ask, 'title' | 'explain' | 'verb' | 'reason' | 'done'> & { tone?: Ask['tone'] }): Ask => {
    const request = (reason: string) => ({ select: { ids: [device.id] }, do: doing(reason) })
    return {
      title: words.title,
      explain: words.explain,
      verb: words.verb,
      reason: words.reason,
      done: words.done,
      ...(words.tone ? { tone: words.tone } : {}),
      submit: (reason) => send('post', '/api/v1/tenants/{tenant}/device-actions', { path: { tenant }, body: request(reason) as never }),
      cli: (reason) => cli('device', name, device.name, ...(words.reason === 'none' ? [] : ['--reason', reason || '…'])),
      curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/device-actions`, request(reason)),
    }
  }
  const held = why?.controls.some((control) => control.control === 'hold')
  const excluded = why?.controls.some((control) => control.control === 'exclude')
  return (
    <div className="buttons" data-actions role="group" aria-label="Actions">
      <Act ability="operate" ask={() => act('sync', () => ({ action: 'sync' }), { title: `Ask ${device.name} to check in`, explain: <p>Intune asks the device to check in at once.</p>, verb: 'Ask', reason: 'none', done: `${device.name} is asked to check in.` })}>
        Check in…
      </Act>
      {held ? (
        <Act ability="operate" ask={() => act('release', () => ({ action: 'release' }), { title: `End the hold of ${device.name}`, explain: <p>It is offered updates again.</p>, verb: 'End the hold', reason: 'none', done: `${device.name} goes on.` })}>
          End the hold…
        </Act>
      ) : (
        <Act ability="operate" tone="hold" ask={() => act('hold', (reason) => ({ action: 'hold', reason }), { title: `Hold ${device.name}`, explain: <p>Nothing new is offered to it until the hold ends. 1 device.</p>, verb: 'Hold', reason: 'required', tone: 'hold', done: `${device.name} is held.` })}>
          Hold…
        </Act>
      )}
      {excluded ? (
        <Act ability="operate" ask={() => act('restore', () => ({ action: 'restore' }), { title: `Take ${device.name} back in`, explain: <p>It is placed into rings again.</p>, verb: 'Take back in', reason: 'none', done: `${device.name} is back.` })}>
          Take back in…
        </Act>
      ) : (
        <Act ability="operate" tone="danger" ask={() => act('exclude', (reason) => ({ action: 'exclude', reason }), { title: `Exclude ${device.name}`, explain: <p>It is taken out of every ring and offered nothing. 1 device.</p>, verb: 'Exclude', reason: 'required', tone: 'danger', done: `${device.name} is excluded.` })}>
          Exclude…
        </Act>
      )}
      <FileRequest about={{ kind: 'device', id: device.id }} name={device.name} category="devices" />
    </div>
  )
}
