import type { Icon as Name } from '../lib/states'

const PATHS: Record<Name, string> = {
  check: 'M3.5 8.5l3 3 6-7',
  clock: 'M8 4.5V8l2.5 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  warning: 'M8 6v3.2M8 11.4v.1M8 2.2 14.4 13.4H1.6Z',
  cross: 'M4 4l8 8M12 4l-8 8',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.6 8Z',
  undo: 'M6 3 2.8 6.2 6 9.4M3 6.2h6.2a3.8 3.8 0 0 1 0 7.6H6',
  dash: 'M4 8h8',
  question: 'M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.3-1 .8-1 1.5M8 12v.1',
  arrow: 'M3 8h9.5M9 4.5 12.5 8 9 11.5',
  lock: 'M4.5 7.5h7v6h-7ZM5.8 7.5V5.2a2.2 2.2 0 0 1 4.4 0v2.3',
  search: 'M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM10 10l3.5 3.5',
  snow: 'M8 2v12M2.8 5l10.4 6M13.2 5 2.8 11',
}

/** Always beside a word, so it says nothing by itself. */
export function Icon({ name }: { name: Name }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  )
}
