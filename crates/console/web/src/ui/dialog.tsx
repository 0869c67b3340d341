import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { Failed, CopyButton } from './basics'

/** The platform's own modal: focus stays inside, Escape closes, what is behind cannot be reached. It stands at the end of
    the document, so that it looks the same wherever it is opened from. */
export function Dialog({ title, onClose, children, wide = false }: { title: string; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const element = dialog.current
    const before = document.activeElement
    if (element && !element.open) element.showModal()
    element?.querySelector<HTMLElement>('[data-focus]')?.focus()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return createPortal(
    <dialog
      ref={dialog}
      className={wide ? 'wide' : undefined}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose()
      }}
    >
      <div className="dialog-body">
        <header>
          <h2 id={heading}>{title}</h2>
          <button type="button" className="plain" onClick={onClose} aria-label="Close">
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>,
    document.body,
  )
}

export interface Ask {
  title: string
  /** What will happen, before it does. */
  explain: ReactNode
  /** The word on the button. */
  verb: string
  tone?: 'primary' | 'danger' | 'hold'
  reason: 'required' | 'optional' | 'none'
  /** To be typed where the act cannot be taken back. */
  typed?: string
  fields?: ReactNode
  cli?: (reason: string) => string
  curl?: (reason: string) => string
  submit: (reason: string) => Promise<unknown>
  /** Said when it worked. */
  done: string
}

/** Asks for a reason (Enter sends it), shows the same act as commands, and does it. Never optimistic. */
export function ActDialog({ ask, onClose, onDone }: { ask: Ask; onClose: () => void; onDone: (text: string) => void }) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const reasonId = useId()
  const typedId = useId()
  const missing = (ask.reason === 'required' && reason.trim() === '') || (ask.typed !== undefined && typed.trim() !== ask.typed)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (busy || missing) return
    setBusy(true)
    setError(undefined)
    try {
      await ask.submit(reason.trim())
      onDone(ask.done)
      onClose()
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
    }
  }
  return (
    <Dialog title={ask.title} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <div className="explain">{ask.explain}</div>
        {ask.fields}
        {ask.reason === 'none' ? null : (
          <div className="field">
            <label htmlFor={reasonId}>Reason{ask.reason === 'optional' ? ' (kept in the history)' : ''}</label>
            <input id={reasonId} data-focus value={reason} maxLength={1000} autoComplete="off" required={ask.reason === 'required'} onChange={(event) => setReason(event.target.value)} />
          </div>
        )}
        {ask.typed === undefined ? null : (
          <div className="field">
            <label htmlFor={typedId}>
              Type <code>{ask.typed}</code> to go on
            </label>
            <input id={typedId} value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
          </div>
        )}
        {error ? <Failed error={error} /> : null}
        <div className="buttons">
          <button type="submit" className={ask.tone ?? 'primary'} disabled={busy || missing} {...(ask.reason === 'none' ? { 'data-focus': true } : {})}>
            {busy ? 'Sending…' : ask.verb}
          </button>
          <button type="button" onClick={onClose}>
            Do nothing
          </button>
          <span className="spring" />
          {ask.cli ? (
            <CopyButton text={ask.cli(reason.trim())} label="Copy as CLI">
              Copy as CLI
            </CopyButton>
          ) : null}
          {ask.curl ? (
            <CopyButton text={ask.curl(reason.trim())} label="Copy as curl">
              Copy as curl
            </CopyButton>
          ) : null}
        </div>
      </form>
    </Dialog>
  )
}
