import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useMatchRoute, useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { request } from '../api/client'
import { useChanges } from '../api/live'
import { session, tenants } from '../api/queries'
import { useConnection } from '../lib/connection'
import { relative } from '../lib/format'
import { useKeys } from '../lib/keys'
import { TenantContext } from '../lib/session'
import { setTheme, useTheme, type Theme } from '../lib/settings'
import { useTick } from './basics'
import { HelpDialog } from './help'
import { Icon } from './icon'
import { NAV } from './nav'
import { Palette } from './palette'
import { PauseDialog } from './pausing'

type Open = 'none' | 'palette' | 'pause' | 'help'

/** Everything around a page of a tenant. */
export function Shell({ tenant }: { tenant: string | undefined }) {
  const [open, setOpen] = useState<Open>('none')
  const [menu, setMenu] = useState(false)
  const navigate = useNavigate()
  const path = useRouterState({ select: (state) => state.location.pathname })
  const main = useRef<HTMLElement>(null)
  const seen = useRef(path)
  const match = useMatchRoute()
  const inRollout = match({ to: '/t/$tenant/rollouts/$rollout', fuzzy: true })
  const rolloutId = inRollout && inRollout.rollout !== 'new' ? inRollout.rollout : undefined
  useEffect(() => {
    if (seen.current === path) return
    seen.current = path
    setMenu(false)
    main.current?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
  }, [path])
  useChanges(tenant, rolloutId === undefined)
  useKeys({
    palette: () => setOpen('palette'),
    pause: () => setOpen('pause'),
    help: () => setOpen('help'),
    go: (key) => {
      const place = NAV.find((one) => one.keys === `g ${key}`)
      if (place && tenant) void navigate({ to: `/t/${tenant}${place.path}` })
    },
  })
  return (
    <TenantContext value={tenant}>
      <a className="skip" href="#main">
        To the content
      </a>
      <div className="shell">
        <header className="top">
          <button type="button" className="menu-button" aria-expanded={menu} aria-controls="nav" onClick={() => setMenu(!menu)}>
            Menu
          </button>
          <Link to="/" className="brand">
            <img src="/favicon.svg" alt="" width="22" height="22" />
            Concentric
          </Link>
          <TenantSwitch tenant={tenant} />
          <span className="spring" />
          <button type="button" className="find" onClick={() => setOpen('palette')}>
            <Icon name="search" />
            <span>Find or do</span>
            <kbd>Ctrl K</kbd>
          </button>
          <button type="button" className="hold" onClick={() => setOpen('pause')}>
            <Icon name="pause" />
            Pause…
          </button>
          <button type="button" className="plain help-button" aria-label="Keyboard and help" onClick={() => setOpen('help')}>
            <Icon name="question" />
          </button>
        </header>
        <nav id="nav" aria-label="Pages" className={menu ? 'open' : undefined}>
          {tenant ? (
            (['work', 'plan', 'settings'] as const).map((group) => (
              <ul key={group}>
                {NAV.filter((one) => one.group === group).map((one) => (
                  <li key={one.path}>
                    <Link to={`/t/${tenant}${one.path}` as '/'} activeOptions={{ exact: one.path === '', includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>
                      {one.name}
                    </Link>
                  </li>
                ))}
              </ul>
            ))
          ) : (
            <ul>
              <li>
                <Link to="/" aria-current="page">
                  Tenants
                </Link>
              </li>
            </ul>
          )}
          <Foot />
        </nav>
        <main id="main" ref={main} tabIndex={-1}>
          <Disconnected />
          <Outlet />
        </main>
      </div>
      {open === 'palette' ? <Palette onClose={() => setOpen('none')} onPause={() => setOpen('pause')} onHelp={() => setOpen('help')} /> : null}
      {open === 'pause' ? <PauseDialog rolloutId={rolloutId} onClose={() => setOpen('none')} /> : null}
      {open === 'help' ? <HelpDialog onClose={() => setOpen('none')} /> : null}
    </TenantContext>
  )
}

function TenantSwitch({ tenant }: { tenant: string | undefined }) {
  const { data } = useQuery(tenants)
  const navigate = useNavigate()
  if (!data || data.length === 0) return null
  return (
    <select aria-label="Tenant" className="tenant" value={tenant ?? ''} onChange={(event) => void navigate({ to: event.target.value ? `/t/${event.target.value}` : '/' })}>
      <option value="">All tenants</option>
      {data.map((one) => (
        <option key={one.id} value={one.id}>
          {one.name}
        </option>
      ))}
    </select>
  )
}

function Foot() {
  const theme = useTheme()
  const client = useQueryClient()
  const { data } = useQuery(session)
  const leave = async (): Promise<void> => {
    await request('POST', '/auth/logout').catch(() => undefined)
    client.clear()
    window.location.assign('/')
  }
  return (
    <div className="foot">
      <label>
        <span>Theme</span>
        <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
          <option value="system">System</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      {data?.signed_in ? (
        <p>
          <span className="faint">Signed in as</span> {data.name}
          <button type="button" className="link" onClick={() => void leave()}>
            Sign out
          </button>
        </p>
      ) : null}
    </div>
  )
}

function Disconnected() {
  const { connected, heardAt } = useConnection()
  useTick(1_000)
  if (connected) return null
  return (
    <div className="banner bad" role="alert">
      <Icon name="warning" />
      <p>
        <strong>Not connected.</strong> Last heard of the service {relative(heardAt, Date.now())}; what is shown may be old. Trying again. Pausing is still worth trying: it needs one request.
      </p>
    </div>
  )
}
