export interface Place {
  name: string
  /** Behind `/t/{tenant}`. */
  path: string
  keys?: string
  group: 'work' | 'plan' | 'settings'
}

/** The pages, as the navigation, the palette and the shortcuts list them. */
export const NAV: readonly Place[] = [
  { name: 'Overview', path: '', keys: 'g o', group: 'work' },
  { name: 'Rollouts', path: '/rollouts', keys: 'g r', group: 'work' },
  { name: 'Devices', path: '/devices', keys: 'g d', group: 'work' },
  { name: 'Approvals', path: '/approvals', keys: 'g a', group: 'work' },
  { name: 'Alerts', path: '/alerts', keys: 'g l', group: 'work' },
  { name: 'Service health', path: '/health', keys: 'g h', group: 'work' },
  { name: 'Reports', path: '/reports', keys: 'g i', group: 'work' },
  { name: 'Support', path: '/support', keys: 'g q', group: 'work' },
  { name: 'Updates', path: '/updates', keys: 'g u', group: 'plan' },
  { name: 'Releases', path: '/releases', keys: 'g e', group: 'plan' },
  { name: 'Ring sets', path: '/ring-sets', keys: 'g s', group: 'plan' },
  { name: 'Calendar', path: '/calendar', keys: 'g c', group: 'plan' },
  { name: 'Policies and signals', path: '/policies', keys: 'g p', group: 'plan' },
  { name: 'Notifications', path: '/notifications', keys: 'g m', group: 'settings' },
  { name: 'Readiness', path: '/readiness', keys: 'g y', group: 'settings' },
  { name: 'Audit', path: '/audit', keys: 'g t', group: 'settings' },
  { name: 'Access', path: '/access', keys: 'g x', group: 'settings' },
  { name: 'Connection', path: '/connection', keys: 'g n', group: 'settings' },
]
