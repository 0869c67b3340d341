import { useQuery } from '@tanstack/react-query'
import { notificationTopics } from '../../api/queries'
import { words } from '../../lib/format'
import { FOCUS, LEAST, type ContactDraft } from '../../lib/told'
import { Check, Select, Some } from '../../ui/fields'

type Draft = Pick<ContactDraft, 'focus' | 'least' | 'topics' | 'digest' | 'enabled'>

/** What somebody is to be told. */
export function WantsFields({ draft, set }: { draft: Draft; set: (change: Partial<Draft>) => void }) {
  const topics = useQuery(notificationTopics).data ?? []
  return (
    <>
      <Some legend="Sees to" value={draft.focus} onChange={(focus) => set({ focus })} options={FOCUS} />
      <Select label="Is told" value={draft.least} onChange={(least) => set({ least })} options={LEAST} />
      <details open={draft.topics.length > 0}>
        <summary>Only some sorts of messages ({draft.topics.length === 0 ? 'all' : draft.topics.length})</summary>
        <Some legend="None chosen: all of them" value={draft.topics} onChange={(chosen) => set({ topics: chosen })} options={topics.map((one) => [one.topic, words(one.topic)] as const)} />
      </details>
      <Check label="Once a day, at 06:00 UTC; what is critical comes at once" value={draft.digest} onChange={(digest) => set({ digest })} />
      <Check label="Enabled: it is told what happens" value={draft.enabled} onChange={(enabled) => set({ enabled })} />
    </>
  )
}
