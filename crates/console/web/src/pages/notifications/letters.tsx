import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { send, type Schemas } from '../../api/client'
import { letterPage, notificationTopics, whole } from '../../api/queries'
import { cli, curl } from '../../lib/commands'
import { count, words } from '../../lib/format'
import { OTHER_LETTERS, letterKind, letterLook, trySaid } from '../../lib/told'
import { Act } from '../../ui/act'
import { CopyButton, Empty, Loaded, Panel, State, Table, Time } from '../../ui/basics'
import type { Ask } from '../../ui/dialog'
import { Pager, usePages } from '../../ui/pager'
import type { LetterAddress } from '../../router'

type Letter = Schemas['Letter']

const STATES: readonly (readonly [Schemas['LetterState'], string])[] = [
  ['pending', 'Pending'],
  ['delivered', 'Delivered'],
  ['given_up', 'Given up'],
]

/** What was and is to be sent, newest first, and what became of it. */
export function Letters({ tenant }: { tenant: string }) {
  const search = useSearch({ from: '/t/$tenant/notifications' })
  const navigate = useNavigate()
  const pages = usePages(search.after)
  const query = useQuery(letterPage(tenant, { state: search.state, kind: search.kind, page_token: search.after }))
  const topics = useQuery(notificationTopics).data ?? []
  const go = (change: LetterAddress): void => {
    if (!('after' in change)) pages.reset()
    void navigate({ to: '/t/$tenant/notifications', params: { tenant }, search: { ...search, after: undefined, ...change } })
  }
  const flags = [...(search.state ? ['--state', search.state] : []), ...(search.kind ? ['--kind', search.kind] : [])]
  const kinds = [...topics.map((one) => [one.topic, words(one.topic)] as const), ...OTHER_LETTERS]
  return (
    <Panel
      title="Letters"
      id="letters"
      aside={
        <CopyButton text={cli('notification', 'letters', ...flags)} label="Copy as CLI">
          Copy as CLI
        </CopyButton>
      }
    >
      <div className="filters" role="search">
        <div className="field">
          <label htmlFor="state">State</label>
          <select id="state" data-filter value={search.state ?? ''} onChange={(event) => go({ state: (event.target.value || undefined) as LetterAddress['state'] })}>
            <option value="">Any</option>
            {STATES.map(([word, text]) => (
              <option key={word} value={word}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor="kind">Message</label>
          <select id="kind" value={search.kind ?? ''} onChange={(event) => go({ kind: event.target.value || undefined })}>
            <option value="">Any</option>
            {kinds.map(([word, text]) => (
              <option key={word} value={word}>
                {text}
              </option>
            ))}
          </select>
        </div>
      </div>
      <Loaded query={query}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={search.state || search.kind ? 'No such letter' : 'No letter yet'}>
              <p>{search.state || search.kind ? 'Nothing matches. What has ended is kept for 30 days.' : 'What is told to contacts and channels is listed here, with what became of it.'}</p>
            </Empty>
          ) : (
            <>
              <Table caption="Letters" head={['Message', 'State', '#Tries', 'Last said', 'Written', 'Action']}>
                {page.items.map((letter) => (
                  <tr key={letter.id} data-row>
                    <th scope="row" className="why-cell">
                      <Link to="/t/$tenant/notifications/$letter" params={{ tenant, letter: letter.id }}>
                        {letter.subject || letterKind(letter.kind)}
                      </Link>
                      <div className="faint small-text wrap">
                        {letterKind(letter.kind)} to <Recipient tenant={tenant} letter={letter} />
                      </div>
                    </th>
                    <td>
                      <State look={letterLook(letter)} quiet />
                    </td>
                    <td className="n">{count(letter.tries.length)}</td>
                    <td className="why-cell">
                      <Said letter={letter} />
                    </td>
                    <td className="nowrap">
                      <Time at={letter.written_at} />
                    </td>
                    <td>
                      <Again tenant={tenant} letter={letter} small />
                    </td>
                  </tr>
                ))}
              </Table>
              <Pager pages={pages} after={search.after} next={page.next_page_token} go={(after) => go({ after })} />
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}

function Said({ letter }: { letter: Letter }) {
  const last = letter.tries.at(-1)
  return (
    <>
      {last ? trySaid(last) : <span className="faint">not tried yet</span>}
      {letter.next_at ? (
        <div className="faint small-text">
          {last ? 'tried again' : 'tried'} <Time at={letter.next_at} />
        </div>
      ) : null}
    </>
  )
}

/** An address, or the channel by its name. */
export function Recipient({ tenant, letter }: { tenant: string; letter: Letter }) {
  const channels = useQuery(whole(tenant, 'notification-channels')).data
  if (letter.address) return <>{letter.address}</>
  return <>{channels?.find((one) => one.id === letter.channel_id)?.name ?? 'a channel'}</>
}

/** Sends a letter again that was given up. */
export function Again({ tenant, letter, small = false }: { tenant: string; letter: Letter; small?: boolean }) {
  if (small && letter.state !== 'given_up') return null
  return (
    <Act ability="operate" tone={small ? 'small' : 'primary'} ask={() => askAgain(tenant, letter)} blocked={letter.state === 'given_up' ? undefined : letter.state === 'delivered' ? 'It was delivered.' : 'It is being tried.'}>
      Send again…<span className="sr"> {letter.subject}</span>
    </Act>
  )
}

function askAgain(tenant: string, letter: Letter): Ask {
  return {
    title: 'Send the letter again',
    explain: (
      <>
        <p>{letter.subject}</p>
        <p className="faint">Under the same id, and tried for three days anew.</p>
      </>
    ),
    verb: 'Send again',
    reason: 'none',
    submit: () => send('post', '/api/v1/tenants/{tenant}/notifications/{letter}/retry', { path: { tenant, letter: letter.id } }),
    done: 'The letter is tried again.',
    cli: () => cli('notification', 'retry', letter.id),
    curl: () => curl('POST', `/api/v1/tenants/${tenant}/notifications/${letter.id}/retry`, {}),
  }
}
