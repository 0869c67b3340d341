/* Keyboard shortcuts. Single keys never fire while somebody types, and can be switched off (WCAG 2.1.4). */
import { useEffect, useRef } from 'react'
import { singleKeys } from './settings'

export interface Keys {
  palette: () => void
  pause: () => void
  help: () => void
  /** The second key after `g`. */
  go: (key: string) => void
}

const types = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Moves the focus among rows marked `data-row`, and reports whether it could. */
function step(by: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  if (rows.length === 0) return false
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))]
  const link = next?.matches('a') ? next : next?.querySelector<HTMLElement>('a')
  link?.focus()
  return true
}

export function useKeys(keys: Keys): void {
  const held = useRef(keys)
  useEffect(() => {
    held.current = keys
  })
  useEffect(() => {
    // When `g` was pressed; long ago at first, as times count from the load of the page.
    let g = -Infinity
    const press = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        held.current.palette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (!singleKeys() || types(event.target) || document.querySelector('dialog[open]')) return
      const after = event.timeStamp - g < 1500
      g = -Infinity
      if (after) {
        held.current.go(event.key)
        return
      }
      switch (event.key) {
        case 'g':
          g = event.timeStamp
          return
        case 'p':
          held.current.pause()
          break
        case '?':
          held.current.help()
          break
        case '/':
          document.querySelector<HTMLElement>('[data-filter]')?.focus()
          break
        case '.':
          document.querySelector<HTMLElement>('[data-actions] button')?.focus()
          break
        case 'j':
          if (!step(1)) return
          break
        case 'k':
          if (!step(-1)) return
          break
        default:
          return
      }
      event.preventDefault()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}
