import { useQueryClient } from '@tanstack/react-query'
import { useId, useState, type ReactNode } from 'react'
import { changed } from '../api/queries'
import { useMay, useTenantId } from '../lib/session'
import type { Ability } from '../lib/access'
import { ActDialog, type Ask } from './dialog'
import { useSay } from './toast'

/** A button that asks before it acts. When it cannot be done, it says why instead of hiding. */
export function Act({
  ask,
  ability,
  ringSet,
  blocked,
  tone = '',
  children,
}: {
  ask: () => Ask
  ability: Ability
  ringSet?: string
  /** Why it cannot be done now, whoever asks. */
  blocked?: string | undefined
  tone?: string
  children: ReactNode
}) {
  const [open, setOpen] = useState(false)
  const { allowed, why } = useMay(ability, ringSet)
  const reason = allowed ? blocked : why
  const id = useId()
  return (
    <>
      <button
        type="button"
        className={tone}
        aria-disabled={reason !== undefined && reason !== ''}
        aria-describedby={reason ? id : undefined}
        title={reason || undefined}
        onClick={() => {
          if (!reason) setOpen(true)
        }}
      >
        {children}
      </button>
      {reason ? (
        <span className="sr" id={id}>
          {reason}
        </span>
      ) : null}
      {open ? <Asking ask={ask()} onClose={() => setOpen(false)} /> : null}
    </>
  )
}

export function Asking({ ask, onClose, onDone }: { ask: Ask; onClose: () => void; onDone?: () => void }) {
  const client = useQueryClient()
  const tenant = useTenantId()
  const { say } = useSay()
  return (
    <ActDialog
      ask={ask}
      onClose={onClose}
      onDone={(text) => {
        say(text)
        void changed(client, tenant)
        onDone?.()
      }}
    />
  )
}
