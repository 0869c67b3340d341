import { createContext, use, useCallback, useMemo, useState, type ReactNode } from 'react'
import { Icon } from './icon'

interface Toast {
  id: number
  text: string
  alarm: boolean
}

interface Say {
  /** Polite: read out when there is a pause. */
  say: (text: string) => void
  /** At once. */
  alarm: (text: string) => void
}

const Context = createContext<Say>({ say: () => undefined, alarm: () => undefined })
export const useSay = (): Say => use(Context)

let counter = 0

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([])
  const drop = useCallback((id: number) => setToasts((all) => all.filter((one) => one.id !== id)), [])
  const add = useCallback(
    (text: string, alarm: boolean) => {
      counter += 1
      const id = counter
      setToasts((all) => [...all.slice(-3), { id, text, alarm }])
      // Alarms stay until somebody takes them away.
      if (!alarm) setTimeout(() => drop(id), 8_000)
    },
    [drop],
  )
  const value = useMemo<Say>(() => ({ say: (text) => add(text, false), alarm: (text) => add(text, true) }), [add])
  const show = (alarm: boolean): ReactNode =>
    toasts
      .filter((one) => one.alarm === alarm)
      .map((one) => (
        <div key={one.id} className={`toast ${alarm ? 'bad' : 'good'}`}>
          <Icon name={alarm ? 'warning' : 'check'} />
          <span>{one.text}</span>
          <button type="button" className="plain" aria-label="Dismiss" onClick={() => drop(one.id)}>
            ✕
          </button>
        </div>
      ))
  return (
    <Context value={value}>
      {children}
      <div className="toasts">
        <div role="status" aria-live="polite">
          {show(false)}
        </div>
        <div role="alert" aria-live="assertive">
          {show(true)}
        </div>
      </div>
    </Context>
  )
}
