/* What this browser remembers: theme and single-key shortcuts. */
import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const listeners = new Set<() => void>()

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    /* Private windows may forbid it; the setting then lasts as long as the page. */
  }
  memory.set(key, value)
  for (const tell of listeners) tell()
}

const memory = new Map<string, string>()
const value = (key: string): string | null => memory.get(key) ?? read(key)

function subscribe(tell: () => void): () => void {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

export function theme(): Theme {
  const said = value('theme')
  return said === 'light' || said === 'dark' ? said : 'system'
}

export function applyTheme(): void {
  const chosen = theme()
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
}

export function setTheme(chosen: Theme): void {
  write('theme', chosen)
  applyTheme()
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, theme)
export const singleKeys = (): boolean => value('single-keys') !== 'off'
export const setSingleKeys = (on: boolean): void => write('single-keys', on ? 'on' : 'off')
export const useSingleKeys = (): boolean => useSyncExternalStore(subscribe, singleKeys)
