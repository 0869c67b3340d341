import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, useRouterState } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import type { Schemas } from './api/client'
import { session } from './api/queries'
import type { SupportSearch } from './lib/support'
import { SignIn } from './pages/signin'
import { Home } from './pages/home'
import { Overview } from './pages/overview'
import { Rollouts } from './pages/rollouts'
import { Rollout } from './pages/rollout'
import { Failed, Skeleton } from './ui/basics'
import { Page } from './ui/page'
import { Shell } from './ui/shell'

/** Only strings come out of an address; whatever else is in it is dropped. */
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
const number = (value: unknown): number | undefined => {
  const read = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : Number.NaN
  return Number.isFinite(read) ? read : undefined
}
/** Leaves out what is not there, so that addresses stay short. */
function some<T extends object>(all: T): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T
}

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: ({ error }) => <Failed error={error as Error} retry={() => window.location.reload()} />,
})

function Root() {
  const query = useQuery(session)
  if (query.data === undefined) return query.error ? <Away error={query.error} retry={() => void query.refetch()} /> : <Skeleton rows={1} label="Looking who is signed in" />
  if (!query.data.signed_in) return <SignIn session={query.data} />
  return <Tenanted />
}

function Away({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <main className="alone">
      <Failed error={error} retry={retry} />
    </main>
  )
}

function Tenanted() {
  const tenant = useRouterState({ select: (state) => /^\/t\/([^/]+)/.exec(state.location.pathname)?.[1] })
  return <Shell tenant={tenant} />
}

function NotFound() {
  return (
    <Page title="There is no such page">
      <p>
        It may have been an address of another version. <Link to="/">To the overview</Link>
      </p>
    </Page>
  )
}

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home })
const tenant = createRoute({ getParentRoute: () => root, path: '/t/$tenant' })
const page = <P extends string>(path: P, component: () => React.ReactNode) => createRoute({ getParentRoute: () => tenant, path, component })
const later = <P extends string>(path: P, load: () => Promise<Record<string, () => React.ReactNode>>, name: string) =>
  createRoute({ getParentRoute: () => tenant, path, component: lazyRouteComponent(load, name as never) })

const overview = page('/', Overview)
export const rolloutsRoute = createRoute({
  getParentRoute: () => tenant,
  path: '/rollouts',
  component: Rollouts,
  validateSearch: (search: Record<string, unknown>): { show?: 'all' } => some({ show: search['show'] === 'all' ? ('all' as const) : undefined }) as { show?: 'all' },
})
export const rolloutRoute = createRoute({
  getParentRoute: () => tenant,
  path: '/rollouts/$rollout',
  component: Rollout,
  validateSearch: (search: Record<string, unknown>): { tab?: string; ring?: number; at?: string; kinds?: string } =>
    some({ tab: text(search['tab']), ring: number(search['ring']), at: text(search['at']), kinds: text(search['kinds']) }) as { tab?: string },
})
const plan = later('/rollouts/$rollout/plan', () => import('./pages/rollout/plan'), 'PlanPage')
const ring = later('/rollouts/$rollout/rings/$ring', () => import('./pages/ring'), 'RingPage')
const deviceSearch = (search: Record<string, unknown>): DeviceAddress =>
  some({
    filter: text(search['filter']),
    name: text(search['name']),
    standing: text(search['standing']),
    reason: text(search['reason']),
    rollout: text(search['rollout']),
    state: text(search['state']) as Schemas['AttemptState'] | undefined,
    ring_set: text(search['ring_set']),
    ring: number(search['ring']),
    model: text(search['model']),
    after: text(search['after']),
  })
export interface DeviceAddress {
  filter?: string | undefined
  name?: string | undefined
  standing?: string | undefined
  reason?: string | undefined
  rollout?: string | undefined
  state?: Schemas['AttemptState'] | undefined
  ring_set?: string | undefined
  ring?: number | undefined
  model?: string | undefined
  after?: string | undefined
}
const devices = createRoute({
  getParentRoute: () => tenant,
  path: '/devices',
  validateSearch: deviceSearch,
  component: lazyRouteComponent(() => import('./pages/devices'), 'Devices'),
})
const device = later('/devices/$device', () => import('./pages/device'), 'DevicePage')
const updates = createRoute({
  getParentRoute: () => tenant,
  path: '/updates',
  validateSearch: (search: Record<string, unknown>): { kind?: string; old?: string } => some({ kind: text(search['kind']), old: text(search['old']) }) as { kind?: string; old?: string },
  component: lazyRouteComponent(() => import('./pages/updates'), 'Updates'),
})
const releases = later('/releases', () => import('./pages/releases'), 'Releases')
const newRelease = createRoute({
  getParentRoute: () => tenant,
  path: '/releases/new',
  validateSearch: (search: Record<string, unknown>): { update?: string; plan?: string } => some({ update: text(search['update']), plan: text(search['plan']) }) as { update?: string; plan?: string },
  component: lazyRouteComponent(() => import('./pages/newrelease'), 'NewRelease'),
})
const ringSets = later('/ring-sets', () => import('./pages/ringsets'), 'RingSets')
const ringSet = later('/ring-sets/$ringSet', () => import('./pages/ringset'), 'RingSetPage')
const approvals = later('/approvals', () => import('./pages/approvals'), 'Approvals')
const calendar = later('/calendar', () => import('./pages/calendar'), 'Calendar')
const policies = later('/policies', () => import('./pages/policies'), 'Policies')
const readiness = later('/readiness', () => import('./pages/readiness'), 'Readiness')
const audit = createRoute({
  getParentRoute: () => tenant,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>): { actor?: string; kind?: string; after?: string } =>
    some({ actor: text(search['actor']), kind: text(search['kind']), after: text(search['after']) }) as { actor?: string },
  component: lazyRouteComponent(() => import('./pages/audit'), 'Audit'),
})
const access = later('/access', () => import('./pages/access'), 'Access')
const health = later('/health', () => import('./pages/health'), 'Health')
const connection = later('/connection', () => import('./pages/connection'), 'ConnectionPage')
const reports = createRoute({
  getParentRoute: () => tenant,
  path: '/reports',
  validateSearch: (search: Record<string, unknown>): { set?: string; ring?: string } => some({ set: text(search['set']), ring: text(search['ring']) }) as { set?: string; ring?: string },
  component: lazyRouteComponent(() => import('./pages/reports'), 'Reports'),
})
/** Of a report: its rows, and of `trending` the chart. */
export interface ReportAddress {
  filter?: string | undefined
  order?: string | undefined
  columns?: string | undefined
  after?: string | undefined
  set?: string | undefined
  ring?: string | undefined
}
const report = createRoute({
  getParentRoute: () => tenant,
  path: '/reports/$report',
  validateSearch: (search: Record<string, unknown>): ReportAddress =>
    some({ filter: text(search['filter']), order: text(search['order']), columns: text(search['columns']), after: text(search['after']), set: text(search['set']), ring: text(search['ring']) }),
  component: lazyRouteComponent(() => import('./pages/report'), 'ReportPage'),
})
export interface AlertAddress {
  severity?: string | undefined
  kind?: string | undefined
  show?: 'all' | undefined
  after?: string | undefined
}
const alerts = createRoute({
  getParentRoute: () => tenant,
  path: '/alerts',
  validateSearch: (search: Record<string, unknown>): AlertAddress =>
    some({ severity: text(search['severity']), kind: text(search['kind']), show: search['show'] === 'all' ? ('all' as const) : undefined, after: text(search['after']) }),
  component: lazyRouteComponent(() => import('./pages/alerts'), 'Alerts'),
})
export interface SupportAddress extends SupportSearch {
  /** Opens the form of a new request. */
  file?: 'yes' | undefined
  after?: string | undefined
}
const support = createRoute({
  getParentRoute: () => tenant,
  path: '/support',
  validateSearch: (search: Record<string, unknown>): SupportAddress =>
    some({
      status: text(search['status']),
      severity: text(search['severity']),
      text: text(search['text']),
      late: search['late'] === 'yes' ? ('yes' as const) : undefined,
      file: search['file'] === 'yes' ? ('yes' as const) : undefined,
      after: text(search['after']),
    }),
  component: lazyRouteComponent(() => import('./pages/support'), 'Support'),
})
const supportRequest = later('/support/$request', () => import('./pages/support/request'), 'SupportRequestPage')
export interface LetterAddress {
  state?: 'pending' | 'delivered' | 'given_up' | undefined
  kind?: string | undefined
  after?: string | undefined
}
const notifications = createRoute({
  getParentRoute: () => tenant,
  path: '/notifications',
  validateSearch: (search: Record<string, unknown>): LetterAddress =>
    some({ state: text(search['state']) as LetterAddress['state'], kind: text(search['kind']), after: text(search['after']) }),
  component: lazyRouteComponent(() => import('./pages/notifications'), 'Notifications'),
})
const letter = later('/notifications/$letter', () => import('./pages/notifications/letter'), 'LetterPage')
const alert = later('/alerts/$alert', () => import('./pages/alerts'), 'AlertPage')

const tree = root.addChildren([
  home,
  tenant.addChildren([
    overview,
    rolloutsRoute,
    rolloutRoute,
    plan,
    ring,
    devices,
    device,
    updates,
    releases,
    newRelease,
    ringSets,
    ringSet,
    approvals,
    calendar,
    policies,
    readiness,
    audit,
    access,
    health,
    connection,
    reports,
    report,
    alerts,
    alert,
    support,
    supportRequest,
    notifications,
    letter,
  ]),
])

const make = () => createRouter({ routeTree: tree, defaultPreload: 'intent', defaultPendingMs: 300, defaultPendingComponent: () => <Skeleton /> })
export const makeRouter = (): ReturnType<typeof make> => make()

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof make>
  }
}
