import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent, type ReactNode } from 'react'
import { changed } from '../api/queries'
import { useMay, useTenantId } from '../lib/session'
import type { Ability } from '../lib/access'
import { CopyButton, Failed } from './basics'
import { Dialog } from './dialog'
import { useSay } from './toast'

/** A form in a dialog: looked at by the service before it is sent, and never shown as done before it is. */
export function FormDialog({
  title,
  verb,
  ability,
  done,
  look,
  submit,
  seen,
  curl,
  cli,
  onClose,
  children,
}: {
  title: string
  verb: string
  ability: Ability
  /** Said when it worked. */
  done: string
  /** Has it judged without keeping anything. */
  look: { verb: string; run: () => Promise<unknown> }
  submit: () => Promise<unknown>
  /** What the look showed; none: it was not looked at, or has changed since. */
  seen: ReactNode
  curl: () => string
  cli?: string
  onClose: () => void
  children: ReactNode
}) {
  const [busy, setBusy] = useState<'no' | 'looking' | 'sending'>('no')
  const [error, setError] = useState<Error>()
  const client = useQueryClient()
  const tenant = useTenantId()
  const { allowed, why } = useMay(ability)
  const { say } = useSay()
  const run = async (what: 'looking' | 'sending', work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(what)
    setError(undefined)
    try {
      await work()
      return true
    } catch (cause) {
      setError(cause as Error)
      return false
    } finally {
      setBusy('no')
    }
  }
  const send = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const looks = (event.nativeEvent as SubmitEvent).submitter?.hasAttribute('data-look')
    if (looks) {
      await run('looking', look.run)
    } else if (await run('sending', submit)) {
      say(done)
      void changed(client, tenant)
      onClose()
    }
  }
  return (
    <Dialog title={title} onClose={onClose} wide>
      <form onSubmit={(event) => void send(event)}>
        {children}
        <div role="status">{seen}</div>
        {error ? <Failed error={error} /> : null}
        <div className="buttons">
          <button type="submit" className="primary" disabled={busy !== 'no' || !allowed} title={why || undefined}>
            {busy === 'sending' ? 'Sending…' : verb}
          </button>
          <button type="submit" data-look disabled={busy !== 'no'}>
            {busy === 'looking' ? 'Asking…' : look.verb}
          </button>
          <button type="button" onClick={onClose}>
            Do nothing
          </button>
          {allowed ? null : <span className="faint">{why}</span>}
          <span className="spring" />
          {cli ? (
            <CopyButton text={cli} label="Copy as CLI">
              Copy as CLI
            </CopyButton>
          ) : null}
          <CopyButton text={curl()} label="Copy as curl">
            Copy as curl
          </CopyButton>
        </div>
      </form>
    </Dialog>
  )
}
