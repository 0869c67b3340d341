import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import type { Schemas } from '../api/client'
import { Failed } from './basics'
import { useSay } from './toast'

/** Where a tenant's Graph is, and who we are there. What is secret is never shown again. */
export function ConnectForm({ submit, named }: { submit: (body: Schemas['CreateTenant']) => Promise<{ id: string }>; named: boolean }) {
  const [kind, setKind] = useState<'certificate' | 'secret'>('certificate')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { say } = useSay()
  const send = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const field = (name: string): string => String(form.get(name) ?? '').trim()
    const optional = (name: string): string | null => field(name) || null
    setBusy(true)
    setError(undefined)
    try {
      const tenant = await submit({
        name: field('name'),
        connection: {
          entra_tenant_id: field('entra'),
          client_id: field('client'),
          credential:
            kind === 'secret'
              ? { kind, secret: field('secret') }
              : { kind, certificate_pem: field('certificate'), private_key_pem: field('key') },
          graph_url: optional('graph'),
          login_url: optional('login'),
        },
      })
      await client.invalidateQueries()
      say('The tenant is connected; its devices are being read.')
      void navigate({ to: '/t/$tenant/readiness', params: { tenant: tenant.id } })
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
    }
  }
  return (
    <form className="form" onSubmit={(event) => void send(event)}>
      {named ? <Field name="name" label="Name" required /> : null}
      <Field name="entra" label="Entra tenant id" required />
      <Field name="client" label="Application (client) id" required />
      <fieldset className="choices">
        <legend>Credential</legend>
        {(['certificate', 'secret'] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="kind" checked={kind === one} onChange={() => setKind(one)} />
            {one === 'certificate' ? 'Certificate (better)' : 'Client secret'}
          </label>
        ))}
      </fieldset>
      {kind === 'secret' ? (
        <Field name="secret" label="Secret" required type="password" />
      ) : (
        <>
          <Area name="certificate" label="Certificate (PEM)" />
          <Area name="key" label="Private key (PEM)" />
        </>
      )}
      <details>
        <summary>Other clouds, or the simulator</summary>
        <Field name="graph" label="Graph address" />
        <Field name="login" label="Login address" />
      </details>
      {error ? <Failed error={error} /> : null}
      <button type="submit" className="primary" disabled={busy}>
        {busy ? 'Connecting…' : 'Connect'}
      </button>
    </form>
  )
}

export function Field({ name, label, required = false, type = 'text', hint, value, min, max }: { name: string; label: string; required?: boolean; type?: string; hint?: string; value?: string | number; min?: number; max?: number }) {
  return (
    <div className="field">
      <label htmlFor={`f-${name}`}>{label}</label>
      <input id={`f-${name}`} name={name} type={type} required={required} autoComplete="off" defaultValue={value} min={min} max={max} step={type === 'number' ? 'any' : undefined} aria-describedby={hint ? `h-${name}` : undefined} />
      {hint ? (
        <p className="faint" id={`h-${name}`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}

function Area({ name, label }: { name: string; label: string }) {
  return (
    <div className="field">
      <label htmlFor={`f-${name}`}>{label}</label>
      <textarea id={`f-${name}`} name={name} rows={3} required spellCheck={false} />
    </div>
  )
}
