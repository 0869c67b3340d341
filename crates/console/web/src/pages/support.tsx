import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { address } from '../api/client'
import { supportPage } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { useTenant } from '../lib/session'
import { STATUSES, SUPPORT_SEVERITIES, answerLook, supportFilter, supportSeverityLook, supportStatusLook } from '../lib/support'
import { CopyButton, Empty, Loaded, Panel, State, Table, Time } from '../ui/basics'
import { Opens } from '../ui/opens'
import { Page } from '../ui/page'
import { Pager, usePages } from '../ui/pager'
import type { SupportAddress } from '../router'
import { About } from './support/about'
import { Desks } from './support/desks'
import { FileForm } from './support/file'

const ORDER = 'created_at desc'

/** Who needs help, and who gives it? */
export function Support() {
  const { tenant } = useParams({ from: '/t/$tenant/support' })
  const search = useSearch({ from: '/t/$tenant/support' })
  const navigate = useNavigate()
  const name = useTenant()?.name ?? 'the tenant'
  return (
    <Page
      title="Support"
      lead="Requests for help, with what was known when they were filed. From the page of a device, a rollout or an alert they are filed about that."
      aside={
        <Opens key={search.file} label="File a support request…" ability="operate" start={search.file === 'yes'}>
          {(close) => (
            <FileForm
              tenant={tenant}
              about={{ kind: 'tenant' }}
              name={name}
              category="other"
              onClose={(filed) => {
                close()
                if (search.file && !filed) void navigate({ to: '/t/$tenant/support', params: { tenant }, search: { ...search, file: undefined }, replace: true })
              }}
            />
          )}
        </Opens>
      }
    >
      <Requests tenant={tenant} search={search} />
      <Desks tenant={tenant} />
    </Page>
  )
}

function Requests({ tenant, search }: { tenant: string; search: SupportAddress }) {
  const navigate = useNavigate()
  const pages = usePages(search.after)
  const filter = supportFilter(search)
  const query = useQuery(supportPage(tenant, { filter, order_by: ORDER, page_token: search.after }))
  const go = (change: SupportAddress): void => {
    if (!('after' in change)) pages.reset()
    void navigate({ to: '/t/$tenant/support', params: { tenant }, search: { ...search, after: undefined, ...change } })
  }
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    go({ text: String(new FormData(event.currentTarget).get('text') ?? '').trim() || undefined })
  }
  const narrowed = search.status !== undefined || search.severity !== undefined || search.text !== undefined || search.late !== undefined
  return (
    <Panel
      title="Requests"
      aside={
        <span className="row">
          <CopyButton text={cli('support', 'list', ...(filter ? ['--filter', filter] : ['--all']), '--order-by', ORDER)} label="Copy as CLI">
            Copy as CLI
          </CopyButton>
          <CopyButton text={curl('GET', address('/api/v1/tenants/{tenant}/support-requests', { tenant }, { filter, order_by: ORDER }))} label="Copy as curl">
            Copy as curl
          </CopyButton>
        </span>
      }
    >
      <form className="filters" role="search" onSubmit={find}>
        <div className="field">
          <label htmlFor="status">Status</label>
          <select id="status" value={search.status ?? ''} onChange={(event) => go({ status: event.target.value || undefined })}>
            <option value="">Not resolved</option>
            {STATUSES.map(([word, text]) => (
              <option key={word} value={word}>
                {text}
              </option>
            ))}
            <option value="all">All</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor="severity">Severity</label>
          <select id="severity" value={search.severity ?? ''} onChange={(event) => go({ severity: event.target.value || undefined })}>
            <option value="">Any</option>
            {SUPPORT_SEVERITIES.map(([word, text]) => (
              <option key={word} value={word}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <div className="field grow">
          <label htmlFor="text">In title or description</label>
          <input id="text" name="text" key={search.text ?? ''} data-filter defaultValue={search.text ?? ''} placeholder="printing" autoComplete="off" maxLength={200} />
        </div>
        <label className="check">
          <input type="checkbox" checked={search.late === 'yes'} onChange={(event) => go({ late: event.target.checked ? 'yes' : undefined })} />
          Whose answer is late
        </label>
        <button type="submit" className="primary">
          Find
        </button>
      </form>
      <Loaded query={query}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={narrowed ? 'No such request' : 'No request is open'} {...(narrowed ? {} : { cli: 'concentric support create --help' })}>
              <p>{narrowed ? 'Nothing matches.' : 'Whoever needs help files one, here or from the page of what it is about.'}</p>
            </Empty>
          ) : (
            <>
              <Table caption="Support requests" head={['Severity', 'What is the matter', 'Status', 'Works on it', 'Filed']}>
                {page.items.map((request) => (
                  <tr key={request.id} data-row>
                    <td>
                      <State look={supportSeverityLook(request.severity)} />
                    </td>
                    <th scope="row" className="why-cell">
                      <Link to="/t/$tenant/support/$request" params={{ tenant, request: request.id }}>
                        {request.title}
                      </Link>
                      <div className="small-text">
                        <About tenant={tenant} about={request.about} />
                      </div>
                    </th>
                    <td>
                      <State look={supportStatusLook(request.status)} quiet />
                      <div>
                        <State look={answerLook(request)} quiet />
                      </div>
                    </td>
                    <td>{request.assignee ?? <span className="faint">nobody yet</span>}</td>
                    <td>
                      <Time at={request.created_at} />
                      <div className="faint small-text">by {request.requester}</div>
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
