import { useNavigate } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useId, useState, type KeyboardEvent } from 'react'
import { devicePage, rollouts } from '../api/queries'
import { useTenantId } from '../lib/session'
import { phaseLook } from '../lib/states'
import { setTheme } from '../lib/settings'
import { Dialog } from './dialog'
import { NAV } from './nav'

interface Command {
  name: string
  hint: string
  run: () => void
}

/** Ctrl-K: go, act, find a rollout or a device. */
export function Palette({ onClose, onPause, onHelp }: { onClose: () => void; onPause: () => void; onHelp: () => void }) {
  const tenant = useTenantId()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const listId = useId()
  const known = useQuery({ ...rollouts(tenant), enabled: tenant !== '' })
  const wanted = text.trim()
  const found = useQuery({ ...devicePage(tenant, { name_prefix: wanted }, 5), enabled: tenant !== '' && wanted.length >= 3 })
  const go = (to: string) => () => void navigate({ to })
  const all: Command[] = [
    { name: 'Pause…', hint: 'p', run: onPause },
    ...NAV.map((one) => ({ name: `Go to ${one.name}`, hint: one.keys ?? '', run: go(tenant ? `/t/${tenant}${one.path}` : '/') })),
    ...(tenant ? [{ name: 'File a support request…', hint: '', run: () => void navigate({ to: '/t/$tenant/support', params: { tenant }, search: { file: 'yes' } }) }] : []),
    { name: 'Light theme', hint: '', run: () => setTheme('light') },
    { name: 'Dark theme', hint: '', run: () => setTheme('dark') },
    { name: 'Theme of the system', hint: '', run: () => setTheme('system') },
    { name: 'Keyboard shortcuts', hint: '?', run: onHelp },
    ...(known.data ?? []).map((one) => ({
      name: `Rollout ${one.release_name}`,
      hint: phaseLook(one.phase).word,
      run: go(`/t/${tenant}/rollouts/${one.id}`),
    })),
    ...(wanted.length >= 3 ? (found.data?.items ?? []) : []).map((one) => ({
      name: `Device ${one.name}`,
      hint: one.model,
      run: go(`/t/${tenant}/devices/${one.id}`),
    })),
  ]
  const needle = wanted.toLowerCase()
  const shown = all.filter((one) => one.name.toLowerCase().includes(needle)).slice(0, 12)
  const chosen = Math.min(at, shown.length - 1)
  const run = (one: Command | undefined): void => {
    if (!one) return
    onClose()
    one.run()
  }
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, shown.length - 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0))
    else if (event.key === 'Enter') run(shown[chosen])
    else return
    event.preventDefault()
  }
  return (
    <Dialog title="Go to, or do" onClose={onClose}>
      <input
        data-focus
        className="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={chosen >= 0 ? `${listId}-${chosen}` : undefined}
        aria-label="Search pages, actions, rollouts and devices"
        placeholder="Page, action, rollout, device…"
        value={text}
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
        }}
        onKeyDown={key}
      />
      <ul className="palette" role="listbox" id={listId} aria-label="Found">
        {shown.map((one, place) => (
          <li key={one.name + one.hint + place} id={`${listId}-${place}`} role="option" aria-selected={place === chosen} onClick={() => run(one)}>
            <span>{one.name}</span>
            <span className="faint">{one.hint}</span>
          </li>
        ))}
      </ul>
      {shown.length === 0 ? <p className="faint">Nothing is called so.</p> : null}
    </Dialog>
  )
}
