import { useId, useState, type ReactNode } from 'react'
import type { Ability } from '../lib/access'
import { useMay } from '../lib/session'

/** A button that opens a dialog, for whoever may do what it is for; others are told what it takes. */
export function Opens({
  label,
  ability,
  ringSet,
  blocked,
  tone = 'primary',
  start = false,
  children,
}: {
  label: ReactNode
  ability: Ability
  ringSet?: string
  /** Why it cannot be done now, whoever asks. */
  blocked?: string | undefined
  tone?: string
  /** Open from the beginning, because the address says so. */
  start?: boolean
  children: (close: () => void) => ReactNode
}) {
  const [open, setOpen] = useState(start)
  const { allowed, why } = useMay(ability, ringSet)
  const reason = allowed ? blocked : why
  const id = useId()
  return (
    <>
      <button type="button" className={tone} aria-disabled={Boolean(reason)} aria-describedby={reason ? id : undefined} title={reason || undefined} onClick={() => setOpen(!reason)}>
        {label}
      </button>
      {reason ? (
        <span className="sr" id={id}>
          {reason}
        </span>
      ) : null}
      {open && !reason ? children(() => setOpen(false)) : null}
    </>
  )
}
