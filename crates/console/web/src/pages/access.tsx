import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { send, type Schemas } from '../api/client'
import { session, tenants, tokens as tokensQuery } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { words } from '../lib/format'
import { useMay } from '../lib/session'
import { Act } from '../ui/act'
import { CopyButton, Failed, Loaded, Panel, State, Table, Time } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { Page } from '../ui/page'

const ROLES: [Schemas['Role'], string][] = [
  ['viewer', 'looks'],
  ['operator', 'pauses, syncs, acts on single devices'],
  ['release_manager', 'makes releases; resumes, promotes, rolls back'],
  ['approver', 'approves the work of others'],
  ['policy_administrator', 'ring sets, gates, calendars, signals, rules'],
  ['auditor', 'reads the audit trail and who has access'],
  ['tenant_administrator', 'all of it, and who has access'],
]

/** Who may do what. */
export function Access() {
  const { tenant } = useParams({ from: '/t/$tenant/access' })
  const me = useQuery(session).data
  const names = useQuery(tenants).data ?? []
  const { allowed: sees, why } = useMay('audit')
  const administers = useMay('administer')
  const query = useQuery({ ...tokensQuery, enabled: sees })
  const name = (id: string | null | undefined): string => (id ? (names.find((one) => one.id === id)?.name ?? id) : 'every tenant')
  return (
    <Page title="Access" lead="Roles, and the tokens that have them.">
      <Panel title="You">
        <p>
          <strong>{me?.name}</strong>
          {me?.expires_at ? (
            <span className="faint">
              {' '}
              signed in until <time dateTime={me.expires_at}>{new Date(me.expires_at).toLocaleTimeString('en-GB')}</time>
            </span>
          ) : null}
        </p>
        <ul className="plain-list">
          {(me?.grants ?? []).map((grant, at) => (
            <li key={at}>
              {grant.roles.map(words).join(', ')} of {name(grant.tenant_id)}
              {grant.ring_set_ids ? `, acting on ${grant.ring_set_ids.length} ring sets` : ''}
            </li>
          ))}
        </ul>
      </Panel>
      {sees ? (
        <Panel title="Tokens">
          <Loaded query={query}>
            {(all) => (
              <Table caption="Tokens" head={['Name', 'Roles', 'Reach', 'Begins with', 'Last used', 'Ends', 'Action']}>
                {all.map((token) => (
                  <tr key={token.id}>
                    <th scope="row">{token.name}</th>
                    <td>{token.roles.map(words).join(', ')}</td>
                    <td>{name(token.tenant_id)}</td>
                    <td>
                      <code>{token.hint}</code>
                    </td>
                    <td>
                      <Time at={token.last_used_at} />
                    </td>
                    <td>{token.revoked_at ? <State look={{ word: 'Revoked', icon: 'cross', tone: 'quiet' }} /> : token.expires_at ? <Time at={token.expires_at} /> : 'never'}</td>
                    <td>
                      {token.revoked_at ? null : (
                        <Act ability="administer" tone="small danger" ask={() => askRevoke(token)}>
                          Revoke…<span className="sr"> {token.name}</span>
                        </Act>
                      )}
                    </td>
                  </tr>
                ))}
              </Table>
            )}
          </Loaded>
        </Panel>
      ) : (
        <p className="notice hold">{why}</p>
      )}
      {administers.allowed ? <NewToken tenant={tenant} /> : null}
      <Panel title="Roles">
        <Table caption="Roles" head={['Role', 'What it does']}>
          {ROLES.map(([role, text]) => (
            <tr key={role}>
              <th scope="row">{words(role)}</th>
              <td>{text}</td>
            </tr>
          ))}
        </Table>
      </Panel>
    </Page>
  )
}

function askRevoke(token: Schemas['Token']): Ask {
  return {
    title: `Revoke ${token.name}`,
    explain: <p>Whoever uses it is refused from that moment on, and browsers signed in with it are signed out.</p>,
    verb: 'Revoke',
    tone: 'danger',
    reason: 'none',
    submit: () => send('delete', '/api/v1/tokens/{token}', { path: { token: token.id } }),
    done: `${token.name} is revoked.`,
    cli: () => cli('token', 'revoke', token.id, '--yes'),
    curl: () => curl('DELETE', `/api/v1/tokens/${token.id}`),
  }
}

function NewToken({ tenant }: { tenant: string }) {
  const client = useQueryClient()
  const [made, setMade] = useState<Schemas['CreatedToken']>()
  const [error, setError] = useState<Error>()
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setError(undefined)
    try {
      const body: Schemas['CreateToken'] = { name: String(form.get('name')).trim(), roles: form.getAll('role') as Schemas['Role'][], tenant_id: tenant, valid_days: Number(form.get('days')) || 90 }
      setMade(await send('post', '/api/v1/tokens', { body }))
      await client.invalidateQueries({ queryKey: tokensQuery.queryKey })
    } catch (cause) {
      setError(cause as Error)
    }
  }
  return (
    <Panel title="New token for this tenant">
      {made ? (
        <div className="notice good" role="status">
          <p className="notice-title">{made.name}: copy it now, it is shown this once</p>
          <p className="row">
            <code>{made.text}</code>
            <CopyButton text={made.text} label="Copy the token" />
          </p>
        </div>
      ) : null}
      <form className="form" onSubmit={(event) => void submit(event)}>
        <div className="filters">
          <div className="field grow">
            <label htmlFor="token-name">Name</label>
            <input id="token-name" name="name" required maxLength={100} autoComplete="off" />
          </div>
          <div className="field">
            <label htmlFor="days">Days it is good for</label>
            <input id="days" name="days" type="number" min={1} max={365} defaultValue={90} />
          </div>
        </div>
        <fieldset className="choices">
          <legend>Roles</legend>
          {ROLES.map(([role, text]) => (
            <label key={role}>
              <input type="checkbox" name="role" value={role} defaultChecked={role === 'viewer'} />
              {words(role)} <span className="faint">{text}</span>
            </label>
          ))}
        </fieldset>
        {error ? <Failed error={error} /> : null}
        <div className="buttons">
          <button type="submit" className="primary">
            Make it
          </button>
        </div>
      </form>
    </Panel>
  )
}
