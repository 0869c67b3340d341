/* Keeps what is on screen of one rollout fresh: its stream of events, read while the tab is looked at. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Schemas } from './client'
import { address } from './client'
import { events } from './queries'
import { follow } from './sse'
import { coalesce } from '../lib/coalesce'
import { setConnected } from '../lib/connection'

/** Puts events behind those known; repeated ones change nothing. */
export function append(known: readonly Schemas['Event'][], fresh: readonly Schemas['Event'][]): Schemas['Event'][] {
  const last = known.at(-1)?.seq ?? 0
  return [...known, ...fresh.filter((event) => event.seq > last)]
}

/** Works while somebody looks at the tab: a browser has few connections for one origin, and tabs in the background
    give theirs back. */
function whileLooked(work: (signal: AbortSignal) => Promise<void>, end: () => void): () => void {
  let stop: AbortController | undefined
  const looked = (): void => {
    if (document.hidden) {
      stop?.abort()
      stop = undefined
    } else if (!stop) {
      stop = new AbortController()
      void work(stop.signal)
    }
  }
  looked()
  document.addEventListener('visibilitychange', looked)
  return () => {
    document.removeEventListener('visibilitychange', looked)
    stop?.abort()
    end()
  }
}

/** Whatever happens in the tenant, that its lists are read anew at once. Off while a rollout is followed, so that a tab
    has one stream. */
export function useChanges(tenant: string | undefined, enabled: boolean): void {
  const client = useQueryClient()
  useEffect(() => {
    if (tenant === undefined || !enabled) return
    const read = coalesce(() => void client.invalidateQueries({ queryKey: ['t', tenant], predicate: ({ queryKey }) => AT_ONCE.has(String(queryKey[2])) }), 1_000)
    // Beyond what there can be: the answer is a reset with the number of the newest entry, and what follows it.
    let last = Number.MAX_SAFE_INTEGER
    return whileLooked(async (signal) => {
      await follow({
        url: address('/api/v1/tenants/{tenant}/events', { tenant }),
        after: last,
        onConnected: (connected) => {
          setConnected(connected)
          if (connected) read()
        },
        onMessage: ({ id }) => {
          if (id !== undefined) last = Number(id)
          read()
        },
        signal,
      })
    }, read.cancel)
  }, [client, tenant, enabled])
}

/** What a request or a decision may change at once. */
const AT_ONCE = new Set(['rollouts', 'pauses', 'rollout', 'approvals', 'freezes', 'plans', 'releases', 'holds', 'alerts', 'support-requests', 'support-desks', 'contacts', 'notification-channels', 'notifications', 'report-views', 'report-schedules'])

export function useLive(tenant: string, rollout: string): void {
  const client = useQueryClient()
  useEffect(() => {
    const key = events(tenant, rollout).queryKey
    const read = coalesce(() => {
      const stale = (predicate: string | undefined): Promise<void> =>
        client.invalidateQueries({ queryKey: ['t', tenant, 'rollout', rollout], predicate: ({ queryKey }) => queryKey[4] === predicate && queryKey.length <= 5 })
      void stale(undefined)
      void stale('explain')
      void stale('approvals')
      void client.invalidateQueries({ queryKey: ['t', tenant, 'rollouts'] })
    }, 250)
    let waiting: Schemas['Event'][] = []
    const write = coalesce(() => {
      const fresh = waiting
      waiting = []
      client.setQueryData<Schemas['Event'][]>(key, (known) => (known ? append(known, fresh) : known))
    }, 250)
    return whileLooked(
      async (signal) => {
        const known = await client.ensureQueryData(events(tenant, rollout)).catch(() => undefined)
        if (signal.aborted) return
        await follow({
          url: address('/api/v1/tenants/{tenant}/rollouts/{rollout}/events', { tenant, rollout }),
          after: known?.at(-1)?.seq ?? 0,
          onConnected: (connected) => {
            setConnected(connected)
            if (connected) read()
          },
          onMessage: ({ event, data }) => {
            if (event === 'reset') {
              // What we know is not what is there: all of it is read anew, and goes on from the id of the reset.
              waiting = []
              void client.resetQueries({ queryKey: key })
            } else {
              waiting.push(JSON.parse(data) as Schemas['Event'])
              write()
            }
            read()
          },
          signal,
        })
      },
      () => {
        read.cancel()
        write.cancel()
      },
    )
  }, [client, tenant, rollout])
}
