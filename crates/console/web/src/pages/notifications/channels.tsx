import { useQuery } from '@tanstack/react-query'
import { send, type Schemas } from '../../api/client'
import { whole } from '../../api/queries'
import { cli, curl } from '../../lib/commands'
import { channelKind, toldLook, wantsWords, whereTo } from '../../lib/told'
import { Act } from '../../ui/act'
import { Empty, Loaded, Panel, State, Table } from '../../ui/basics'
import type { Ask } from '../../ui/dialog'
import { Opens } from '../../ui/opens'
import { ChannelForm } from './channelform'

type Channel = Schemas['Channel']
const C = '/api/v1/tenants/{tenant}/notification-channels/{channel}'

/** Chats and lists of addresses. */
export function Channels({ tenant }: { tenant: string }) {
  const query = useQuery(whole(tenant, 'notification-channels'))
  return (
    <Panel
      title="Channels"
      aside={
        <Opens label="New channel…" ability="administer">
          {(close) => <ChannelForm tenant={tenant} onClose={close} />}
        </Opens>
      }
    >
      <Loaded query={query}>
        {(channels) =>
          channels.length === 0 ? (
            <Empty title="No channel" cli="concentric notification channel create --help">
              <p>A chat of Microsoft Teams or Slack can be told by its webhook, and a list of addresses by e-mail.</p>
            </Empty>
          ) : (
            <Table caption="Channels" head={['Channel', 'Is told of', 'When', 'Action']}>
              {channels.map((channel) => (
                <tr key={channel.id}>
                  <th scope="row" className="why-cell">
                    {channel.name}
                    <div className="faint small-text wrap">
                      {channelKind(channel.kind)}: {whereTo(channel)}
                    </div>
                  </th>
                  <td className="why-cell">{wantsWords(channel.wants)}</td>
                  <td>
                    <State look={toldLook(channel)} quiet />
                  </td>
                  <td>
                    <div className="buttons">
                      <Act ability="operate" tone="small" ask={() => askTest(tenant, channel)}>
                        Test…<span className="sr"> {channel.name}</span>
                      </Act>
                      <Opens
                        ability="administer"
                        tone="small"
                        label={
                          <>
                            Edit…<span className="sr"> {channel.name}</span>
                          </>
                        }
                      >
                        {(close) => <ChannelForm tenant={tenant} channel={channel.id} onClose={close} />}
                      </Opens>
                      <Act ability="administer" tone="small danger" ask={() => askDelete(tenant, channel)}>
                        Delete…<span className="sr"> {channel.name}</span>
                      </Act>
                    </div>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Panel>
  )
}

function askTest(tenant: string, channel: Channel): Ask {
  return {
    title: `Test ${channel.name}`,
    explain: <p>{channel.kind === 'email' ? 'An e-mail is sent to each address.' : 'It is posted into the chat.'} The letters, below, say what becomes of it.</p>,
    verb: 'Send it',
    reason: 'none',
    submit: () => send('post', `${C}/test`, { path: { tenant, channel: channel.id } }),
    done: 'A test letter is written.',
    cli: () => cli('notification', 'channel', 'test', channel.name),
    curl: () => curl('POST', `/api/v1/tenants/${tenant}/notification-channels/${channel.id}/test`, {}),
  }
}

function askDelete(tenant: string, channel: Channel): Ask {
  return {
    title: `Delete ${channel.name}`,
    explain: <p>It is told nothing more; what the chat was still to be sent goes with it.</p>,
    verb: 'Delete',
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('delete', C, { path: { tenant, channel: channel.id }, query: { reason }, whatever: true }),
    done: `${channel.name} is told nothing more.`,
    cli: (reason) => cli('notification', 'channel', 'delete', channel.name, '--reason', reason || '…', '--yes'),
    curl: (reason) => curl('DELETE', `/api/v1/tenants/${tenant}/notification-channels/${channel.id}?reason=${encodeURIComponent(reason)}`),
  }
}
