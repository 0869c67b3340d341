import { useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { send, type Schemas } from '../../api/client'
import { cli, curl } from '../../lib/commands'
import { CATEGORIES, SUPPORT_SEVERITIES, aboutFlags, subjectWords, type SupportCategory, type SupportSeverity } from '../../lib/support'
import { State } from '../../ui/basics'
import { Area, Radios, Select, Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'

const S = '/api/v1/tenants/{tenant}/support-requests'

/** A new request about a thing; afterwards its page. */
export function FileForm({
  tenant,
  about,
  name,
  category: usual,
  follows,
  onClose,
}: {
  tenant: string
  about: Schemas['SupportAbout']
  /** What the thing is called. */
  name: string
  category: SupportCategory
  /** The request that it goes on with. */
  follows?: Schemas['SupportRequest']
  /** `filed`: and the page is that of the request now. */
  onClose: (filed: boolean) => void
}) {
  const navigate = useNavigate()
  const [title, setTitle] = useState(follows?.title ?? '')
  const [severity, setSeverity] = useState<SupportSeverity>(follows?.severity ?? 'moderate')
  const [category, setCategory] = useState<SupportCategory>(follows?.category ?? usual)
  const [description, setDescription] = useState('')
  const [looked, setLooked] = useState(false)
  const filed = useRef(false)
  const body: Schemas['CreateSupportRequest'] = { title: title.trim(), severity, category, description: description.trim(), about, follows: follows?.id ?? null }
  const set = <T,>(change: (value: T) => void) => (value: T): void => {
    change(value)
    setLooked(false)
  }
  return (
    <FormDialog
      title={follows ? 'File another request' : 'File a support request'}
      verb="File it"
      ability="operate"
      done={`${title.trim()} is filed.`}
      look={{
        verb: 'Check',
        run: async () => {
          await send('post', S, { path: { tenant }, body, query: { validate_only: true } })
          setLooked(true)
        },
      }}
      submit={async () => {
        const made = await send('post', S, { path: { tenant }, body })
        filed.current = true
        void navigate({ to: '/t/$tenant/support/$request', params: { tenant, request: made.id } })
      }}
      seen={looked ? <State look={{ word: 'It would be accepted', icon: 'check', tone: 'good' }} /> : null}
      curl={() => curl('POST', `/api/v1/tenants/${tenant}/support-requests`, body)}
      cli={cli('support', 'create', body.title || '…', '--severity', severity, '--category', category, ...aboutFlags(about), '--description', body.description || '…', ...(follows ? ['--follows', follows.id] : []))}
      onClose={() => onClose(filed.current)}
    >
      <p>
        About {subjectWords(about.kind)} <strong>{name}</strong>
        {follows ? `; it follows “${follows.title}”` : ''}. What is known of it now is kept with the request, without secrets, and is never changed.
      </p>
      <Text label="What is the matter, in a line" value={title} onChange={set(setTitle)} required max={160} placeholder="Printing fails" />
      <Radios down legend="Severity" value={severity} onChange={set(setSeverity)} options={SUPPORT_SEVERITIES.map(([word, text, means]) => [word, `${text}: ${means}`] as const)} />
      <Select label="Category" value={category} onChange={set(setCategory)} options={CATEGORIES} />
      <Area label="What is the matter, and since when" value={description} onChange={set(setDescription)} required max={8000} rows={5} placeholder="Since the last wave, on all HP devices." />
    </FormDialog>
  )
}
