import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Schemas } from '../../api/client'
import { words } from '../../lib/format'

/** The thing that a request is about, and the way to it. */
export function About({ tenant, about }: { tenant: string; about: Schemas['SupportSubject'] }): ReactNode {
  return (
    <>
      <span className="faint">{words(about.kind)}</span> <Thing tenant={tenant} about={about} />
    </>
  )
}

function Thing({ tenant, about }: { tenant: string; about: Schemas['SupportSubject'] }): ReactNode {
  const { id, name } = about
  switch (about.kind) {
    case 'device':
      return (
        <Link to="/t/$tenant/devices/$device" params={{ tenant, device: id }}>
          {name}
        </Link>
      )
    case 'rollout':
      return (
        <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: id }}>
          {name}
        </Link>
      )
    case 'release':
      return (
        <Link to="/t/$tenant/releases" params={{ tenant }}>
          {name}
        </Link>
      )
    case 'ring_set':
      return (
        <Link to="/t/$tenant/ring-sets/$ringSet" params={{ tenant, ringSet: id }}>
          {name}
        </Link>
      )
    case 'alert':
      return (
        <Link to="/t/$tenant/alerts/$alert" params={{ tenant, alert: id }}>
          {name}
        </Link>
      )
    default:
      return <>{name}</>
  }
}
