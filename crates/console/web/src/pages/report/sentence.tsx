import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { reportPage, tenantHealth } from '../../api/queries'
import type { Schemas } from '../../api/client'
import { count, devices, percent } from '../../lib/format'
import type { Cell } from '../../lib/reports'

/** What the rows come to, each number with the rows it counts. */
export function Sentence({ tenant, report }: { tenant: string; report: string }) {
  switch (report) {
    case 'quality-status':
    case 'feature-status':
    case 'ineligible-devices':
    case 'compliance':
      return <OfFleet tenant={tenant} report={report} />
    case 'exposure':
      return <Worst tenant={tenant} />
    case 'holds':
      return <Held tenant={tenant} />
    case 'release-history':
      return <Ended tenant={tenant} />
    default:
      return null
  }
}

function Rows({ tenant, report, filter, children }: { tenant: string; report: string; filter: string; children: ReactNode }) {
  return (
    <Link to="/t/$tenant/reports/$report" params={{ tenant, report }} search={{ filter }}>
      {children}
    </Link>
  )
}

function OfFleet({ tenant, report }: { tenant: string; report: string }) {
  const health = useQuery(tenantHealth(tenant)).data
  if (!health) return null
  return <p className="summary">{fleetWords(tenant, report, health)}</p>
}

function fleetWords(tenant: string, report: string, health: Schemas['Health']): ReactNode {
  const rows = (filter: string, text: string): ReactNode => (
    <Rows tenant={tenant} report={report} filter={filter}>
      {text}
    </Rows>
  )
  switch (report) {
    case 'quality-status':
      return (
        <>
          {rows('status=up_to_date', count(health.up_to_date))} of {devices(health.devices)} are up to date ({percent(health.up_to_date, health.devices)}); {rows('status=in_progress', count(health.in_progress))} are on
          their way, {rows('status=paused', count(health.paused))} stand still, {rows('status=not_up_to_date', count(health.not_up_to_date))} are behind.
        </>
      )
    case 'feature-status':
      return (
        <>
          {count(health.feature.met)} of {count(health.feature.eligible)} devices that are measured run a Windows version in service; {health.feature.target_percent} % must. {rows('in_service=false', 'Those that do not')}.
        </>
      )
    case 'ineligible-devices':
      return (
        <>
          {rows('readiness=not_ready', count(health.not_ready))} {health.not_ready === 1 ? 'device is' : 'devices are'} registered and not served for now; {rows('readiness!=not_ready', count(health.not_registered))}{' '}
          {health.not_registered === 1 ? 'is' : 'are'} not registered.
        </>
      )
    default: {
      const all = [health, ...health.ring_sets, ...health.ring_sets.flatMap((set) => set.rings)].flatMap((one) => [one.quality, one.feature])
      const missed = [...all, health.microsoft_365_apps].filter((one) => one.eligible > 0 && !one.holds).length
      return missed === 0 ? 'Every objective is met.' : <>{rows('holds=false', `${count(missed)} ${missed === 1 ? 'objective is' : 'objectives are'} missed`)}, by tenant, ring set or ring.</>
    }
  }
}

const text = (cell: Cell): string => String(cell ?? '')

/** The ring with the most devices without an update that closes something. */
function Worst({ tenant }: { tenant: string }) {
  const page = useQuery(reportPage(tenant, 'exposure', { order_by: 'exposed desc' }, 1)).data
  const row = page?.items[0] as Record<string, Cell> | undefined
  if (!page) return null
  if (!row || Number(row['exposed']) === 0) return <p className="summary">No registered device lacks an update that closes a known vulnerability.</p>
  const exploited = Number(row['exploited'])
  return (
    <p className="summary">
      Most exposed: {devices(Number(row['exposed']))} of {text(row['ring'])} lack {text(row['update'])}, out for {text(row['exposed_days'])} days
      {exploited > 0 ? `; it closes ${count(exploited)} that ${exploited === 1 ? 'is' : 'are'} being exploited` : ''}.
    </p>
  )
}

function Held({ tenant }: { tenant: string }) {
  const page = useQuery(reportPage(tenant, 'holds', { order_by: 'since' }, 500)).data
  if (!page) return null
  const kinds = new Map<string, number>()
  for (const row of page.items as Record<string, Cell>[]) kinds.set(text(row['kind']), (kinds.get(text(row['kind'])) ?? 0) + 1)
  if (kinds.size === 0) return null
  return (
    <p className="summary">
      {[...kinds].map(([kind, rows], at) => (
        <span key={kind}>
          {at > 0 ? ', ' : ''}
          <Rows tenant={tenant} report="holds" filter={`kind=${kind}`}>
            {count(rows)} {kind.replaceAll('_', ' ')}
            {rows === 1 ? '' : 's'}
          </Rows>
        </span>
      ))}
      {page.next_page_token ? ', and more' : ''}.
    </p>
  )
}

function Ended({ tenant }: { tenant: string }) {
  const page = useQuery(reportPage(tenant, 'release-history', { order_by: 'created_at desc' }, 500)).data
  if (!page || page.items.length === 0) return null
  const of = (...phases: string[]): number => (page.items as Record<string, Cell>[]).filter((row) => phases.includes(text(row['phase']))).length
  const rows = (phase: string, words: string): ReactNode => (
    <Rows tenant={tenant} report="release-history" filter={`phase=${phase}`}>
      {words}
    </Rows>
  )
  return (
    <p className="summary">
      {count(page.items.length)}
      {page.next_page_token ? ' of the newest' : ''} {page.items.length === 1 ? 'rollout' : 'rollouts'}: {rows('completed', `${count(of('completed'))} completed`)}, {rows('rolled_back', `${count(of('rolled_back'))} rolled back`)}, {rows('cancelled', `${count(of('cancelled'))} cancelled`)}.
    </p>
  )
}
