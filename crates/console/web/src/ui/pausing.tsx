import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { rollout as rolloutQuery, tenants } from '../api/queries'
import type { Schemas } from '../api/client'
import { isOver } from '../lib/states'
import { usePauseAsk } from '../lib/acts'
import { TenantContext, useMay, useTenant, useTenantId } from '../lib/session'
import { Asking } from './act'
import { Loaded } from './basics'
import { Dialog } from './dialog'

/** One key and one reason from everywhere: `p`. Where no tenant is on screen, it is asked for first. */
export function PauseDialog({ rolloutId, onClose }: { rolloutId: string | undefined; onClose: () => void }) {
  const tenant = useTenantId()
  const [chosen, setChosen] = useState<string>()
  if (tenant !== '') return <Within rolloutId={rolloutId} onClose={onClose} />
  if (chosen === undefined) return <Which onChoose={setChosen} onClose={onClose} />
  return (
    <TenantContext value={chosen}>
      <Within rolloutId={undefined} onClose={onClose} />
    </TenantContext>
  )
}

function Which({ onChoose, onClose }: { onChoose: (tenant: string) => void; onClose: () => void }) {
  const query = useQuery(tenants)
  return (
    <Dialog title="Pause: which tenant?" onClose={onClose}>
      <Loaded query={query} rows={2}>
        {(all) =>
          all.length === 0 ? (
            <p>No tenant is served: there is nothing to pause.</p>
          ) : (
            <div className="buttons">
              {all.map((one, at) => (
                <button key={one.id} type="button" className="hold" onClick={() => onChoose(one.id)} {...(at === 0 ? { 'data-focus': true } : {})}>
                  {one.name}…
                </button>
              ))}
            </div>
          )
        }
      </Loaded>
    </Dialog>
  )
}

function Within({ rolloutId, onClose }: { rolloutId: string | undefined; onClose: () => void }) {
  const tenant = useTenantId()
  const query = useQuery({ ...rolloutQuery(tenant, rolloutId ?? ''), enabled: rolloutId !== undefined })
  const { allowed, why } = useMay('pause', query.data?.ring_set_id)
  if (!allowed) {
    return (
      <Dialog title="Pause" onClose={onClose}>
        <p>{why}</p>
      </Dialog>
    )
  }
  if (rolloutId !== undefined && query.isPending) return null
  const open = query.data && !isOver(query.data.phase.name) ? query.data : undefined
  return <PauseForm rollout={open} onClose={onClose} />
}

function PauseForm({ rollout, onClose }: { rollout: Schemas['Rollout'] | undefined; onClose: () => void }) {
  const tenant = useTenantId()
  const name = useTenant()?.name ?? 'this tenant'
  const ask = usePauseAsk(tenant, name, rollout)
  return <Asking ask={ask} onClose={onClose} />
}
