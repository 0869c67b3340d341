/* Whether the service answers. Fed by requests and by the stream; the banner reads it. */
import { useSyncExternalStore } from 'react'

interface Standing {
  connected: boolean
  /** By our own clock: when it was last heard of. */
  heardAt: number
}

let standing: Standing = { connected: true, heardAt: Date.now() }
const listeners = new Set<() => void>()

export function setConnected(connected: boolean): void {
  const changed = connected !== standing.connected
  if (!changed && connected && Date.now() - standing.heardAt < 1000) return
  standing = { connected, heardAt: connected ? Date.now() : standing.heardAt }
  if (changed) for (const tell of listeners) tell()
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

export const useConnection = (): Standing => useSyncExternalStore(subscribe, () => standing)
