import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, send, type Schemas } from '../../api/client'
import { FOR_A_FORM } from '../../api/queries'
import { curl } from '../../lib/commands'
import { CHANNEL_KINDS, NEW_CHANNEL, channelBody, channelCommand, channelDraft, type ChannelDraft } from '../../lib/told'
import { Loaded, State } from '../../ui/basics'
import { Dialog } from '../../ui/dialog'
import { Area, Radios, Text } from '../../ui/fields'
import { FormDialog } from '../../ui/formdialog'
import { WantsFields } from './wants'

const S = '/api/v1/tenants/{tenant}/notification-channels'

/** A new channel, or another one in the place of `channel`, which is read first: the change is held against that. */
export function ChannelForm({ tenant, channel, onClose }: { tenant: string; channel?: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['t', tenant, 'notification-channels', channel, 'edit'],
    queryFn: () => get(`${S}/{channel}`, { path: { tenant, channel: channel ?? '' } }),
    enabled: channel !== undefined,
    ...FOR_A_FORM,
  })
  if (channel === undefined) return <Form tenant={tenant} onClose={onClose} />
  if (query.data) return <Form tenant={tenant} channel={query.data} onClose={onClose} />
  return (
    <Dialog title="Edit the channel" onClose={onClose}>
      <Loaded query={query}>{() => null}</Loaded>
    </Dialog>
  )
}

function Form({ tenant, channel, onClose }: { tenant: string; channel?: Schemas['Channel']; onClose: () => void }) {
  const [draft, setDraft] = useState<ChannelDraft>(() => (channel ? channelDraft(channel) : NEW_CHANNEL))
  const [looked, setLooked] = useState(false)
  const set = (change: Partial<ChannelDraft>): void => {
    setDraft({ ...draft, ...change })
    setLooked(false)
  }
  const body = channelBody(draft)
  const path = { tenant, channel: channel?.id ?? '' }
  const ask = (query: { validate_only?: boolean }): Promise<unknown> => (channel ? send('put', `${S}/{channel}`, { path, body, query }) : send('post', S, { path, body, query }))
  const shown = { ...body, ...(draft.kind !== 'email' && draft.url ? { to: { kind: draft.kind, url: '…' } } : {}) }
  return (
    <FormDialog
      title={channel ? `Edit ${channel.name}` : 'New channel'}
      verb={channel ? 'Save the channel' : 'Add the channel'}
      ability="administer"
      done={`${draft.name} is ${channel ? 'saved' : 'added'}.`}
      look={{
        verb: 'Check',
        run: async () => {
          await ask({ validate_only: true })
          setLooked(true)
        },
      }}
      submit={() => ask({})}
      seen={looked ? <State look={{ word: 'It would be accepted', icon: 'check', tone: 'good' }} /> : null}
      curl={() => curl(channel ? 'PUT' : 'POST', `/api/v1/tenants/${tenant}/notification-channels${channel ? `/${channel.id}` : ''}`, shown)}
      cli={channelCommand(draft, channel?.name)}
      onClose={onClose}
    >
      {channel ? null : <Radios legend="What it is" value={draft.kind} onChange={(kind) => set({ kind })} options={CHANNEL_KINDS} />}
      <Text label="Name" value={draft.name} onChange={(name) => set({ name })} required max={100} />
      {draft.kind === 'email' ? (
        <Area label="E-mail addresses" value={draft.to} onChange={(to) => set({ to })} required hint="One to a line; each gets an e-mail of its own." />
      ) : (
        <Text
          label="Address of the webhook"
          value={draft.url}
          onChange={(url) => set({ url })}
          type="password"
          required={channel === undefined}
          max={2000}
          hint={
            channel
              ? `Empty: it stays as it is, at ${channel.host ?? 'its host'}. It is never shown.`
              : draft.kind === 'teams'
                ? 'Make a workflow from “Post to a channel when a webhook request is received”. Whoever knows the address may post, so it is never shown again.'
                : 'Of an incoming webhook. Whoever knows the address may post, so it is never shown again.'
          }
        />
      )}
      <WantsFields draft={draft} set={set} />
      <Text label="Reason (kept in the history)" value={draft.reason} onChange={(reason) => set({ reason })} max={500} />
    </FormDialog>
  )
}
