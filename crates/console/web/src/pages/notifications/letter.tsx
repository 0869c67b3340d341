import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { letter as letterQuery } from '../../api/queries'
import { cli } from '../../lib/commands'
import { count, moment } from '../../lib/format'
import { letterKind, letterLook, trySaid } from '../../lib/told'
import { CopyButton, Fact, Loaded, Panel, State, Table, Time } from '../../ui/basics'
import { Page } from '../../ui/page'
import { Content } from './content'
import { Again, Recipient } from './letters'

/** One letter: what it says, and what became of each try. */
export function LetterPage() {
  const { tenant, letter: id } = useParams({ from: '/t/$tenant/notifications/$letter' })
  const query = useQuery(letterQuery(tenant, id))
  return (
    <Loaded query={query} rows={6} title="Letter">
      {(letter) => (
        <Page
          title={letter.subject || letterKind(letter.kind)}
          lead={
            <p className="row">
              <State look={letterLook(letter)} />
              <span>{letterKind(letter.kind)}</span>
              <span>
                Written <Time at={letter.written_at} />
              </span>
              <Link to="/t/$tenant/notifications" params={{ tenant }}>
                All letters
              </Link>
            </p>
          }
          aside={
            <div className="buttons" data-actions role="group" aria-label="Actions">
              <Again tenant={tenant} letter={letter} />
              <CopyButton text={cli('notification', 'get', letter.id)} label="Copy as CLI">
                Copy as CLI
              </CopyButton>
            </div>
          }
        >
          <Panel title="What it says">
            <Content content={letter.content} />
          </Panel>
          <Panel title="What became of it">
            <dl className="facts">
              <Fact name="To">
                <Recipient tenant={tenant} letter={letter} />
              </Fact>
              <Fact name="Tried again">{letter.next_at ? <Time at={letter.next_at} /> : <span className="faint">no more</span>}</Fact>
              <Fact name="Ended">{letter.ended_at ? <Time at={letter.ended_at} /> : <span className="faint">it is under way</span>}</Fact>
              <Fact name="Id">
                <code>{letter.id}</code>
              </Fact>
            </dl>
            {letter.tries.length === 0 ? (
              <p className="faint">It was not tried yet.</p>
            ) : (
              <Table caption="Tries" head={['When', 'What was said', '#Took']}>
                {letter.tries.toReversed().map((tried) => (
                  <tr key={tried.at}>
                    <th scope="row">{moment(tried.at)}</th>
                    <td>{trySaid(tried)}</td>
                    <td className="n">{count(tried.latency_ms)} ms</td>
                  </tr>
                ))}
              </Table>
            )}
          </Panel>
        </Page>
      )}
    </Loaded>
  )
}
