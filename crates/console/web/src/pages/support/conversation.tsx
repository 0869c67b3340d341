import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent, type ReactNode } from 'react'
import { send, type Schemas } from '../../api/client'
import { changed } from '../../api/queries'
import { now } from '../../lib/clock'
import { cli, curl } from '../../lib/commands'
import { useMay } from '../../lib/session'
import { commentBlocked, supportStatusLook } from '../../lib/support'
import { CopyButton, Failed, Panel, State, Time } from '../../ui/basics'
import { Area } from '../../ui/fields'
import { useSay } from '../../ui/toast'

type Detail = Schemas['SupportRequestDetail']

/** What was said and done, oldest first, and the answer to it. */
export function Conversation({ tenant, request }: { tenant: string; request: Detail }) {
  return (
    <Panel title="Conversation">
      <ol className="talk">
        <Said author={request.requester} at={request.created_at} what="filed it" text={request.description} />
        {request.conversation.map((note) => (
          <Said
            key={note.id}
            author={note.author}
            at={note.at}
            what={
              <>
                {note.status ? <State look={supportStatusLook(note.status)} quiet /> : null}
                {note.assignee ? <span>gave it to {note.assignee}</span> : null}
              </>
            }
            text={note.text}
          />
        ))}
      </ol>
      <Reply tenant={tenant} request={request} />
    </Panel>
  )
}

function Said({ author, at, what, text }: { author: string; at: string; what?: ReactNode; text: string | null | undefined }) {
  return (
    <li>
      <p className="row">
        <strong>{author}</strong>
        <span className="faint small-text">
          <Time at={at} />
        </span>
        {what}
      </p>
      {text ? <p className="words">{text}</p> : null}
    </li>
  )
}

function Reply({ tenant, request }: { tenant: string; request: Detail }) {
  const client = useQueryClient()
  const { say } = useSay()
  const { allowed, why } = useMay('operate')
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const blocked = allowed ? commentBlocked(request, now()) : why
  if (blocked) return <p className="faint">{blocked}</p>
  const body = { text: text.trim() }
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await send('post', '/api/v1/tenants/{tenant}/support-requests/{support_request}/comments', { path: { tenant, support_request: request.id }, body })
      setText('')
      say('The comment is part of the conversation.')
      await changed(client, tenant)
    } catch (cause) {
      setError(cause as Error)
    }
    setBusy(false)
  }
  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      <Area label="Comment" value={text} onChange={setText} required max={4000} hint={request.status === 'waiting' ? `It waits for ${request.requester}: their answer ends that.` : undefined} />
      {error ? <Failed error={error} /> : null}
      <div className="buttons">
        <button type="submit" className="primary" disabled={busy || body.text === ''}>
          {busy ? 'Sending…' : 'Say it'}
        </button>
        <span className="spring" />
        <CopyButton text={cli('support', 'comment', request.id, body.text || '…')} label="Copy as CLI: what is said">
          Copy as CLI
        </CopyButton>
        <CopyButton text={curl('POST', `/api/v1/tenants/${tenant}/support-requests/${request.id}/comments`, body)} label="Copy as curl: what is said">
          Copy as curl
        </CopyButton>
      </div>
    </form>
  )
}
