import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { get, type Schemas } from '../api/client'
import { audit as auditQuery } from '../api/queries'
import { cli } from '../lib/commands'
import { absolute, count, moment, words } from '../lib/format'
import { useMay } from '../lib/session'
import { CopyButton, Empty, Failed, Loaded, Panel, State, Table } from '../ui/basics'
import { Page } from '../ui/page'

/** Who did what, and is the trail intact? */
export function Audit() {
  const { tenant } = useParams({ from: '/t/$tenant/audit' })
  const search = useSearch({ from: '/t/$tenant/audit' })
  const navigate = useNavigate()
  const { allowed, why } = useMay('audit')
  const query = useQuery({ ...auditQuery(tenant, { actor: search.actor, kind: search.kind, page_token: search.after }), enabled: allowed })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const field = (name: string): string | undefined => String(form.get(name) ?? '').trim() || undefined
    void navigate({ to: '/t/$tenant/audit', params: { tenant }, search: Object.fromEntries(Object.entries({ actor: field('actor'), kind: field('kind') }).filter(([, value]) => value)) })
  }
  if (!allowed) {
    return (
      <Page title="Audit">
        <p className="notice hold">{why}</p>
      </Page>
    )
  }
  return (
    <Page title="Audit" lead="Every request and every decision, newest first. Nothing is ever changed or deleted." aside={<CopyButton text={cli('audit', 'list', ...(search.actor ? ['--actor', search.actor] : []))} label="Copy as CLI">Copy as CLI</CopyButton>}>
      <Verify tenant={tenant} />
      <Panel title="Entries">
        <form className="filters" role="search" onSubmit={submit}>
          <div className="field grow">
            <label htmlFor="actor">By</label>
            <input id="actor" name="actor" data-filter key={search.actor ?? ''} defaultValue={search.actor ?? ''} placeholder="name of a person, token, or concentric" autoComplete="off" />
          </div>
          <div className="field">
            <label htmlFor="kind">Kind</label>
            <input id="kind" name="kind" key={search.kind ?? ''} defaultValue={search.kind ?? ''} placeholder="paused" autoComplete="off" />
          </div>
          <button type="submit" className="primary">
            Filter
          </button>
        </form>
        <Loaded query={query}>
          {(page) =>
            page.items.length === 0 ? (
              <Empty title="No such entry" />
            ) : (
              <>
                <Table caption="Audit entries" head={['#No.', 'When', 'By', 'Kind', 'What']}>
                  {page.items.map((event) => (
                    <tr key={event.seq}>
                      <td className="n">{event.seq}</td>
                      <td>
                        <time dateTime={event.at} title={absolute(event.at)}>
                          {moment(event.at)}
                        </time>
                      </td>
                      <td>{event.actor === 'concentric' ? 'the service' : event.actor}</td>
                      <td>{words(event.kind)}</td>
                      <td>
                        {event.text}{' '}
                        {event.rollout_id ? (
                          <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: event.rollout_id }} search={{ at: event.at }} className="small-text">
                            Its rollout, then
                          </Link>
                        ) : null}
                      </td>
                    </tr>
                  ))}
                </Table>
                {page.next_page_token ? (
                  <Link to="/t/$tenant/audit" params={{ tenant }} search={{ ...search, after: page.next_page_token }} className="button">
                    Older entries
                  </Link>
                ) : null}
              </>
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}

/** Recomputes the whole trail, so only when asked. */
function Verify({ tenant }: { tenant: string }) {
  const [verdict, setVerdict] = useState<Schemas['AuditVerdict']>()
  const [error, setError] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const run = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      setVerdict(await get('/api/v1/tenants/{tenant}/audit/verify', { path: { tenant } }))
    } catch (cause) {
      setError(cause as Error)
    }
    setBusy(false)
  }
  return (
    <Panel
      title="Is it intact?"
      aside={
        <button type="button" disabled={busy} onClick={() => void run()}>
          {busy ? 'Recomputing…' : 'Recompute every hash'}
        </button>
      }
    >
      <div role="status">
        {verdict ? (
          <p className="row">
            <State look={verdict.intact ? { word: 'Intact', icon: 'check', tone: 'good' } : { word: 'Damaged', icon: 'cross', tone: 'bad' }} />
            {count(verdict.entries)} entries, {count(verdict.covered)} covered by {count(verdict.checkpoints)} signed checkpoints. {verdict.damage ? `First in doubt: entry ${verdict.damage.seq}, ${verdict.damage.what}` : ''}
          </p>
        ) : (
          <p className="faint">Each entry holds the hash of the one before; checkpoints are signed.</p>
        )}
      </div>
      {error ? <Failed error={error} /> : null}
    </Panel>
  )
}
