import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { flushSync } from 'react-dom'
import { send, type Schemas } from '../../api/client'
import { deskDeliveries, whole } from '../../api/queries'
import { cli, curl } from '../../lib/commands'
import { deliveryLook, deskKind, deskLook, takes, whereTo } from '../../lib/desks'
import { count, words } from '../../lib/format'
import { Act } from '../../ui/act'
import { CopyButton, Empty, Loaded, Panel, State, Table, Time } from '../../ui/basics'
import type { Ask } from '../../ui/dialog'
import { Opens } from '../../ui/opens'
import { DeskForm } from './deskform'

type Desk = Schemas['SupportDesk']

/** Where requests are handed on to. */
export function Desks({ tenant }: { tenant: string }) {
  const query = useQuery(whole(tenant, 'support-desks'))
  const [shown, setShown] = useState<string>()
  const [made, setMade] = useState<Schemas['SupportDeskMade']>()
  return (
    <Panel
      title="Desks"
      aside={
        <Opens label="New desk…" ability="administer" tone="">
          {(close) => <DeskForm tenant={tenant} onClose={close} onMade={setMade} />}
        </Opens>
      }
    >
      {made?.secret ? (
        <div className="notice good" role="status">
          <p className="notice-title">{made.name}: copy its secret now, it is shown this once</p>
          <p className="row">
            <code className="wrap">{made.secret}</code>
            <CopyButton text={made.secret} label="Copy the secret" />
          </p>
        </div>
      ) : null}
      <Loaded query={query}>
        {(desks) =>
          desks.length === 0 ? (
            <Empty title="No desk" cli="concentric support desk create --help">
              <p>Requests are read here. A desk has them in ServiceNow, in Jira, by e-mail or by a signed webhook too, from the moment they are filed.</p>
            </Empty>
          ) : (
            <Table caption="Desks" head={['Desk', 'Takes', '#Waiting', 'State', 'Action']}>
              {desks.map((desk) => (
                <tr key={desk.id}>
                  <th scope="row" className="why-cell">
                    {desk.name}
                    <div className="faint small-text wrap">
                      {deskKind(desk.way.kind)}: {whereTo(desk)}
                    </div>
                  </th>
                  <td>{takes(desk)}</td>
                  <td className="n">{count(desk.pending)}</td>
                  <td>
                    <State look={deskLook(desk)} quiet />
                  </td>
                  <td>
                    <div className="buttons">
                      <button type="button" className="small" aria-expanded={shown === desk.id} onClick={() => setShown(shown === desk.id ? undefined : desk.id)}>
                        What it is told<span className="sr">: {desk.name}</span>
                      </button>
                      <Opens
                        ability="administer"
                        tone="small"
                        label={
                          <>
                            Edit…<span className="sr"> {desk.name}</span>
                          </>
                        }
                      >
                        {(close) => <DeskForm tenant={tenant} desk={desk.id} onClose={close} />}
                      </Opens>
                      <Act ability="administer" tone="small danger" ask={() => askDelete(tenant, desk, () => setShown(undefined))}>
                        Delete…<span className="sr"> {desk.name}</span>
                      </Act>
                    </div>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      {shown ? <Deliveries tenant={tenant} desk={shown} /> : null}
    </Panel>
  )
}

function askDelete(tenant: string, desk: Desk, gone: () => void): Ask {
  return {
    title: `Delete ${desk.name}`,
    explain: <p>With what was still to be told to it ({count(desk.pending)}), and with what it calls the requests. Its tickets stay where they are.</p>,
    verb: 'Delete',
    tone: 'danger',
    reason: 'required',
    submit: async (reason) => {
      await send('delete', '/api/v1/tenants/{tenant}/support-desks/{support_desk}', { path: { tenant, support_desk: desk.id }, query: { reason }, whatever: true })
      // Before everything is read anew: what it was told is not there any more.
      flushSync(gone)
    },
    done: `${desk.name} is told nothing more.`,
    cli: (reason) => cli('support', 'desk', 'delete', desk.name, '--reason', reason || '…', '--yes'),
    curl: (reason) => curl('DELETE', `/api/v1/tenants/${tenant}/support-desks/${desk.id}?reason=${encodeURIComponent(reason)}`),
  }
}

function Deliveries({ tenant, desk }: { tenant: string; desk: string }) {
  const query = useQuery(deskDeliveries(tenant, desk))
  return (
    <Loaded query={query}>
      {(all) =>
        all.length === 0 ? (
          <p className="faint">Nothing was or is to be told to it.</p>
        ) : (
          <Table caption="What it is told" head={['Due', 'What', 'State', '#Tries', 'Last said', 'Request']}>
            {all.toReversed().map((one) => (
              <tr key={one.id}>
                <td>
                  <Time at={one.due_since} />
                </td>
                <td>{one.note_id ? 'A note' : 'The request'}</td>
                <td>
                  <State look={deliveryLook(one)} quiet />
                </td>
                <td className="n">{count(one.tries)}</td>
                <td>{[one.status, one.refusal ? words(one.refusal) : undefined].filter((part) => part != null).join(' ') || <span className="faint">nothing</span>}</td>
                <td>
                  <Link to="/t/$tenant/support/$request" params={{ tenant, request: one.request_id }}>
                    Its request
                  </Link>
                </td>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  )
}
