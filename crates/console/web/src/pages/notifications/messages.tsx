import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Schemas } from '../../api/client'
import { notificationTopics } from '../../api/queries'
import { cli } from '../../lib/commands'
import { severityLook } from '../../lib/fleetstates'
import { words } from '../../lib/format'
import { CopyButton, Loaded, Panel, State, Table } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Content } from './content'

/** The sorts of messages, and how each reads. */
export function Messages() {
  const query = useQuery(notificationTopics)
  const [shown, setShown] = useState<Schemas['NotificationTopic']>()
  return (
    <Panel
      title="Messages"
      aside={
        <CopyButton text={cli('notification', 'topics')} label="Copy as CLI">
          Copy as CLI
        </CopyButton>
      }
    >
      <Loaded query={query}>
        {(topics) => (
          <Table caption="Messages" head={['Message', 'Severity', 'Sent when', 'Action']}>
            {topics.map((one) => (
              <tr key={one.topic}>
                <th scope="row">{words(one.topic)}</th>
                <td>
                  <State look={severityLook(one.severity)} quiet />
                </td>
                <td className="why-cell">{one.when}</td>
                <td>
                  <button type="button" className="small" onClick={() => setShown(one)}>
                    Preview…<span className="sr"> {words(one.topic)}</span>
                  </button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {shown ? (
        <Dialog title={words(shown.topic)} onClose={() => setShown(undefined)} wide>
          <p className="faint">How it reads, with a tenant that is made up.</p>
          <Content content={shown.example} />
          <div className="buttons">
            <button type="button" data-focus onClick={() => setShown(undefined)}>
              Close
            </button>
            <span className="spring" />
            <CopyButton text={cli('notification', 'preview', shown.topic)} label="Copy as CLI">
              Copy as CLI
            </CopyButton>
          </div>
        </Dialog>
      ) : null}
    </Panel>
  )
}
