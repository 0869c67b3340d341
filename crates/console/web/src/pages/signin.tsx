import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, type FormEvent } from 'react'
import { request } from '../api/client'
import type { Session } from '../api/queries'
import { Failed } from '../ui/basics'

/** By the organisation's sign-in where there is one, else by an API token. Paste is welcome. */
export function SignIn({ session }: { session: Session }) {
  const client = useQueryClient()
  const [token, setToken] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  useEffect(() => {
    document.title = 'Sign in · Concentric'
  }, [])
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await request('POST', '/auth/session', { token: token.trim() })
      await client.resetQueries()
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
    }
  }
  const here = encodeURIComponent(window.location.pathname + window.location.search)
  return (
    <main className="alone">
      <div className="signin panel">
        <h1>
          <img src="/favicon.svg" alt="" width="34" height="34" />
          Concentric
        </h1>
        <p className="faint">Windows updates, ring by ring.</p>
        {session.methods.oidc ? (
          <a className="button primary" href={`/auth/login?return_to=${here}`}>
            Sign in with your organisation
          </a>
        ) : null}
        {session.methods.token ? (
          <form onSubmit={(event) => void submit(event)}>
            <div className="field">
              <label htmlFor="token">API token</label>
              <input id="token" type="password" autoComplete="current-password" spellCheck={false} value={token} onChange={(event) => setToken(event.target.value)} />
              <p className="faint">
                It begins with <code>con_</code>. The demo prints where it keeps its own.
              </p>
            </div>
            {error ? <Failed error={error} /> : null}
            <button type="submit" className={session.methods.oidc ? '' : 'primary'} disabled={busy || token.trim() === ''}>
              {busy ? 'Signing in…' : 'Sign in with a token'}
            </button>
          </form>
        ) : null}
      </div>
    </main>
  )
}
