import { useQuery } from '@tanstack/react-query'
import { Link, Navigate } from '@tanstack/react-router'
import { useState } from 'react'
import { rollouts, tenants, one } from '../api/queries'
import { send, type Schemas } from '../api/client'
import { count } from '../lib/format'
import { connectionLook, isOver } from '../lib/states'
import { Command, Loaded, Panel, State, Table, Time } from '../ui/basics'
import { ConnectForm } from '../ui/connect'
import { Page } from '../ui/page'
import { useMay } from '../lib/session'

/** All tenants; with one, that one; with none, the way to the first. */
export function Home() {
  const query = useQuery(tenants)
  return (
    <Loaded query={query}>
      {(all) => {
        const only = all.length === 1 ? all[0] : undefined
        if (only) return <Navigate to="/t/$tenant" params={{ tenant: only.id }} replace />
        return all.length === 0 ? <FirstStart /> : <Tenants all={all} />
      }}
    </Loaded>
  )
}

function Tenants({ all }: { all: readonly Schemas['Tenant'][] }) {
  return (
    <Page title="All tenants" lead={`${count(all.length)} tenants`}>
      <Panel title="Tenants">
        <Table caption="Tenants" head={['Tenant', 'Connection', '#Not ready', '#Rollouts under way', '#Paused', 'Devices read']}>
          {all.map((tenant) => (
            <Row key={tenant.id} tenant={tenant} />
          ))}
        </Table>
      </Panel>
      <AddTenant />
    </Page>
  )
}

function Row({ tenant }: { tenant: Schemas['Tenant'] }) {
  const running = (useQuery(rollouts(tenant.id)).data ?? []).filter((one) => !isOver(one.phase.name))
  const registration = useQuery(one(tenant.id, 'registration')).data
  const ready = registration?.standings.find((standing) => standing.name === 'ready')?.devices ?? 0
  const paused = running.filter((one) => one.phase.name === 'paused' || one.pauses.length > 0).length
  return (
    <tr data-row>
      <th scope="row">
        <Link to="/t/$tenant" params={{ tenant: tenant.id }}>
          {tenant.name}
        </Link>
      </th>
      <td>
        <State look={connectionLook(tenant.connection.state)} />
      </td>
      <td className="n">{registration ? `${count(registration.devices - ready)} of ${count(registration.devices)}` : '…'}</td>
      <td className="n">{count(running.length)}</td>
      <td className="n">{count(paused)}</td>
      <td>
        <Time at={tenant.observed_to} />
      </td>
    </tr>
  )
}

function AddTenant() {
  const [open, setOpen] = useState(false)
  const { allowed } = useMay('administer')
  if (!allowed) return null
  return open ? (
    <Panel title="Connect a tenant">
      <ConnectForm submit={(body) => send('post', '/api/v1/tenants', { body })} named />
    </Panel>
  ) : (
    <button type="button" onClick={() => setOpen(true)}>
      Connect a tenant…
    </button>
  )
}

function FirstStart() {
  const { allowed, why } = useMay('administer')
  return (
    <Page title="Welcome" lead="Concentric walks Windows updates through the rings of a fleet: it offers, watches, and stops what goes wrong. It needs a tenant to serve.">
      <div className="columns">
        <Panel title="Try it on a simulated fleet">
          <p>A tenant of 10,000 devices, with a release that walks through its rings in a minute. Nothing of yours is touched.</p>
          <Command label="In a terminal" text="concentric demo" />
          <p className="faint">
            Other endings: <code>--scenario bad-update</code>, <code>bad-model</code>, <code>silent</code>. The demo prints its own address.
          </p>
        </Panel>
        <Panel title="Connect your tenant">
          {allowed ? (
            <>
              <ol className="steps">
                <li>Register an application in Entra, and give it a certificate or a secret.</li>
                <li>Grant it the Graph permissions that docs/permissions.md lists.</li>
                <li>Fill this in. Readiness then says what is missing, check by check.</li>
              </ol>
              <ConnectForm submit={(body) => send('post', '/api/v1/tenants', { body })} named />
            </>
          ) : (
            <p>{why}</p>
          )}
        </Panel>
      </div>
    </Page>
  )
}
